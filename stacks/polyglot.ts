import { Api, type Platform, Postgres, PostgresSetup, Redis } from "../components/index.ts";
import type { Settings } from "./config.ts";

/** Every database, its setup job, and a TypeScript API that uses them all. */
export function polyglot(platform: Platform, settings: Settings) {
  const database = new Postgres("postgres", { platform, ...settings.postgres });
  const cache = new Redis("redis", { platform, maxMemoryPolicy: "allkeys-lru", ...settings.redis });

  const schema = new PostgresSetup("postgres-setup", {
    platform,
    database,
    extensions: ["pg_trgm"],
    sql: ["examples/api/schema.sql"],
  });

  const api = new Api("api", {
    platform,
    build: { context: "examples/api", images: { NODE_IMAGE: { registry: "node:24-slim", packages: "node" } } },
    uses: { database, cache, schema },
    probe: ["node", "src/probe.ts"],
    develop: { mounts: { "examples/api/src": "/app/src" }, command: ["node", "src/reload.ts"] },
    ...settings.api,
  });

  return { postgres: database, redis: cache, api };
}
