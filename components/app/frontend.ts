import { createHash } from "node:crypto";
import * as pulumi from "@pulumi/pulumi";
import { z } from "zod";
import type { Connection } from "../core/connection.ts";
import { type Dependency, uses } from "../core/dependency.ts";
import { Develop } from "../core/develop.ts";
import { env, refuseDuplicates } from "../core/environment.ts";
import { Build, imageOn } from "../core/image.ts";
import { Job, type JobArgs } from "../core/job.ts";
import { containerPath, hostPort, parseArgs, sentence } from "../core/support/args.ts";
import { limits, platform, user } from "../core/support/common.ts";
import { commandWords } from "../core/support/program.ts";
import { remadeVolume } from "../core/volume.ts";
import { Container } from "./container.ts";
import type { Files, Upstream } from "./proxy/target.ts";

const Settings = z.strictObject({
  /** TCP port on the host's 127.0.0.1 for the development server. @default - not published */
  hostPort: hostPort().optional(),
  /** Whether a changed source file is live at once, in dev on an engine of this machine. @default true */
  hotReload: z.boolean("true or false").default(true),
  ...limits({ memoryMiB: 512, readyTimeoutSeconds: 60, stopGraceSeconds: 10 }),
});

const Args = Settings.safeExtend({
  /** What the stack is built on. */
  platform: platform(),
  /** How its image is built: to the stage `dev` or `prod` of its Dockerfile, by the environment. */
  build: Build,
  /** In dev, folders of this machine that are mounted over the image's own: path in the container by folder. */
  sources: Develop.shape.mounts,
  /** In dev, what the development server refers to, each by the name that its variables begin with. @default {} */
  uses: uses(),
  /** In dev, environment of the development server, without secrets. @default {} */
  env: env(),
  /** In dev, the TCP port that the development server listens on. @default 5173 */
  port: hostPort().default(5173),
  /** In dev, the development server. @default - Vite, on all addresses, at `port` */
  command: commandWords().min(1, "at least a program").optional(),
  /** In dev, the folder of its dependencies, which the development server can write to. @default "/app/node_modules" */
  dependencies: containerPath().default("/app/node_modules"),
  /** In prod, the folder of the built files in its image. @default "/dist" */
  built: containerPath().default("/dist"),
  /** `uid:gid` that it runs as. @default "1000:1000" */
  user: user().default("1000:1000"),
}).superRefine((args, context) => {
  refuseDuplicates(args.uses, args, context);
  if (args.build.target === undefined) return;
  const message = sentence("The environment decides it, `dev` or `prod`: leave it out.");
  context.addIssue({ code: "custom", path: ["build", "target"], message });
});
export type FrontendArgs = z.input<typeof Args>;

/**
 * A front end that is built to files. In dev it is a development server, Vite unless `command` says otherwise, for which a changed
 * source file is live at once; its dependencies are those of its image, so that another `package-lock.json` gives others at the
 * next `up`. In prod it is no server but files, in a volume with a folder for each version: for a web server of the same stack.
 *
 * Its Dockerfile has a stage `dev` with the sources and their dependencies, and a stage `prod` with the built files and a shell.
 *
 * @throws ArgsError naming every bad argument, before anything is registered. `up` fails, with the last log lines, if the server
 * does not answer within `readyTimeoutSeconds`, or the files cannot be copied.
 * @example
 * const frontend = new Frontend("frontend", {
 *   platform,
 *   build: { context: "web" },
 *   sources: { "web/src": "/app/src" },
 *   hostPort: 3420,
 * });
 */
export class Frontend extends pulumi.ComponentResource implements Dependency {
  /** The options that configuration can set: those that are plain data. */
  static readonly settings = Settings;
  /** Exists only once the development server answers, or the files are in their folder. */
  readonly ready: pulumi.Resource;
  /** In dev, where the development server is: `url` is `http://host:port`. */
  readonly connection?: Connection;
  readonly network?: Dependency["network"];
  readonly container?: Dependency["container"];
  /** Where a proxy finds the development server. @internal */
  readonly upstream?: Upstream;
  /** In prod, its files, for a proxy to serve. */
  readonly files?: Files;

  constructor(name: string, args: FrontendArgs, opts?: pulumi.ComponentResourceOptions) {
    const parsed = parseArgs(Args, "Frontend", name, args);
    super("stackyard:app:Frontend", name, {}, opts);
    const { platform } = parsed;
    if (platform.environment === "dev") {
      const server = developmentServer(name, parsed, this);
      this.ready = server.ready;
      if (server.connection) this.connection = server.connection;
      this.network = server.network;
      this.container = server.container;
      this.upstream = server.upstream;
    } else {
      const { build, built, user } = parsed;
      const subject = `Frontend "${name}"`;
      const own = { name: `${name}-image`, subject, build: { ...build, target: "prod" }, parent: this };
      const image = () => imageOn(platform, own);
      const volume = remadeVolume(`${name}-files`, name, this, platform);
      const version = platform.runs(name) ? image().key.apply(versionOf) : pulumi.output("");
      const job = (jobName: string, script: string, uses: JobArgs["uses"] = {}) =>
        new Job(jobName, this, {
          platform,
          subject,
          image,
          entrypoint: ["sh", "-euc"],
          command: [script, "sh", built],
          env: { VERSION: version },
          volumes: [{ label: "files", shared: volume, path: FILES, readOnly: false, owner: user }],
          uses,
          user,
          timeoutSeconds: 300,
          memoryMiB: 64,
        }).done;
      const gate = job(name, COPY);
      this.files = {
        ...{ name, volume, version, gate },
        retireOthers: (served) => job(`${name}-retire`, RETIRE, { served: { gate: served } }),
      };
      this.ready = gate;
    }
    this.registerOutputs({});
  }

  get gate(): pulumi.Resource {
    return this.ready;
  }
}

function developmentServer(name: string, args: z.output<typeof Args>, parent: Frontend): Container {
  const { build, sources, port, hostPort, dependencies, built: _, ...rest } = args;
  const vite = ["node_modules/.bin/vite", "--host", "--port", String(port), "--strictPort"];
  const { command = vite, env, ...container } = rest;
  return new Container(
    name,
    {
      ...container,
      build: { ...build, target: "dev" },
      command,
      develop: { mounts: sources, command },
      // It answers to its name on its networks too, and not only to addresses and localhost.
      env: { __VITE_ADDITIONAL_SERVER_ALLOWED_HOSTS: name, ...env },
      ports: { http: { port, hostPort } },
      connection: { scheme: "http" },
      // A new volume has what the image has there. So it never has the dependencies of an image before.
      volumes: { dependencies: { path: dependencies, lifecycle: "ephemeral" } },
      probe: { http: "/" },
      init: true,
    },
    { parent },
    "Frontend",
  );
}

/** A folder's name that says which image its files are from. */
const versionOf = (image: string) => createHash("sha256").update(image).digest("hex").slice(0, 12);

/** Where the volume is in the jobs. */
const FILES = "/files";

/**
 * Copies the folder that is its argument. A folder with the name of a version is complete: one that is not has another name until
 * it is, and on disk, which a loss of power leaves behind and the next run removes.
 */
const COPY = `
cd ${FILES}
rm -rf .copying
[ -d "$VERSION" ] && exit 0
cp -R "$1" .copying
chmod -R a+rX .copying
find .copying -exec sync {} +
mv .copying "$VERSION"
`.trim();

/** The list of what is served has two lines: this version, and the one before. It stays the same if this runs again. */
const RETIRE = `
cd ${FILES}
touch .served
{ echo "$VERSION"; grep -vxF "$VERSION" .served | head -n 1; } >.served.new
mv .served.new .served
for each in *; do grep -qxF "$each" .served || rm -rf "$each"; done
`.trim();
