import * as pulumi from "@pulumi/pulumi";
import { Api, Platform, Postgres, Redis, SetupJob } from "../../../../components/index.ts";
import { APP, REDIS_IMAGE } from "../facts.ts";

// PROGRAM `postgres`: a database, a job and an API over it; `redis`: an API over a Redis; `app`: an API alone.
// POSTGRES_… and APP_… set their arguments.

const {
  PROGRAM,
  POSTGRES_MAX_CONNECTIONS = "100",
  POSTGRES_MEMORY_MIB = "128",
  POSTGRES_READY_TIMEOUT_SECONDS = "60",
  APP_MODE = "serve",
  APP_MEMORY_MIB = "256",
  APP_READY_TIMEOUT_SECONDS = "60",
} = process.env;

const config = new pulumi.Config();
const platform = await Platform.connect();
const app = {
  ...APP,
  platform,
  env: { MODE: APP_MODE },
  memoryMiB: Number(APP_MEMORY_MIB),
  readyTimeoutSeconds: Number(APP_READY_TIMEOUT_SECONDS),
};

export const urls = await platform.declare(programs()[PROGRAM as "app"]);

function programs() {
  return {
    postgres() {
      const database = new Postgres("postgres", {
        platform,
        hostPort: config.requireNumber("hostPort"),
        maxConnections: Number(POSTGRES_MAX_CONNECTIONS),
        memoryMiB: Number(POSTGRES_MEMORY_MIB),
        readyTimeoutSeconds: Number(POSTGRES_READY_TIMEOUT_SECONDS),
      });
      new SetupJob("job", { platform, image: REDIS_IMAGE, command: ["echo", "job: ran"], uses: { database } });
      new Api("app", { ...app, uses: { database } });
      return { postgres: database.connection.fromHost?.url };
    },
    redis() {
      const cache = new Redis("redis", { platform, hostPort: config.requireNumber("hostPort") });
      // Known only once the cache is ready, which must not wait for it.
      new Api("app", { ...app, uses: { cache }, secrets: { LATE: cache.ready.urn.apply((urn) => urn) } });
      return { redis: cache.connection.fromHost?.url };
    },
    app() {
      new Api("app", app);
      return {};
    },
  };
}
