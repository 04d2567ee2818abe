import * as pulumi from "@pulumi/pulumi";
import {
  Minio,
  type MinioArgs,
  Neo4j,
  type Neo4jArgs,
  Platform,
  type PlatformArgs,
  Postgres,
  type PostgresArgs,
  Redis,
  type RedisArgs,
} from "../../../../components/index.ts";

// The databases that the settings name, with the arguments that they give.

const config = new pulumi.Config();
const platform = await Platform.connect({
  imageSource: config.get("imageSource") as NonNullable<PlatformArgs["imageSource"]>,
});
const all = <Args>(kind: string) =>
  Object.entries(config.getObject<Record<string, Omit<Args, "platform">>>(kind) ?? {});

const databases = [
  ...all<PostgresArgs>("postgres").map(([name, args]) => [name, new Postgres(name, { platform, ...args })] as const),
  ...all<MinioArgs>("minio").map(([name, args]) => [name, new Minio(name, { platform, ...args })] as const),
  ...all<RedisArgs>("redis").map(([name, args]) => [name, new Redis(name, { platform, ...args })] as const),
  ...all<Neo4jArgs>("neo4j").map(([name, args]) => [name, new Neo4j(name, { platform, ...args })] as const),
];

export const urls = pulumi.secret(
  Object.fromEntries(databases.map(([name, { connection }]) => [name, connection.fromHost?.url ?? connection.url])),
);
export const inside = pulumi.secret(
  Object.fromEntries(databases.map(([name, { connection }]) => [name, connection.url])),
);
