import type { FastifyBaseLogger } from "fastify";
import type { Cache } from "./clients/redis.ts";
import { describe } from "./errors.ts";

/** A cache of JSON values that is allowed to fail: then nothing is found and nothing is kept. */
export class TolerantCache {
  readonly #cache: Cache;
  readonly #logger: FastifyBaseLogger;
  #working = true;

  constructor(cache: Cache, logger: FastifyBaseLogger) {
    this.#cache = cache;
    this.#logger = logger;
  }

  async get<Value>(key: string): Promise<Value | undefined> {
    return this.#attempt(async () => {
      const json = await this.#cache.get(key);
      return json === null ? undefined : (JSON.parse(json) as Value);
    });
  }

  async set(key: string, value: unknown, ttlSeconds: number): Promise<void> {
    await this.#attempt(() => this.#cache.set(key, JSON.stringify(value), ttlSeconds));
  }

  async delete(key: string): Promise<void> {
    await this.#attempt(() => this.#cache.delete(key));
  }

  async #attempt<Result>(command: () => Promise<Result>): Promise<Result | undefined> {
    try {
      const result = await command();
      if (!this.#working) this.#logger.info("cache works again");
      this.#working = true;
      return result;
    } catch (error) {
      // Once per change: a cache that is away fails at every request.
      if (this.#working) this.#logger.warn({ reason: describe(error) }, "cache failed, going on without it");
      this.#working = false;
      return undefined;
    }
  }
}
