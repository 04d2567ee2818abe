import type { FastifyBaseLogger } from "fastify";
import type { Config } from "../config.ts";
import type { Storage } from "./minio.ts";
import type { Graph } from "./neo4j.ts";
import type { Models } from "./ollama.ts";
import type { Database } from "./postgres.ts";
import type { Vectors } from "./qdrant.ts";
import type { Cache } from "./redis.ts";

/** What the API was told of. It does what it can with that. */
export interface Clients {
  database?: Database | undefined;
  cache?: Cache | undefined;
  graph?: Graph | undefined;
  vectors?: Vectors | undefined;
  storage?: Storage | undefined;
  models?: Models | undefined;
}

/** Each client is loaded only if it is needed: together they take longer to load than all the rest. */
export async function connect({ urls, vectorsApiKey }: Config, logger: FastifyBaseLogger): Promise<Clients> {
  const { database, cache, graph, vectors, storage, models } = urls;
  const loading = {
    database: database && import("./postgres.ts").then(({ connectPostgres }) => connectPostgres(database, logger)),
    cache: cache && import("./redis.ts").then(({ connectRedis }) => connectRedis(cache)),
    graph: graph && import("./neo4j.ts").then(({ connectNeo4j }) => connectNeo4j(graph)),
    vectors: vectors && import("./qdrant.ts").then(({ connectQdrant }) => connectQdrant(vectors, vectorsApiKey)),
    storage: storage && import("./minio.ts").then(({ connectMinio }) => connectMinio(storage)),
    models: models && import("./ollama.ts").then(({ connectOllama }) => connectOllama(models)),
  };
  const loaded = Object.entries(loading).map(async ([name, client]) => [name, (await client) || undefined]);
  return Object.fromEntries(await Promise.all(loaded));
}
