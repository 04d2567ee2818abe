import { fileURLToPath } from "node:url";
import * as pulumi from "@pulumi/pulumi";
import { deploy } from "./components/index.ts";

const services = await deploy(fileURLToPath(new URL("stacks", import.meta.url)));
const connections = Object.entries(services).flatMap(([name, { connection }]) =>
  connection ? [[name, connection] as const] : [],
);

/** Where each service is, from inside its networks and from the host. */
export const addresses = Object.fromEntries(
  connections.map(([name, { host, port, fromHost }]) => [
    name,
    { inside: pulumi.interpolate`${host}:${port}`, ...(fromHost ? { host: `${fromHost.host}:${fromHost.port}` } : {}) },
  ]),
);

/** Each service's URL, with credentials: `pulumi stack output urls --show-secrets`. */
export const urls = pulumi.secret(
  Object.fromEntries(connections.map(([name, { url, fromHost }]) => [name, fromHost?.url ?? url])),
);

/** API keys of those that have one beside their URL. */
export const apiKeys = pulumi.secret(
  Object.fromEntries(connections.flatMap(([name, { apiKey }]) => (apiKey ? [[name, apiKey]] : []))),
);
