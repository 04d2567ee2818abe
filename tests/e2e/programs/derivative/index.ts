import * as pulumi from "@pulumi/pulumi";
import { Platform, Postgres, type PostgresArgs, PostgresSetup } from "../../../../components/index.ts";
import { POSTGRES_IMAGE } from "../facts.ts";

// PostgreSQL with pgvector, in an image that is built on the stack's own, with another user.

const config = new pulumi.Config();
const platform = await Platform.connect();
export const { url } = await platform.declare(() => {
  const database = new Postgres("vectors", {
    platform,
    build: { context: "pgvector", images: { BASE: POSTGRES_IMAGE } },
    user: "1234:1234",
    hostPort: config.requireNumber("hostPort"),
    settings: config.requireObject<NonNullable<PostgresArgs["settings"]>>("settings"),
  });
  new PostgresSetup("extensions", { platform, database, extensions: ["vector", "pg_stat_statements"] });
  return { url: database.connection.fromHost?.url };
});
