import type { FastifyBaseLogger } from "fastify";
import type { Cache } from "./clients/redis.ts";
import { Outage } from "./outage.ts";

/** A cache of JSON values that is allowed to fail, or not to be there: then nothing is found and nothing is kept. */
export class TolerantCache {
  readonly #cache: Cache | undefined;
  readonly #outage: Outage;

  constructor(cache: Cache | undefined, logger: FastifyBaseLogger) {
    this.#cache = cache;
    this.#outage = new Outage("cache", "going on without it", logger);
  }

  async get<Value>(key: string): Promise<Value | undefined> {
    return this.#attempt(async (cache) => {
      const json = await cache.get(key);
      return json === null ? undefined : (JSON.parse(json) as Value);
    });
  }

  async set(key: string, value: unknown, ttlSeconds: number): Promise<void> {
    await this.#attempt((cache) => cache.set(key, JSON.stringify(value), ttlSeconds));
  }

  async delete(key: string): Promise<void> {
    await this.#attempt((cache) => cache.delete(key));
  }

  async #attempt<Result>(command: (cache: Cache) => Promise<Result>): Promise<Result | undefined> {
    if (!this.#cache) return undefined;
    try {
      const result = await command(this.#cache);
      this.#outage.worked();
      return result;
    } catch (error) {
      this.#outage.failed(error);
      return undefined;
    }
  }
}
