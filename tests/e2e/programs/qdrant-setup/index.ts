import * as pulumi from "@pulumi/pulumi";
import { Platform, Qdrant, QdrantSetup, type QdrantSetupArgs } from "../../../../components/index.ts";

// A Qdrant, and the collections that the settings name.

const config = new pulumi.Config();
const platform = await Platform.connect();
const database = new Qdrant("qdrant", { platform, hostPort: config.requireNumber("hostPort") });
new QdrantSetup("setup", {
  platform,
  database,
  collections: config.requireObject<NonNullable<QdrantSetupArgs["collections"]>>("collections"),
});

export const url = database.connection.fromHost?.url;
export const key = database.connection.apiKey;
