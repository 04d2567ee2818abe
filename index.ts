import * as pulumi from "@pulumi/pulumi";
import { Platform } from "./components/index.ts";
import { hostPorts, readSettings, withPorts } from "./stacks/config.ts";
import { polyglot } from "./stacks/polyglot.ts";

const programs = { polyglot };

const settings = readSettings();
const { environment, imageSource, imageMirror, subnetPool, ports, down, only } = settings;
const platform = await Platform.connect({
  environment,
  ...(imageSource ? { imageSource } : {}),
  ...(imageMirror ? { imageMirror } : {}),
  ...(subnetPool ? { subnetPool } : {}),
  freePorts: ports === "free" ? Object.keys(hostPorts(settings)) : [],
  down,
  only,
});
const services = await platform.declare(() =>
  programs[settings.program](platform, withPorts(settings, platform.ports)),
);
const connections = Object.entries(services).map(([name, { connection }]) => [name, connection] as const);

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
