import * as pulumi from "@pulumi/pulumi";
import type { Services } from "./program.ts";

/** What a Pulumi stack tells of its services, each by the name that the program returned it by. */
export interface Outputs {
  /** Where each is: `host:port` from inside its networks, and from the host where it is published. */
  addresses: Record<string, { inside: pulumi.Output<string>; host?: string }>;
  /** The URL of each, with credentials. Secret: `pulumi stack output urls --show-secrets`. */
  urls: pulumi.Output<Record<string, string>>;
  /** API keys of those that have one beside their URL. Secret. */
  apiKeys: pulumi.Output<Record<string, string>>;
}

/** What there is to tell of the services that a stack program returned. */
export function outputsOf(services: Services): Outputs {
  const connections = Object.entries(services).flatMap(([name, { connection }]) =>
    connection ? [[name, connection] as const] : [],
  );
  const addresses = connections.map(([name, { host, port, fromHost }]) => {
    const inside = pulumi.interpolate`${host}:${port}`;
    return [name, { inside, ...(fromHost ? { host: `${fromHost.host}:${fromHost.port}` } : {}) }] as const;
  });
  return {
    addresses: Object.fromEntries(addresses),
    urls: pulumi.secret(
      Object.fromEntries(connections.map(([name, { url, fromHost }]) => [name, fromHost?.url ?? url])),
    ),
    apiKeys: pulumi.secret(
      Object.fromEntries(connections.flatMap(([name, { apiKey }]) => (apiKey ? [[name, apiKey]] : []))),
    ),
  };
}
