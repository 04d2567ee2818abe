import type * as pulumi from "@pulumi/pulumi";
import { z } from "zod";
import type { Connection } from "../core/connection.ts";
import { refuseDuplicates } from "../core/environment.ts";
import { refuseImageAndBuild } from "../core/image.ts";
import { probe } from "../core/probe.ts";
import { hostPort, parseArgs } from "../core/support/args.ts";
import { limits } from "../core/support/common.ts";
import { refuseNoProgram } from "../core/support/program.ts";
import { Container } from "./container.ts";
import { containerArgs } from "./container-args.ts";
import { refuseReplicas, replicas } from "./replicas.ts";

const Settings = z.strictObject({
  /** TCP port on the host's 127.0.0.1. @default - not published */
  hostPort: hostPort().optional(),
  /** Whether `develop` applies, in dev on an engine of this machine: whether a changed source file is live at once. @default true */
  hotReload: z.boolean("true or false").default(true),
  ...replicas(),
  ...limits({ memoryMiB: 256, readyTimeoutSeconds: 60, stopGraceSeconds: 15 }),
});

const Args = Settings.safeExtend({
  ...containerArgs,
  /** TCP port that it listens on, which it gets as PORT. @default 3000 */
  port: hostPort().default(3000),
  /** What proves that it serves: a program inside its image, or a path that answers by HTTP (`{ http: "/health" }`). */
  probe: probe(),
  /** Whether an init process runs before it, which passes signals on to it and reaps zombies. @default true */
  init: z.boolean("true or false").default(true),
}).superRefine((args, context) => {
  refuseImageAndBuild(args, context);
  refuseNoProgram(args, context);
  refuseReplicas({ ...args, ports: { http: args } }, context);
  refuseDuplicates(args.uses, { ...args, own: { port: "PORT" } }, context);
});
export type ApiArgs = z.input<typeof Args>;

/**
 * An application of your own that serves HTTP: a `Container`. It starts once everything that it refers to is ready or done, reaches
 * nothing else, and gets variables for each reference: `DATABASE_HOST`, `DATABASE_PORT`, and its URL with credentials as a file.
 *
 * @throws ArgsError naming every bad argument, before anything is registered. `up` fails, with its last log lines, if its
 * probe does not pass within `readyTimeoutSeconds`.
 * @example
 * new Api("api", { platform, build: { context: "examples/api" }, uses: { database }, probe: ["node", "src/probe.ts"] });
 */
export class Api extends Container {
  /** The options that configuration can set: those that are plain data. */
  static readonly settings = Settings;
  /** `url`: `http://host:port`. */
  declare readonly connection: Connection;

  constructor(name: string, args: ApiArgs, opts?: pulumi.ComponentResourceOptions) {
    const { port, hostPort } = parseArgs(Args, "Api", name, args);
    const { port: _, hostPort: __, ...container } = args;
    super(
      name,
      {
        init: true,
        ...container,
        env: { PORT: String(port), ...args.env },
        ports: { http: { port, hostPort } },
        connection: { scheme: "http" },
      },
      opts,
      "Api",
    );
  }
}
