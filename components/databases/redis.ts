import * as pulumi from "@pulumi/pulumi";
import { z } from "zod";
import { hostPort, mebibytes, parseArgs, secretValue } from "../core/args.ts";
import { lifecycle, limits, platform } from "../core/common.ts";
import { type Connection, connection } from "../core/connection.ts";
import type { Dependency } from "../core/dependency.ts";
import { serverImage } from "../core/image.ts";
import { password } from "../core/secret.ts";
import { Service } from "../core/service.ts";

const IMAGE = { registry: "redis:8", packages: "redis" };
const MAJOR = "8";
const PORT = 6379;
const DATA_PATH = "/data";
/** The image's own user redis. */
const USER = "999:999";

const Args = z
  .strictObject({
    platform: platform(),
    /** Password of the default user. @default - a random one, made once */
    password: secretValue().optional(),
    /** TCP port on the host's 127.0.0.1. @default - not published */
    hostPort: hostPort().optional(),
    /** Most memory for data, in MiB; should leave room below `memoryMiB`. @default - half of `memoryMiB` */
    maxMemoryMiB: mebibytes(1).optional(),
    /** What goes when that is full. @default "noeviction" */
    maxMemoryPolicy: z
      .enum([
        "noeviction",
        "allkeys-lru",
        "allkeys-lfu",
        "allkeys-random",
        "volatile-lru",
        "volatile-lfu",
        "volatile-random",
        "volatile-ttl",
      ])
      .default("noeviction"),
    /** Writes every change to a log on disk, so that a crash loses a second of writes at most. @default true */
    appendOnly: z.boolean().default(true),
    /** How long its data lasts. @default - `keep` in dev, `protected` in prod */
    lifecycle: lifecycle(),
    ...limits({ memoryMiB: 128, readyTimeoutSeconds: 60, stopGraceSeconds: 30 }),
  })
  .refine(({ maxMemoryMiB = 0, memoryMiB }) => maxMemoryMiB < memoryMiB, {
    path: ["maxMemoryMiB"],
    error: "less than memoryMiB",
  });
export type RedisArgs = z.input<typeof Args>;

/**
 * One Redis server: a service and a volume that outlives it.
 *
 * @throws ArgsError naming every bad argument, before anything is registered. `up` fails, with the server's last log lines,
 * if no probe passes within `readyTimeoutSeconds`.
 * @example
 * const cache = new Redis("redis", { platform, maxMemoryPolicy: "allkeys-lru" });
 */
export class Redis extends pulumi.ComponentResource implements Dependency {
  /** `url` is secret: `redis://default:password@host:port`. */
  readonly connection: Connection;
  /** Exists only once the server answered PING over the network with the real password. */
  readonly ready: pulumi.Resource;
  readonly network: Service["network"];
  readonly data?: pulumi.Output<string>;

  constructor(name: string, args: RedisArgs, opts?: pulumi.ComponentResourceOptions) {
    const {
      password: given,
      hostPort,
      maxMemoryMiB,
      maxMemoryPolicy,
      appendOnly,
      lifecycle,
      ...rest
    } = parseArgs(Args, "Redis", name, args);
    super("stackyard:databases:Redis", name, {}, opts);
    const lasts = lifecycle ?? rest.platform.lifecycle;
    const secret = password(`${name}-password`, rest.platform, given, { parent: this, protect: lasts === "protected" });
    const service = new Service(name, this, {
      ...rest,
      subject: `Redis "${name}"`,
      image: serverImage(rest.platform, IMAGE),
      // The password is in the file: arguments are in the process list.
      command: [
        "redis-server",
        "/run/secrets/redis.conf",
        "--dir",
        DATA_PATH,
        "--appendonly",
        appendOnly ? "yes" : "no",
        "--maxmemory",
        `${maxMemoryMiB ?? Math.floor(rest.memoryMiB / 2)}mb`,
        "--maxmemory-policy",
        maxMemoryPolicy,
      ],
      secrets: { "redis.conf": configuration(secret), password: secret },
      user: USER,
      data: {
        path: DATA_PATH,
        lifecycle: lasts,
        major: MAJOR,
        firstStart: { password: given === undefined ? "a generated one" : "a given one" },
      },
      ports: hostPort === undefined ? [] : [{ hostPort, port: PORT }],
      probe: {
        // redis-cli takes a password from its environment only; grep because it exits 0 after an error answer.
        test: ["CMD-SHELL", `REDISCLI_AUTH="$(cat /run/secrets/password)" redis-cli -h ${name} ping | grep -x PONG`],
        timeoutSeconds: 3,
      },
    });
    this.ready = service.ready;
    this.network = service.network;
    if (service.data) this.data = service.data;
    this.connection = connection({
      scheme: "redis",
      host: name,
      port: PORT,
      hostPort,
      user: "default",
      password: secret,
    });
    this.registerOutputs({});
  }

  get gate(): pulumi.Resource {
    return this.ready;
  }
}

/** A line of redis.conf; quotes and backslashes are escaped as in C. */
const configuration = (secret: pulumi.Output<string>) =>
  pulumi.interpolate`requirepass "${secret.apply((text) => text.replace(/["\\]/g, "\\$&"))}"\n`;
