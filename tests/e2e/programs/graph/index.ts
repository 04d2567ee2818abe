import * as pulumi from "@pulumi/pulumi";
import { Neo4j, Neo4jSetup, Platform } from "../../../../components/index.ts";

// A Neo4j, its setup job over the Cypher files that the settings name, and both its ports published.

const config = new pulumi.Config();
const platform = await Platform.connect();
const database = new Neo4j("graph", {
  platform,
  hostPort: config.requireNumber("hostPort"),
  // Beside all other tests, on a small machine.
  readyTimeoutSeconds: 300,
  httpHostPort: config.requireNumber("httpHostPort"),
  plugins: config.getObject<string[]>("plugins") ?? [],
  ...(config.get("password") ? { password: config.requireSecret("password") } : {}),
});
new Neo4jSetup("schema", { platform, database, cypher: config.requireObject<string[]>("cypher") });

export const url = database.connection.fromHost?.url;
export const password = database.connection.password;
