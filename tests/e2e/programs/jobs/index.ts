import * as pulumi from "@pulumi/pulumi";
import { Api, Platform, Redis, SetupJob } from "../../../../components/index.ts";
import { APP, POSTGRES_IMAGE, REDIS_IMAGE } from "../facts.ts";

// A job over a Redis, and a job and an API that refer to it. JOB_… decides what the first job does; WITHOUT_APP leaves the API out.

const {
  JOB_COMMAND = "redis incr runs",
  JOB_FILE,
  JOB_IMAGE,
  JOB_MODE,
  JOB_TIMEOUT_SECONDS = "120",
  WITHOUT_APP,
  STACKYARD_DOWN,
} = process.env;

// For JOB_COMMAND: the real client, with the address of the database that every job gets.
const CLIENT = 'redis() { redis-cli --no-auth-warning -u "$(cat "$DATABASE_URL_FILE")" "$@"; }';

const platform = await Platform.connect({ down: STACKYARD_DOWN === "1" });
export const { url, password } = await platform.declare(() => {
  const database = new Redis("redis", { platform, hostPort: new pulumi.Config().requireNumber("hostPort") });
  const first = new SetupJob("first", {
    platform,
    image: JOB_IMAGE === "postgres" ? POSTGRES_IMAGE : REDIS_IMAGE,
    command: ["sh", "-c", `${CLIENT}\n${JOB_COMMAND}`],
    uses: { database },
    ...(JOB_FILE ? { files: { "job.txt": JOB_FILE } } : {}),
    ...(JOB_MODE ? { env: { MODE: JOB_MODE } } : {}),
    timeoutSeconds: Number(JOB_TIMEOUT_SECONDS),
  });
  new SetupJob("second", {
    platform,
    image: REDIS_IMAGE,
    command: ["sh", "-c", `${CLIENT}\nredis incr after`],
    uses: { database, first },
  });
  if (!WITHOUT_APP) new Api("app", { platform, ...APP, uses: { first } });
  const url = database.connection.fromHost?.url;
  const password = database.connection.password;
  return { url, password };
});
