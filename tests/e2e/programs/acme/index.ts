import { Config } from "@pulumi/pulumi";
import { Api, Platform, ReverseProxy } from "../../../../components/index.ts";

// An application behind a proxy that gets its certificate by ACME.

const config = new Config();

const platform = await Platform.connect({ environment: "prod", subnetPool: "10.215.0.0/16" });
await platform.declare(() => {
  const app = new Api("app", {
    platform,
    image: { registry: "node:24-slim", packages: "node" },
    files: { "/srv/app.mjs": new URL("../releases/app.mjs", import.meta.url).pathname },
    command: ["node", "/srv/app.mjs"],
    env: { VERSION: "1" },
    probe: { http: "/health" },
    readyTimeoutSeconds: 20,
  });
  new ReverseProxy("proxy", {
    platform,
    hostPort: config.requireNumber("proxyPort"),
    httpsHostPort: config.requireNumber("httpsPort"),
    tls: {
      acme: {
        email: "admin@example.com",
        domains: ["shop.example"],
        server: config.require("server"),
        caFile: config.require("caFile"),
        checkSeconds: 3,
      },
    },
    routes: [{ to: app }],
  });
});
