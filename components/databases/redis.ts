import { readFileSync } from "node:fs";
import * as pulumi from "@pulumi/pulumi";
import { z } from "zod";
import type { ConnectionWith } from "../core/connection.ts";
import { Database, databaseArgs, databaseSettings, fixedUser } from "../core/database.ts";
import { refuseTwoImages } from "../core/image.ts";
import { decidedBy, serverSettings, settingValue, variablesOf } from "../core/server-settings.ts";
import { mebibytes, parseArgs, secretValue } from "../core/support/args.ts";
import { user } from "../core/support/common.ts";

const IMAGE = { registry: "redis:8", packages: "redis" };
const MAJOR = "8";
const PORT = 6379;
const DATA_PATH = "/data";
/** The image's own user redis. */
const USER = "999:999";
/** Starts the server by its image's entry point, with its data in the form that it will read. */
const START = readFileSync(new URL("redis-start.sh", import.meta.url), "utf8");

/** Directives that options decide, with the option or the reason. */
const OWN_SETTINGS = {
  maxmemory: "maxMemoryMiB",
  "maxmemory-policy": "maxMemoryPolicy",
  appendonly: "appendOnly",
  requirepass: "password",
  ...decidedBy("Its one user is `default`, with `password`: leave it out.", "user", "aclfile"),
  ...decidedBy(
    `Its port is always ${PORT}, which \`connection\` names: set \`hostPort\` to publish it on another one.`,
    "port",
    "tls-port",
  ),
  ...decidedBy(
    "It listens on its networks, which its users are on, and asks for `password`: leave it out.",
    "bind",
    "protected-mode",
  ),
  ...decidedBy(
    "Its files have fixed places in its volume: leave it out.",
    "dir",
    "dbfilename",
    "appenddirname",
    "appendfilename",
  ),
  ...decidedBy(
    "It runs as one server in the foreground, and is reached over its networks: leave it out.",
    "unixsocket",
    "daemonize",
    "sentinel",
  ),
  include: "Directives of another file cannot be checked: name them in `settings`.",
};
/** Variables that look like these. The server ignores its environment, so nobody would notice that they do nothing. */
const OWN_VARIABLES = {
  REDIS_PASSWORD: "password",
  ...variablesOf(OWN_SETTINGS, (directive) => `REDIS_${directive.replaceAll("-", "_")}`),
};

const Settings = z
  .strictObject({
    ...databaseSettings({ memoryMiB: 128, readyTimeoutSeconds: 60, stopGraceSeconds: 30 }),
    /** Most memory for data, in MiB: three quarters of `memoryMiB` at most. @default - half of `memoryMiB` */
    maxMemoryMiB: mebibytes(1).optional(),
    /** What is removed when that is full. @default "noeviction" */
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
    /**
     * Writes every change to a log on disk, so that a crash loses a second of writes at most. Without it, what was written since
     * the last save (an hour at most, five minutes where there was much) is lost in a crash. May be changed: the data stays.
     * @default true
     */
    appendOnly: z.boolean("true or false").default(true),
    /**
     * `uid:gid` of the server, fixed once there is data: for an image whose user has another number, as `999:1000` in the Alpine
     * variants. @default "999:999"
     */
    user: user().default(USER),
    /**
     * The server's own directives, by their own names: `notify-keyspace-events: "Ex"`. What another option decides is refused.
     * A change replaces the container. @default {}
     */
    settings: serverSettings({
      name: [/^[a-z][a-z0-9-]*$/, "a directive's name (a-z, 0-9 and -)"],
      // The server would take a value that begins with -- for another directive.
      value: settingValue(
        /^(?!--)\P{Cc}*$/u,
        "a text without control characters that does not begin with --, or a number",
      ),
      own: OWN_SETTINGS,
    }),
  })
  .superRefine(({ maxMemoryMiB = 0, memoryMiB }, { addIssue }) => {
    const most = Math.floor((memoryMiB * 3) / 4);
    if (maxMemoryMiB <= most) return;
    const message = `three quarters of memoryMiB (${most} MiB) at most: the rest is for clients, and for what changes while it saves`;
    addIssue({ code: "custom", path: ["maxMemoryMiB"], message });
  });
const Args = Settings.safeExtend({
  ...databaseArgs,
  /** Password of the default user. @default - a random one, made once */
  password: secretValue().optional(),
}).superRefine(refuseTwoImages);
export type RedisArgs = z.input<typeof Args>;

/**
 * One Redis server: a service and a volume that outlives it.
 *
 * @throws ArgsError naming every bad argument, before anything is registered. `up` fails, with the server's last log lines,
 * if no probe passes within `readyTimeoutSeconds`.
 * @example
 * const cache = new Redis("redis", { platform, maxMemoryPolicy: "allkeys-lru" });
 */
export class Redis extends Database {
  /** The options that are plain data, for the settings of a program. */
  static readonly settings = Settings;
  /** `url` is secret: `redis://default:password@host:port`. */
  declare readonly connection: ConnectionWith<"user" | "password">;

  constructor(name: string, args: RedisArgs, opts?: pulumi.ComponentResourceOptions) {
    const parsed = parseArgs(Args, "Redis", name, args);
    const { password, maxMemoryMiB, maxMemoryPolicy, appendOnly, user, settings, ...rest } = parsed;
    super("Redis", name, rest, opts, {
      image: IMAGE,
      ownVariables: OWN_VARIABLES,
      port: PORT,
      // The password is in a file, because the process list shows arguments.
      command: [
        "sh",
        "/run/secrets/start.sh",
        appendOnly ? "aof" : "rdb",
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
        // The provider takes no empty text; the server reads a directive and its value also from one argument, as a line.
        ...Object.entries(settings).flatMap(([directive, value]) =>
          value === "" ? [`--${directive} ""`] : [`--${directive}`, value],
        ),
      ],
      user,
      data: { path: DATA_PATH, major: MAJOR, firstStart: fixedUser(user, USER) },
      probe: {
        // redis-cli takes a password from its environment only; grep because it exits 0 after an error answer.
        test: ["CMD-SHELL", `REDISCLI_AUTH="$(cat /run/secrets/password)" redis-cli -h ${name} ping | grep -x PONG`],
        timeoutSeconds: 3,
      },
      credential: {
        name: "password",
        given: password,
        read: "at every start",
        files: (secret) => ({ "start.sh": START, "redis.conf": configuration(secret), password: secret }),
      },
      connection: { scheme: "redis", user: "default" },
    });
  }
}

/** A line of redis.conf; quotes and backslashes are escaped as in C. */
const configuration = (secret: pulumi.Output<string>) =>
  pulumi.interpolate`requirepass "${secret.apply((text) => text.replace(/["\\]/g, "\\$&"))}"\n`;
