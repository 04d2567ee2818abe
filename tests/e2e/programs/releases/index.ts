import { Config } from "@pulumi/pulumi";
import { Api, Platform, ReverseProxy } from "../../../../components/index.ts";

// An application in replicas behind a proxy, and another one that asks it by its name.

const config = new Config();
const { VERSION = "1", HEALTH, CHECK, REPLICAS = "2", ROUTES = "one", SNIPPET } = process.env;

const platform = await Platform.connect({
  environment: "prod",
  subnetPool: "10.212.0.0/16",
});
await platform.declare(() => {
  const image = { registry: "node:24-slim", packages: "node" };
  const files = { "/srv/app.mjs": new URL("app.mjs", import.meta.url).pathname };
  const of = {
    platform,
    image,
    files,
    command: ["node", "/srv/app.mjs"],
    probe: { http: "/health" },
    readyTimeoutSeconds: 20,
  };
  const app = new Api("app", {
    ...of,
    replicas: Number(REPLICAS),
    env: { VERSION, ...(HEALTH ? { HEALTH } : {}), ...(CHECK ? { CHECK } : {}) },
  });
  const other = new Api("other", { ...of, env: { VERSION: "other" } });
  new ReverseProxy("proxy", {
    platform,
    hostPort: config.requireNumber("proxyPort"),
    routes: [
      { path: "/api/", to: app, check: "/api/check", ...(SNIPPET ? { snippet: SNIPPET } : {}) },
      ...(ROUTES === "two" ? [{ path: "/other/", to: other }] : []),
    ],
  });
});
