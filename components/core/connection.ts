import * as pulumi from "@pulumi/pulumi";
import { fromItself, inUrl } from "../engines/ports.ts";

/**
 * How one service is reached and signed in to. Whatever is an output here carries the reference: in somebody's `env` or `secrets`
 * it gives them order and network path, as `uses` does.
 */
export interface Connection {
  /** Its name on the networks of those who refer to it. Constant: it stays when the container is replaced. */
  host: pulumi.Output<string>;
  port: number;
  /** Further ports, by name: `{ grpc: 6334 }`. */
  ports?: Record<string, number>;
  user?: string;
  /** Secret. */
  password?: pulumi.Output<string>;
  /** Secret, and not in the URL: for services that want it in a header of every request. */
  apiKey?: pulumi.Output<string>;
  /** What clients sign in with, by their own names for it: `{ access_key, secret_key }`. Outputs are secret. */
  keys?: Record<string, string | pulumi.Output<string>>;
  /** Database, or what a URL has for a path. */
  database?: string;
  /** With credentials, percent-encoded. Secret. */
  url: pulumi.Output<string>;
  /** The same from the host, when published. */
  fromHost?: { host: string; port: number; url: pulumi.Output<string> };
}

/** What is known of a service that can be reached, before it is anybody's. */
export interface ConnectionFacts {
  scheme: string;
  host: string;
  port: number;
  /** Further ports, by name. */
  ports?: Record<string, number>;
  /** Port on the host, when published. */
  hostPort?: number | undefined;
  /** Of the host, which it is published on. @default "127.0.0.1" */
  hostAddress?: string;
  user?: string;
  password?: pulumi.Output<string>;
  apiKey?: pulumi.Output<string>;
  keys?: Record<string, string | pulumi.Output<string>>;
  database?: string;
  /** What a URL has after `?`. */
  query?: Record<string, string>;
}

const facts = new WeakMap<Connection, ConnectionFacts & { url: pulumi.Output<string> }>();

/** The same values without the reference: for whoever refers to the service by `uses`, and needs no further order. */
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
  const inside = url(`${inUrl(host)}:${port}`);
  const fromHost = fromItself(hostAddress);
  const made: Connection = {
    host: referring(host),
    port,
    ...(ports === undefined ? {} : { ports }),
    ...(user === undefined ? {} : { user }),
    ...(password === undefined ? {} : { password: referring(password) }),
    ...(apiKey === undefined ? {} : { apiKey: referring(apiKey) }),
    ...(keys === undefined
      ? {}
      : {
          keys: Object.fromEntries(
            Object.entries(keys).map(([name, key]) => [name, typeof key === "string" ? key : referring(key)]),
          ),
        }),
    ...(database === undefined ? {} : { database }),
    url: referring(inside),
    ...(hostPort === undefined
      ? {}
      : { fromHost: { host: fromHost, port: hostPort, url: url(`${inUrl(fromHost)}:${hostPort}`) } }),
  };
  facts.set(made, { ...known, url: inside });
  return made;
}
