import { join, relative } from "node:path";
import * as pulumi from "@pulumi/pulumi";
import { Api, Migration, Platform, Postgres, Redis } from "../../../../components/index.ts";

// The sample backend, from a folder that the test may edit: as it is developed, or (BACKEND=prod) as it is released.

const config = new pulumi.Config();
const context = config.require("context");
const dev = process.env.BACKEND !== "prod";
const platform = await Platform.connect();
await platform.declare(() => {
  const database = new Postgres("database", { platform });
  const cache = new Redis("cache", { platform });
  const build = {
    context,
    dockerfile: relative(context, "../../../../infra/docker/backend.Dockerfile"),
    target: dev ? "dev" : "prod",
    images: { PYTHON_IMAGE: { registry: "python:3.13-slim", packages: "python" } },
  };
  const migration = new Migration("migration", { platform, build, uses: { database } });
  new Api("backend", {
    platform,
    build,
    uses: { database, cache, migration },
    secrets: { JWT_SECRET: config.require("jwtSecret") },
    port: 8000,
    hostPort: config.requireNumber("backendPort"),
    probe: { http: "/api/ready" },
    develop: { mounts: { [join(context, "app")]: "/app/app" }, command: ["python", "-m", "app", "--reload"] },
    hotReload: dev,
  });
});
