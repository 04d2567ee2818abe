import * as pulumi from "@pulumi/pulumi";

/** How one service is reached and signed in to. */
export interface Connection {
  /** Its name on the networks of those who refer to it. Constant: it stays when the container is replaced. */
  host: string;
  port: number;
  user?: string;
  /** Secret. */
  password?: pulumi.Output<string>;
  /** Secret, and not in the URL: for services that want it in a header of every request. */
  apiKey?: pulumi.Output<string>;
  /** Database, or what a URL has for a path. */
  database?: string;
  /** With credentials, percent-encoded. Secret. */
  url: pulumi.Output<string>;
  /** The same from the host, when published. */
  fromHost?: { host: string; port: number; url: pulumi.Output<string> };
}

export interface ConnectionFacts {
  scheme: string;
  host: string;
  port: number;
  /** Port on the host's 127.0.0.1, when published. */
  hostPort?: number | undefined;
  user?: string;
  password?: pulumi.Output<string>;
  apiKey?: pulumi.Output<string>;
  database?: string;
}

/** A connection in both its forms, from inside the network and from the host. */
export function connection({
  scheme,
  host,
  port,
  hostPort,
  user,
  password,
  apiKey,
  database,
}: ConnectionFacts): Connection {
  const credentials = pulumi
    .output(password)
    .apply((secret) =>
      secret === undefined ? "" : `${encodeURIComponent(user ?? "")}:${encodeURIComponent(secret)}@`,
    );
  const path = database === undefined ? "" : `/${encodeURIComponent(database)}`;
  const url = (at: string) => pulumi.secret(pulumi.interpolate`${scheme}://${credentials}${at}${path}`);
  return {
    host,
    port,
    ...(user === undefined ? {} : { user }),
    ...(password === undefined ? {} : { password }),
    ...(apiKey === undefined ? {} : { apiKey }),
    ...(database === undefined ? {} : { database }),
    url: url(`${host}:${port}`),
    ...(hostPort === undefined
      ? {}
      : { fromHost: { host: "127.0.0.1", port: hostPort, url: url(`127.0.0.1:${hostPort}`) } }),
  };
}
