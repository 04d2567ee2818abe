import { z } from "zod";
import {
  Api,
  Minio,
  MinioSetup,
  Neo4j,
  Neo4jSetup,
  Ollama,
  OllamaModels,
  type Platform,
  Postgres,
  PostgresSetup,
  Qdrant,
  QdrantSetup,
  Redis,
  ReverseProxy,
  type SettingsOf,
  switchable,
} from "../components/index.ts";

/** What can be set: each database's own settings, the API's, and the proxy's. */
export const settings = z.strictObject({
  postgres: switchable(Postgres.settings),
  redis: switchable(Redis.settings, { maxMemoryPolicy: "allkeys-lru" }),
  neo4j: switchable(Neo4j.settings),
  qdrant: switchable(Qdrant.settings),
  minio: switchable(Minio.settings),
  // By default no model: it would be gigabytes, from beyond the stack's networks.
  ollama: switchable(Ollama.settings.safeExtend(OllamaModels.settings.shape), { models: {} }),
  api: Api.settings.prefault({}),
  proxy: switchable(ReverseProxy.settings, { enabled: false }),
});

/** Each database that is enabled, with its setup job, a TypeScript API that uses them all, and a proxy before it if enabled. */
export function program(
  platform: Platform,
  { postgres, redis, neo4j, qdrant, minio, ollama, api: options, proxy: nginx }: SettingsOf<typeof settings>,
  apiKeys: Record<string, string> = {},
) {
  const database = postgres && new Postgres("postgres", { platform, ...postgres });
  const sql = ["examples/api/schema.sql"];
  const schema = database && new PostgresSetup("postgres-setup", { platform, database, extensions: ["pg_trgm"], sql });

  const cache = redis && new Redis("redis", { platform, ...redis });

  const graph = neo4j && new Neo4j("neo4j", { platform, ...neo4j });
  const cypher = ["examples/api/graph.cypher"];
  const constraints = graph && new Neo4jSetup("neo4j-setup", { platform, database: graph, cypher });

  const vectors = qdrant && new Qdrant("qdrant", { platform, ...qdrant });
  const collections = { notes: { size: 256 } };
  const collection = vectors && new QdrantSetup("qdrant-setup", { platform, database: vectors, collections });

  const storage = minio && new Minio("minio", { platform, ...minio });
  const buckets = { attachments: {} };
  const bucket = storage && new MinioSetup("minio-setup", { platform, storage, buckets });

  const { models: wanted = {}, ...server } = ollama ?? {};
  const models = ollama && new Ollama("ollama", { platform, ...server });
  const anyWanted = Object.keys(wanted).length > 0;
  const pulled =
    models && anyWanted && new OllamaModels("ollama-models", { platform, database: models, models: wanted });

  const databases = enabledOf({ database, cache, graph, vectors, storage, models });
  const jobs = enabledOf({ schema, constraints, collection, bucket, pulled });
  const api = new Api("api", {
    platform,
    build: { context: "examples/api", images: { NODE_IMAGE: { registry: "node:24-slim", packages: "node" } } },
    uses: { ...databases, ...jobs },
    secrets: apiKeys,
    probe: ["node", "src/probe.ts"],
    develop: { mounts: { "examples/api/src": "/app/src" }, command: ["node", "src/reload.ts"] },
    ...options,
  });

  const routes = [{ to: api, check: "/ready", bodyMiB: 16 }];
  const proxy = nginx && new ReverseProxy("proxy", { platform, routes, ...nginx });

  const named = { postgres: database, redis: cache, neo4j: graph, qdrant: vectors, minio: storage, ollama: models };
  return { ...enabledOf(named), api, ...enabledOf({ proxy }) };
}

/** Without what is not enabled. */
const enabledOf = <T extends object>(all: Record<string, T | false | undefined>) =>
  Object.fromEntries(Object.entries(all).flatMap(([name, each]) => (each ? [[name, each] as const] : [])));
