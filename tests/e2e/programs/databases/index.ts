import * as pulumi from "@pulumi/pulumi";
import {
  type Connection,
  type Dependency,
  Minio,
  type MinioArgs,
  Neo4j,
  type Neo4jArgs,
  Ollama,
  type OllamaArgs,
  Platform,
  type PlatformArgs,
  Postgres,
  type PostgresArgs,
  Qdrant,
  type QdrantArgs,
  Redis,
  type RedisArgs,
} from "../../../../components/index.ts";

// The databases of the settings, with their arguments. FAIL decides how the program fails between them.

const config = new pulumi.Config();
const imageMirror = config.get("imageMirror");
const platform = await Platform.connect({
  ...(imageMirror === undefined ? {} : { imageMirror }),
  imageSource: config.get("imageSource") as NonNullable<PlatformArgs["imageSource"]>,
  down: process.env.STACKYARD_DOWN === "1",
});
const all = <Args>(kind: string) =>
  Object.entries(config.getObject<Record<string, Omit<Args, "platform">>>(kind) ?? {});

export const { urls, inside } = await platform.declare(async () => {
  const first = [
    ...all<OllamaArgs>("ollama").map(([name, args]) => [name, new Ollama(name, { platform, ...args })] as const),
    ...all<PostgresArgs & { alias?: string }>("postgres").map(([name, { alias, ...args }]) => {
      const opts = alias ? { aliases: [{ name: alias }] } : {};
      return [name, new Postgres(name, { platform, ...args }, opts)] as const;
    }),
    ...all<MinioArgs>("minio").map(([name, args]) => [name, new Minio(name, { platform, ...args })] as const),
  ];
  await fail(first[0]?.[1]);
  const databases = [
    ...first,
    ...all<QdrantArgs>("qdrant").map(([name, args]) => [name, new Qdrant(name, { platform, ...args })] as const),
    ...all<RedisArgs>("redis").map(([name, args]) => [name, new Redis(name, { platform, ...args })] as const),
    ...all<Neo4jArgs>("neo4j").map(([name, args]) => [name, new Neo4j(name, { platform, ...args })] as const),
  ];

  /** A row gets one URL: an API key, which clients take separately, is the URL's password here. */
  const whole = ({ apiKey }: Connection, url: pulumi.Output<string>) =>
    apiKey ? pulumi.all([url, apiKey]).apply(([at, key]) => at.replace("://", `://:${encodeURIComponent(key)}@`)) : url;
  const urls = pulumi.secret(
    Object.fromEntries(
      databases.map(([name, { connection }]) => [name, whole(connection, connection.fromHost?.url ?? connection.url)]),
    ),
  );
  const inside = pulumi.secret(
    Object.fromEntries(databases.map(([name, { connection }]) => [name, whole(connection, connection.url)])),
  );
  return { urls, inside };
});

async function fail(database?: Dependency & { connection: Connection }): Promise<void> {
  const { FAIL } = process.env;
  if (FAIL === "at once") throw new pulumi.RunError("failed at once");
  // Time for whatever would be registered by then.
  await new Promise((resolve) => setTimeout(resolve, 50));
  if (FAIL === "later") throw new pulumi.RunError("failed later");
  if (FAIL === "never ending" && database) await new Promise((resolve) => database.connection.url.apply(resolve));
  if (FAIL === "in the middle of up" && database) {
    const beforeCreate = () => {
      throw new Error("failed in the middle");
    };
    new pulumi.Stash(
      "failing",
      { input: "" },
      { dependsOn: database.gate ? [database.gate] : [], hooks: { beforeCreate: [beforeCreate] } },
    );
  }
}
