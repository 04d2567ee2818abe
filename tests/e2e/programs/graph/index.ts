import * as pulumi from "@pulumi/pulumi";
import { Neo4j, Neo4jSetup, Platform } from "../../../../components/index.ts";

// A Neo4j with both ports published, and its setup job with the Cypher files that the settings name.

const config = new pulumi.Config();
const platform = await Platform.connect();
export const { url, password } = await platform.declare(() => {
  const database = new Neo4j("graph", {
    platform,
    hostPort: config.requireNumber("hostPort"),
    // Enough beside all other tests, on a small machine.
    readyTimeoutSeconds: 300,
    httpHostPort: config.requireNumber("httpHostPort"),
    plugins: config.getObject<string[]>("plugins") ?? [],
    ...(config.get("password") ? { password: config.requireSecret("password") } : {}),
  });
  new Neo4jSetup("schema", { platform, database, cypher: config.requireObject<string[]>("cypher") });
  const url = database.connection.fromHost?.url;
  const password = database.connection.password;
  return { url, password };
});
