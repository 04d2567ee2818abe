import { fileURLToPath } from "node:url";

// What the tests' programs share.

export const REDIS_IMAGE = { registry: "redis:8", packages: "redis" };
export const POSTGRES_IMAGE = { registry: "postgres:17", packages: "postgres" };

/** An API whose behaviour MODE decides: see app/server.ts. */
export const APP = {
  build: {
    context: fileURLToPath(new URL("app", import.meta.url)),
    images: { NODE_IMAGE: { registry: "node:24-slim", packages: "node" } },
  },
  probe: ["node", "probe.ts"],
};
