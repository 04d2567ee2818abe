import * as pulumi from "@pulumi/pulumi";
import { fromItself, inUrl } from "../engines/ports.ts";
import { madeOf, SECRET } from "./support/origin.ts";

/**
 * How to reach a service and sign in to it. Outputs of a connection are references: in the `env` or `secrets` of another
 * component, they give it start order and network path, as `uses` does.
 */
export interface Connection {
  /** Its host name on the networks of those who refer to it. It stays the same when the container is replaced. */
  host: pulumi.Output<string>;
  /** The port that it is reached at there. */
  port: number;
  /** Further ports, by name: `{ grpc: 6334 }`. */
  ports?: Record<string, number>;
  /** User that the password belongs to. */
  user?: string;
  /** Secret. */
  password?: pulumi.Output<string>;
  /** Secret, and not in the URL: for services that expect it in a header of every request. */
  apiKey?: pulumi.Output<string>;
  /** What clients sign in with, by the names that they use: `{ access_key, secret_key }`. Outputs are secret. */
  keys?: Record<string, string | pulumi.Output<string>>;
  /** Database: the path of the URL. */
  database?: string;
  /** With credentials, percent-encoded. Secret. */
  url: pulumi.Output<string>;
  /** The same from the host, where it is published. */
  fromHost?: { host: string; port: number; url: pulumi.Output<string> };
}

/** A connection of a kind that always has some of what others lack. */
export type ConnectionWith<Part extends keyof Connection> = Connection & Required<Pick<Connection, Part>>;

/** Facts of which a connection is made. */
export interface ConnectionFacts {
  /** Scheme of its URL: `postgresql`. */
  scheme: string;
  /** Host name on its network, or address. */
  host: string;
  /** The port that it is reached at there. */
  port: number;
  /** Further ports, by name. */
  ports?: Record<string, number>;
  /** Port on the host, when published. */
  hostPort?: number | undefined;
  /** Address of the host that it is published on. @default "127.0.0.1" */
  hostAddress?: string;
  /** User that is signed in as. */
  user?: string;
  /** Password of that user. Secret. */
  password?: pulumi.Output<string>;
  /** Secret, and not in the URL: for services that expect it in a header of every request. */
  apiKey?: pulumi.Output<string>;
  /** What clients sign in with, by the names that they use. Outputs are secret. */
  keys?: Record<string, string | pulumi.Output<string>>;
  /** Database: the path of the URL. */
  database?: string;
  /** Parameters of the URL. */
  query?: Record<string, string>;
}

const facts = new WeakMap<Connection, ConnectionFacts & { url: pulumi.Output<string> }>();

/** The same values, which are no references: for a component that refers to the service by `uses` already. */
export function factsOf(connection: Connection): ConnectionFacts & { url: pulumi.Output<string> } {
  const found = facts.get(connection);
  if (!found)
    throw new pulumi.RunError(
      "A connection should be that of a database, an Api, a Container or an external(), got one made by hand",
    );
  return found;
}

/**
 * A connection in both its forms, from inside the network and from the host.
 *
 * @param of by which it is known whose it is, in whatever is made of it: what stays when the container is replaced, which
 * must not replace those that refer to it. Its network, for one.
 */
export function connection(known: ConnectionFacts, of: readonly Pick<pulumi.Resource, "urn">[] = []): Connection {
  const {
    scheme,
    host,
    port,
    ports,
    hostPort,
    hostAddress = "127.0.0.1",
    user,
    password,
    apiKey,
    keys,
    database,
    query = {},
  } = known;
  const credentials = pulumi
    .output(password)
    .apply((secret) =>
      secret === undefined ? "" : `${encodeURIComponent(user ?? "")}:${encodeURIComponent(secret)}@`,
    );
  const path = database === undefined ? "" : `/${encodeURIComponent(database)}`;
  const after = Object.keys(query).length === 0 ? "" : `${path === "" ? "/" : ""}?${new URLSearchParams(query)}`;
  const url = (at: string) => pulumi.secret(pulumi.interpolate`${scheme}://${credentials}${at}${path}${after}`);
  const referring = <T>(value: pulumi.Input<T>): pulumi.Output<T> =>
    pulumi.all([value, ...of.map(({ urn }) => urn)]).apply(([each]) => each as T) as pulumi.Output<T>;
  /** The same for what is secret: it is known before the resources are made, on which it depends. */
  const secret = <T>(value: pulumi.Input<T>): pulumi.Output<T> =>
    pulumi.all([value, madeOf("", SECRET)]).apply(([each]) => each as T) as pulumi.Output<T>;
  const inside = url(`${inUrl(host)}:${port}`);
  const fromHost = fromItself(hostAddress);
  const made: Connection = {
    host: referring(host),
    port,
    ...(ports === undefined ? {} : { ports }),
    ...(user === undefined ? {} : { user }),
    ...(password === undefined ? {} : { password: referring(secret(password)) }),
    ...(apiKey === undefined ? {} : { apiKey: referring(secret(apiKey)) }),
    ...(keys === undefined
      ? {}
      : {
          keys: Object.fromEntries(
            Object.entries(keys).map(([name, key]) => [name, typeof key === "string" ? key : referring(secret(key))]),
          ),
        }),
    ...(database === undefined ? {} : { database }),
    url: referring(secret(inside)),
    ...(hostPort === undefined
      ? {}
      : { fromHost: { host: fromHost, port: hostPort, url: secret(url(`${inUrl(fromHost)}:${hostPort}`)) } }),
  };
  facts.set(made, { ...known, url: inside });
  return made;
}
