import { QdrantClient } from "@qdrant/js-client-rest";
import { SIZE } from "../embedding.ts";
import { answerOf, type Client } from "./client.ts";

const TIMEOUT_MS = 5_000;
const COLLECTION = "notes";

/** Where the notes are in the space of their vectors. */
export interface Vectors extends Client {
  put(notes: readonly { id: number; vector: number[] }[]): Promise<void>;
  remove(ids: readonly number[]): Promise<void>;
  /** The nearest first; `score` is 1 for the same direction, 0 for nothing in common. */
  search(vector: number[], limit: number): Promise<{ id: number; score: number }[]>;
}

export function connectQdrant(url: string, apiKey?: string): Vectors {
  const client = new QdrantClient({
    url,
    // As a header of one's own: given as a key, it warns at each start that there is no TLS.
    ...(apiKey === undefined ? {} : { headers: { "api-key": apiKey } }),
    timeout: TIMEOUT_MS,
    checkCompatibility: false,
  });
  const ask = <Answer>(answer: Promise<Answer>) => answerOf("vectors", TIMEOUT_MS, answer);

  return {
    async put(notes) {
      await ask(client.upsert(COLLECTION, { wait: true, points: [...notes] }));
    },
    async remove(ids) {
      await ask(client.delete(COLLECTION, { wait: true, points: [...ids] }));
    },
    async search(vector, limit) {
      const { points } = await ask(client.query(COLLECTION, { query: vector, limit }));
      return points.map(({ id, score }) => ({ id: Number(id), score }));
    },
    async check() {
      const { vectors } = (await client.getCollection(COLLECTION)).config.params;
      if (vectors?.size !== SIZE) {
        throw new Error(`collection ${COLLECTION} should have vectors of ${SIZE}, got ${vectors?.size}`);
      }
    },
    async close() {},
  };
}
