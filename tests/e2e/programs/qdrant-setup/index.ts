import * as pulumi from "@pulumi/pulumi";
import { Platform, Qdrant, QdrantSetup, type QdrantSetupArgs } from "../../../../components/index.ts";

// A Qdrant, and the collections that the settings name.

const config = new pulumi.Config();
const platform = await Platform.connect();
export const { url, key } = await platform.declare(() => {
  const database = new Qdrant("qdrant", { platform, hostPort: config.requireNumber("hostPort") });
  new QdrantSetup("setup", {
    platform,
    database,
    collections: config.requireObject<NonNullable<QdrantSetupArgs["collections"]>>("collections"),
  });
  const url = database.connection.fromHost?.url;
  const key = database.connection.apiKey;
  return { url, key };
});
