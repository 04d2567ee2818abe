import * as pulumi from "@pulumi/pulumi";
import type { z } from "zod";
import { hostPort } from "./args.ts";
import { lifecycle, limits, platform } from "./common.ts";
import { type Connection, type ConnectionFacts, connection } from "./connection.ts";
import type { Dependency } from "./dependency.ts";
import { type ImageFacts, serverImage } from "./image.ts";
import type { Platform } from "./platform.ts";
import { firstPassword, hidden, password } from "./secret.ts";
import { Service, type ServiceArgs, type VolumeLifecycle } from "./service.ts";

/** What every database takes; each sets its own defaults. */
export const databaseArgs = (defaults: Parameters<typeof limits>[0]) => ({
  platform: platform(),
  /** TCP port on the host's 127.0.0.1 for what the connection is. @default - not published */
  hostPort: hostPort().optional(),
  /** How long its data lasts. @default - `keep` in dev, `protected` in prod */
  lifecycle: lifecycle(),
  ...limits(defaults),
});
type DatabaseArgs = z.output<z.ZodObject<ReturnType<typeof databaseArgs>>>;

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
  /** For the server and its probe, by file name in /run/secrets. */
  files: (secret: pulumi.Output<string>) => Record<string, pulumi.Input<string>>;
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
    const signIn = credential && signInWith(name, platform, credential, lasts, own);
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
        ...signIn?.fixed,
        firstStart: { ...data.firstStart, ...signIn?.fixed.firstStart },
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
  lifecycle: VolumeLifecycle,
  opts: pulumi.CustomResourceOptions,
) {
  const resource = `${database}-${name === "apiKey" ? "api-key" : name}`;
  const told = (
    secret: pulumi.Output<string>,
    fixed: { firstStart?: Record<string, string>; firstSecret?: pulumi.Output<string> } = {},
  ) => ({ connection: { [name]: secret }, files: files(secret), fixed });
  if (read === "at every start" || lifecycle === "ephemeral") {
    // Read at every start, or with data that is made anew as often. One is made whether another is given or not: protected with
    // the data, it could not go when one is given later.
    const made = password(resource, platform, opts);
    return told(given === undefined ? made : hidden(platform, given));
  }
  if (given === undefined) {
    return told(password(resource, platform, opts), { firstStart: { [name]: "a generated one" } });
  }
  const secret = firstPassword(resource, database, platform, given, opts);
  return told(secret, { firstStart: { [name]: "a given one" }, firstSecret: secret });
}
