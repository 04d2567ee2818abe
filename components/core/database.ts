import * as pulumi from "@pulumi/pulumi";
import type { z } from "zod";
import type { Handle } from "../engines/engine.ts";
import { type Connection, type ConnectionFacts, connection } from "./connection.ts";
import type { Dependency } from "./dependency.ts";
import { env, withoutSecrets } from "./environment.ts";
import { configFiles, readConfigFiles } from "./files.ts";
import { Build, type ImageFacts, imageArg, imageOn, type OwnImage, ownImage } from "./image.ts";
import { imageOfKind } from "./image-kind.ts";
import type { Platform } from "./platform.ts";
import { hidden, markOf, password, SECRETS_FOLDER } from "./secret.ts";
import { type Own, ruledOut } from "./server-settings.ts";
import { Service, type ServiceArgs } from "./service.ts";
import { ArgsError, count, hostPort, mebibytes, parseArgs } from "./support/args.ts";
import { lifecycle, limits, platform } from "./support/common.ts";
import { fileTargets, PROBE_TARGET, refuseClashes, secretTargets } from "./targets.ts";

/** What can be set for every database. Each has its own defaults. */
export const databaseSettings = (defaults: Parameters<typeof limits>[0]) => ({
  /** TCP port on the host's 127.0.0.1 for the port in its connection. @default - not published */
  hostPort: hostPort().optional(),
  /** How long its data is kept. @default - `keep` in dev, `protected` in prod */
  lifecycle: lifecycle(),
  /** The most processes and threads. @default - as many as it may need */
  pids: count(16, 4_194_304).optional(),
  /** Size of its /dev/shm, in MiB. @default - as much as it may need */
  shmSizeMiB: mebibytes(1).optional(),
  ...limits(defaults),
});

/** Arguments of every database beside its settings. */
export const databaseArgs = {
  /** What the stack is built on. */
  platform: platform(),
  /**
   * An image that behaves like its own: a derivative with extensions, or a newer minor version. One that is of another server, as far
   * as its configuration shows, is refused.
   * @default - the one that it is tested with
   */
  image: imageArg().optional(),
  /** How to build such an image. @default - it is not built */
  build: Build.optional(),
  /** Further environment, without secrets. What an option decides is refused here, as in `settings`. @default {} */
  env: env(),
  /** Files of this machine, by absolute path in the container, where they are read-only. @default {} */
  files: configFiles(),
};

type DatabaseArgs = z.output<z.ZodObject<ReturnType<typeof databaseSettings> & typeof databaseArgs>>;

/** Facts of one kind of database. Everything else is the same for all of them, and decided here and in `Service`. */
export interface DatabaseFacts
  extends Pick<
    ServiceArgs,
    "command" | "env" | "user" | "hosts" | "tmpfs" | "pids" | "probe" | "egress" | "gpus" | "folders"
  > {
  /** The image that it is tested with. */
  image: ImageFacts;
  /** Variables that all its images have, because it cannot start without them. @default [] */
  imageVariables?: readonly string[];
  /** How its like is built where images come from package registries. @default - by `image.packages` */
  build?: z.input<typeof Build>;
  /** Variables that would undo what its options decide, or mislead its probe. @default {} */
  ownVariables?: Own;
  /** The port in its connection. */
  port: number;
  /** Further ports by name, and where they are published. */
  otherPorts?: Record<string, { hostPort: number | undefined; port: number }>;
  /** What clients sign in with. @default - nothing is asked for */
  credential?: Credential;
  /** Size of its /dev/shm, in MiB. @default - the engine's own, 64 */
  shmSizeMiB?: number;
  /** Where its data is, and what cannot change once the data exists. */
  data: { path: string; major?: string; firstStart?: Record<string, pulumi.Input<string>> };
  /** What its connection has, beside address and credential. */
  connection: Pick<ConnectionFacts, "scheme" | "user" | "database">;
  /** What clients sign in with, by the names that they use. @default - as `connection` has it */
  keys?: (secret: pulumi.Output<string>) => NonNullable<ConnectionFacts["keys"]>;
}

interface Credential {
  /** Its name in the connection. */
  name: "password" | "apiKey";
  given: pulumi.Input<string> | undefined;
  /** When the server reads it. One that is read at every start can be changed at any time. */
  read: "at every start" | "at first start";
  /** For the server and its probe, by file name in /run/secrets; the mark tells one secret from another. */
  files: (secret: pulumi.Output<string>, mark: pulumi.Output<string>) => Record<string, pulumi.Input<string>>;
}

const IN_A_FILE = () => "Leave it out, or put it into a file that you name in `files`.";

/** One database server: a service, a volume that outlives its container, and a connection. */
export abstract class Database extends pulumi.ComponentResource implements Dependency {
  readonly connection: Connection;
  /** Exists only once the server has answered a request over the network, with its real credentials. */
  readonly ready: pulumi.Resource;
  readonly network: Handle | undefined;
  readonly container: pulumi.Resource | undefined;
  readonly data: pulumi.Output<string> | undefined;
  /** For setup jobs, which need its client programs. */
  readonly image: ImageFacts | OwnImage;
  /** Its user in that image: `uid:gid`. */
  readonly user: string;

  constructor(
    kind: string,
    name: string,
    args: DatabaseArgs,
    opts: pulumi.ComponentResourceOptions | undefined,
    facts: DatabaseFacts,
  ) {
    const { hostPort, lifecycle, image: wanted, build, env, files, pids, shmSizeMiB, ...limits } = args;
    const {
      image,
      imageVariables: variables = [],
      build: ownBuild,
      ownVariables = {},
      port,
      otherPorts = {},
      credential,
      data,
      connection: known,
      keys,
      ...own
    } = facts;
    refuseSet(kind, name, env, ownVariables, own.env);
    const subject = `${kind} "${name}"`;
    refuseClashes(subject, [
      ...(own.probe.program ? [PROBE_TARGET] : []),
      ...(credential ? secretTargets([SECRETS_FOLDER], {}, { readOnly: true }) : []),
      { own: "its data", path: data.path },
      ...Object.keys(own.folders ?? {}).map((path) => ({
        own: "a folder of its own",
        path,
        readOnly: true,
        has: () => false,
      })),
      ...Object.keys(own.tmpfs ?? {}).map((path) => ({ own: "a folder in memory", path, is: "memory" as const })),
      ...fileTargets(files, true),
    ]);
    super(`stackyard:databases:${kind}`, name, {}, opts);
    const { platform } = limits;
    const lasts = lifecycle ?? platform.lifecycle;
    const kept = { parent: this, protect: lasts === "protected" };
    const signIn = credential && signInWith(name, platform, credential, kept);
    const others = Object.entries(otherPorts);
    const ports = Object.fromEntries(others.map(([each, { port }]) => [each, port]));
    this.user = own.user;
    const fromPackages = wanted === undefined && platform.imageSource === "packages" ? ownBuild : undefined;
    const made = build ?? (fromPackages && parseArgs(Build, kind, name, fromPackages));
    this.image = made
      ? ownImage(platform, { name: `${name}-image`, subject, build: made, parent: this })
      : (wanted ?? image);
    const service = new Service(name, this, {
      ...limits,
      ...own,
      subject,
      image: () =>
        wanted === undefined && build === undefined
          ? imageOn(platform, this.image)
          : imageOfKind(
              name,
              platform,
              this.image,
              { subject, name: kind, like: image, port, variables },
              { parent: this },
            ),
      env: { ...own.env, ...withoutSecrets(subject, env, platform, IN_A_FILE) },
      configFiles: readConfigFiles(subject, files, platform, { user: own.user, readOnlyRoot: true }),
      secrets: signIn?.files ?? {},
      volumes: [
        {
          ...data,
          name,
          lifecycle: lasts,
          firstStart: { ...data.firstStart, ...signIn?.firstStart },
        },
      ],
      ports: [{ hostPort, port }, ...Object.values(otherPorts)].flatMap(({ hostPort, port }) =>
        hostPort === undefined ? [] : [{ hostPort, port }],
      ),
      pids: pids ?? own.pids,
      ...(shmSizeMiB === undefined ? {} : { shmSizeMiB }),
    });
    this.ready = service.ready;
    this.network = service.network;
    this.container = service.container;
    this.data = service.data;
    this.connection = connection(
      {
        ...known,
        host: name,
        port,
        hostPort,
        ...(others.length > 0 ? { ports } : {}),
        ...signIn?.connection,
        ...(signIn && keys ? { keys: keys(signIn.secret) } : {}),
      },
      service.network ? [service.network.resource] : [],
    );
    this.registerOutputs({});
  }

  get gate(): pulumi.Resource {
    return this.ready;
  }
}

/**
 * What is remembered of a server's user. The default is not: volumes that were made before users could be chosen have no record of
 * it.
 */
export const fixedUser = (user: string, usual: string): Record<string, string> => (user === usual ? {} : { user });

/** @throws ArgsError for variables that the database sets itself, or that an option decides. */
function refuseSet(kind: string, name: string, env: object, own: Own, set: DatabaseFacts["env"] = {}): void {
  const faults = Object.keys(env).flatMap((variable) => {
    const itself = Object.hasOwn(set, variable)
      ? `${kind} sets it itself. Set the option that it follows from, or leave it out.`
      : undefined;
    const instead = ruledOut(own, variable) ?? itself;
    return instead === undefined ? [] : [`env.${variable}: ${instead}`];
  });
  if (faults.length > 0) throw new ArgsError(`${kind} "${name}" has bad arguments`, faults);
}

/** A credential, and what of it cannot change once the data exists. */
function signInWith(
  database: string,
  platform: Platform,
  { name, given, read, files }: Credential,
  opts: pulumi.CustomResourceOptions,
) {
  // Made whether another one is given or not: what is protected with the data cannot go when one is given later.
  const made = password(`${database}-${name === "apiKey" ? "api-key" : name}`, platform, opts);
  const secret = given === undefined ? made : hidden(platform, given);
  const mark = markOf(secret, made);
  const firstStart: Record<string, pulumi.Input<string>> = read === "at every start"
    ? {}
    : given === undefined
      ? { [name]: "a generated one" }
      : { [name]: "a given one", [`given ${name}`]: pulumi.interpolate`the one marked ${mark}` };
  return { secret, connection: { [name]: secret }, files: files(secret, mark), firstStart };
}
