import { z } from "zod";
import {
  Api,
  Frontend,
  Migration,
  type Platform,
  Postgres,
  password,
  Redis,
  ReverseProxy,
  type SettingsOf,
} from "../components/index.ts";

/** What can be set: each part's own settings, and what the backend is told. */
export const settings = z.strictObject({
  database: Postgres.settings.prefault({}),
  cache: Redis.settings.prefault({}),
  backend: Api.settings
    .safeExtend({
      /** The least that is in its log. @default "INFO" */
      logLevel: z.enum(["DEBUG", "INFO", "WARNING", "ERROR"]).default("INFO"),
      /** Other origins whose pages may ask: `["https://shop.example.com"]`. @default [] */
      corsOrigins: z.array(z.string("an origin, as https://shop.example.com"), "a list of origins").default([]),
    })
    .prefault({}),
  frontend: Frontend.settings.prefault({}),
  proxy: ReverseProxy.settings.prefault({}),
});

/** Nginx in front of a FastAPI backend and a Vite front end, with PostgreSQL and Redis. */
export function program(
  platform: Platform,
  { database: postgres, cache: redis, backend: own, frontend: vite, proxy: nginx }: SettingsOf<typeof settings>,
  apiKeys: Record<string, string> = {},
) {
  const target = platform.environment;
  const database = new Postgres("database", { platform, ...postgres });
  const cache = new Redis("cache", { platform, ...redis });

  const build = {
    context: "examples/web/backend",
    dockerfile: "../../../infra/docker/backend.Dockerfile",
    target,
    images: { PYTHON_IMAGE: { registry: "python:3.13-slim", packages: "python" } },
  };
  const migration = new Migration("migration", { platform, build, uses: { database } });
  const { logLevel, corsOrigins, ...limits } = own;
  const backend = new Api("backend", {
    platform,
    build,
    uses: { database, cache, migration },
    env: { LOG_LEVEL: logLevel, CORS_ORIGINS: corsOrigins.join(",") },
    secrets: { JWT_SECRET: password("backend-jwt", platform), ...apiKeys },
    // Where errors are reported to is outside of the stack.
    egress: "ERROR_REPORTING_DSN" in apiKeys,
    port: 8000,
    probe: { http: "/api/ready" },
    develop: { mounts: { "examples/web/backend/app": "/app/app" }, command: ["python", "-m", "app", "--reload"] },
    ...limits,
  });

  const frontend = new Frontend("frontend", {
    platform,
    build: {
      context: "examples/web/frontend",
      dockerfile: "../../../infra/docker/frontend.Dockerfile",
      images: {
        NODE_IMAGE: { registry: "node:24-slim", packages: "node" },
        FILES_IMAGE: { registry: "busybox:1.37-musl", packages: "busybox" },
      },
    },
    sources: { "examples/web/frontend/src": "/app/src" },
    uses: { backend },
    ...vite,
  });

  const proxy = new ReverseProxy("proxy", {
    platform,
    routes: [
      { path: "/api/", to: backend, check: "/api/ready" },
      { to: frontend, webSocket: true },
    ],
    ...nginx,
  });
  return { database, cache, backend, frontend, proxy };
}
