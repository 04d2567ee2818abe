import { Config } from "@pulumi/pulumi";
import { Api, Platform, ReverseProxy } from "../../../../components/index.ts";

// An application behind a proxy that speaks HTTPS where it is given a certificate.

const config = new Config();
const { CERTIFICATE, KEY } = process.env;

const platform = await Platform.connect({ environment: "prod", subnetPool: "10.214.0.0/16" });
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
    ...(CERTIFICATE && KEY
      ? {
          httpsHostPort: config.requireNumber("httpsPort"),
          tls: { certificate: CERTIFICATE, key: KEY, hstsSeconds: 60 },
        }
      : {}),
    routes: [{ to: app }],
  });
});
