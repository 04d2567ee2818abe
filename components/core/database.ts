import * as pulumi from "@pulumi/pulumi";
import type { z } from "zod";
import { type Connection, type ConnectionFacts, connection } from "./connection.ts";
import type { Dependency } from "./dependency.ts";
import { type ImageFacts, serverImage } from "./image.ts";
import type { Platform } from "./platform.ts";
import { hidden, markOf, password } from "./secret.ts";
import { Service, type ServiceArgs } from "./service.ts";
import { hostPort } from "./support/args.ts";
import { lifecycle, limits } from "./support/common.ts";

/** What can be set for every database; each has its own defaults. */
export const databaseSettings = (defaults: Parameters<typeof limits>[0]) => ({
  /** TCP port on the host's 127.0.0.1, for the port that its connection names. @default - not published */
  hostPort: hostPort().optional(),
  /** How long its data lasts. @default - `keep` in dev, `protected` in prod */
  lifecycle: lifecycle(),
  ...limits(defaults),
});
type DatabaseArgs = z.output<z.ZodObject<ReturnType<typeof databaseSettings>>> & { platform: Platform };

/** What a database's own file says of it; the rest is decided here and in its service. */
export interface DatabaseFacts
  extends Pick<
    ServiceArgs,
    "command" | "env" | "user" | "hosts" | "tmpfs" | "pids" | "shmMiB" | "probe" | "egress" | "gpus" | "folders"
  > {
  image: ImageFacts;
  /** The one that its connection names. */
  port: number;
  /** Beside it, where they are published. */
  otherPorts?: { hostPort: number | undefined; port: number }[];
  /** What its users sign in with; nothing where it asks for nothing. */
  credential?: Credential;
  data: Omit<NonNullable<ServiceArgs["data"]>, "lifecycle">;
  connection: Pick<ConnectionFacts, "scheme" | "user" | "database">;
}

interface Credential {
  /** How a connection calls it. */
  name: "password" | "apiKey";
  given: pulumi.Input<string> | undefined;
  /** When the server reads it. What it reads at every start may be another one, or a generated one, at any time. */
  read: "at every start" | "at first start";
  /** For the server and its probe, by file name in /run/secrets; the mark tells one secret from another. */
  files: (secret: pulumi.Output<string>, mark: pulumi.Output<string>) => Record<string, pulumi.Input<string>>;
}

/** One server: a service, a volume that outlives it, and how it is reached. */
export abstract class Database extends pulumi.ComponentResource implements Dependency {
  readonly connection: Connection;
  /** Exists only once the server answered a request over the network, with the real credentials where it has any. */
  readonly ready: pulumi.Resource;
  readonly network: Service["network"];
  readonly container: Service["container"];
  readonly data?: pulumi.Output<string>;

  constructor(
    kind: string,
    name: string,
    { hostPort, lifecycle, ...rest }: DatabaseArgs,
    opts: pulumi.ComponentResourceOptions | undefined,
    { image, port, otherPorts = [], credential, data, connection: how, ...facts }: DatabaseFacts,
  ) {
    super(`stackyard:databases:${kind}`, name, {}, opts);
    const { platform } = rest;
    const lasts = lifecycle ?? platform.lifecycle;
    const own = { parent: this, protect: lasts === "protected" };
    const signIn = credential && signInWith(name, platform, credential, own);
    this.connection = connection({ ...how, host: name, port, hostPort, ...signIn?.connection });
    const service = new Service(name, this, {
      ...rest,
      ...facts,
      subject: `${kind} "${name}"`,
      image: () => serverImage(platform, image),
      secrets: signIn?.files ?? {},
      data: {
        ...data,
        lifecycle: lasts,
        firstStart: { ...data.firstStart, ...signIn?.firstStart },
      },
      ports: [{ hostPort, port }, ...otherPorts].flatMap(({ hostPort, port }) =>
        hostPort === undefined ? [] : [{ hostPort, port }],
      ),
    });
    this.ready = service.ready;
    this.network = service.network;
    this.container = service.container;
    if (service.data) this.data = service.data;
    this.registerOutputs({});
  }

  get gate(): pulumi.Resource {
    return this.ready;
  }
}

/** A credential, and what of it is fixed with the data. */
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
  return { connection: { [name]: secret }, files: files(secret, mark), firstStart };
}
