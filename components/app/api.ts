import * as pulumi from "@pulumi/pulumi";
import { z } from "zod";
import { type Connection, connection } from "../core/connection.ts";
import { type Dependency, refuseTwice, toldOf, uses } from "../core/dependency.ts";
import { Build, builtFrom } from "../core/image.ts";
import { hidden } from "../core/secret.ts";
import { Service } from "../core/service.ts";
import { hostPort, matching, parseArgs, secretText, unshown, variable } from "../core/support/args.ts";
import { limits, platform } from "../core/support/common.ts";
import { Develop, developed } from "../core/support/develop.ts";

const Settings = z.strictObject({
  /** TCP port on the host's 127.0.0.1. @default - not published */
  hostPort: hostPort().optional(),
  /** Whether `develop` may be in force: whether a changed source file is live at once, in dev on an engine of this machine. @default true */
  hotReload: z.boolean("true or false").default(true),
  ...limits({ memoryMiB: 256, readyTimeoutSeconds: 60, stopGraceSeconds: 15 }),
});

const Args = Settings.safeExtend({
  platform: platform(),
  /** Folder to build its image from. */
  build: Build,
  /** TCP port it listens on, told to it as PORT. @default 3000 */
  port: hostPort().default(3000),
  /** Databases and jobs it needs, by the name under which it is told of them. @default {} */
  uses: uses(),
  /** Environment, nothing secret. @default {} */
  env: z.record(variable(), z.string("a text")).default({}),
  /** Secrets of other origin, API keys and private keys for two, by the variable's name. @default {} */
  secrets: z.record(variable(), secretText(), unshown("names with values")).default({}),
  /**
   * How it gets the URLs of what it uses, and its secrets: as files (`DATABASE_URL_FILE`), or in its environment
   * (`DATABASE_URL`), where `docker inspect` shows them. @default "files"
   */
  credentials: z.enum(["files", "environment"]).default("files"),
  /** What proves that it serves: a program inside its image, exit code 0 when it does. */
  probe: z.array(z.string("a text"), "a list of texts").min(1, "at least a program"),
  /**
   * How it runs while it is being developed: in dev, where the engine is on this machine. What is mounted is no part of its
   * image's content then. @default - as in its image
   */
  develop: Develop.optional(),
  /** `uid:gid`. @default "1000:1000" */
  user: matching(/^\d+:\d+$/, "uid:gid in digits").default("1000:1000"),
  /** Whether it may reach beyond the networks of what it uses. @default false */
  egress: z.boolean("true or false").default(false),
}).superRefine(({ uses, ...others }, context) => refuseTwice(uses, { ...others, own: { port: "PORT" } }, context));
export type ApiArgs = z.input<typeof Args>;

/**
 * An application built from a folder. It starts when all that it refers to is ready and done, reaches just that, and is told
 * of each reference: `DATABASE_HOST`, `DATABASE_PORT`, and its URL with credentials as a file.
 *
 * @throws ArgsError naming every bad argument, before anything is registered. `up` fails, with its last log lines, if its
 * probe does not pass within `readyTimeoutSeconds`.
 * @example
 * new Api("api", { platform, build: { context: "examples/api" }, uses: { database }, probe: ["node", "src/probe.ts"] });
 */
export class Api extends pulumi.ComponentResource implements Dependency {
  /** What can be set for one by configuration. */
  static readonly settings = Settings;
  /** `url`: `http://host:port`. */
  readonly connection: Connection;
  /** Exists only once its probe has passed. */
  readonly ready: pulumi.Resource;
  readonly network: Service["network"];
  readonly container: Service["container"];

  constructor(name: string, args: ApiArgs, opts?: pulumi.ComponentResourceOptions) {
    const {
      build,
      port,
      hostPort,
      uses: references,
      env,
      secrets,
      credentials,
      probe,
      develop,
      hotReload,
      ...rest
    } = parseArgs(Args, "Api", name, args);
    const subject = `Api "${name}"`;
    const live = develop && hotReload ? developed(name, subject, rest.platform, develop, rest.user) : undefined;
    super("stackyard:app:Api", name, {}, opts);
    const own = { parent: this };
    const told = toldOf(references, secrets);
    for (const secret of Object.values(secrets)) hidden(rest.platform, secret);
    const service = new Service(name, this, {
      ...rest,
      subject,
      ...live,
      image: () => builtFrom(name, subject, rest.platform, build, own, live?.mounts),
      env: {
        PORT: String(port),
        ...told.env,
        ...(credentials === "files" ? told.fileEnv : told.plainEnv),
        ...env,
      },
      secrets: credentials === "files" ? told.files : {},
      ports: hostPort === undefined ? [] : [{ hostPort, port }],
      uses: references,
      init: true,
      probe: { test: ["CMD", ...probe] },
    });
    this.ready = service.ready;
    this.network = service.network;
    this.container = service.container;
    this.connection = connection({ scheme: "http", host: name, port, hostPort });
    this.registerOutputs({});
  }

  get gate(): pulumi.Resource {
    return this.ready;
  }
}
