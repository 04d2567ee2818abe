import * as pulumi from "@pulumi/pulumi";
import { Platform, Postgres, PostgresSetup, type PostgresSetupArgs, SetupJob } from "../../../../components/index.ts";
import { POSTGRES_IMAGE } from "../facts.ts";

// A Postgres with the databases and roles that the settings name, and a job that signs in as one of them.

const config = new pulumi.Config();
const { databases, roles, sql } = config.requireObject<{
  databases: string[];
  roles: NonNullable<PostgresSetupArgs["roles"]>;
  sql: string[];
}>("setup");
const platform = await Platform.connect();
export const { url, passwords, urls } = await platform.declare(() => {
  const database = new Postgres("main", {
    platform,
    hostPort: config.requireNumber("hostPort"),
    // What 400 connections need.
    memoryMiB: 840,
    maxConnections: 400,
    sharedBuffersMiB: 16,
  });
  const setup = new PostgresSetup("setup", { platform, database, databases, roles, sql });
  new SetupJob("reading", {
    platform,
    image: POSTGRES_IMAGE,
    command: ["sh", "-c", 'psql "$(cat "$DATABASE_URL_FILE")" -Atc "select current_user, count(*) from notes"'],
    uses: { database: setup.role("reader") },
  });
  const url = database.connection.fromHost?.url;
  const passwords = pulumi.secret(
    Object.fromEntries(Object.keys(roles).map((role) => [role, setup.role(role).connection.password])),
  );
  const urls = pulumi.secret(
    Object.fromEntries(Object.keys(roles).map((role) => [role, setup.role(role).connection.fromHost?.url])),
  );
  return { url, passwords, urls };
});
