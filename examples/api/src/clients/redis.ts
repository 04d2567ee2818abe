import { randomUUID } from "node:crypto";
import { Redis } from "ioredis";
import type { Client } from "./client.ts";

const CONNECT_TIMEOUT_MS = 2_000;
const COMMAND_TIMEOUT_MS = 500;
const MAX_RECONNECT_DELAY_MS = 1_000;

export interface Cache extends Client {
  get(key: string): Promise<string | null>;
  set(key: string, value: string, ttlSeconds: number): Promise<void>;
  delete(key: string): Promise<void>;
}

/** Connects in the background, for as long as it takes; commands fail at once meanwhile. */
export function connectRedis(url: string): Cache {
  const redis = new Redis(url, {
    connectTimeout: CONNECT_TIMEOUT_MS,
    commandTimeout: COMMAND_TIMEOUT_MS,
    // Counts only while a reply is due: notices a server that vanished without closing the connection.
    socketTimeout: 2 * COMMAND_TIMEOUT_MS,
    retryStrategy: (attempt) => Math.min(attempt * 100, MAX_RECONNECT_DELAY_MS),
    // A cache that is away must not hold up a read: no queue before the connection, none across it.
    enableOfflineQueue: false,
    maxRetriesPerRequest: 0,
  });
  let away: Error | undefined = new Error("not connected yet");
  redis.on("error", (error: Error) => (away = error));
  redis.on("close", () => (away ??= new Error("connection lost")));
  redis.on("ready", () => (away = undefined));

  async function run<Reply>(command: Promise<Reply>): Promise<Reply> {
    try {
      return await command;
    } catch (error) {
      // Of a connection that is away, ioredis itself only tells which of the options above stopped the command.
      throw away ?? error;
    }
  }

  // One for each process, so that two of them do not read each other's.
  const probeKey = `probe:${randomUUID()}`;

  return {
    get: (key) => run(redis.get(key)),
    async set(key, value, ttlSeconds) {
      await run(redis.set(key, value, "EX", ttlSeconds));
    },
    async delete(key) {
      await run(redis.del(key));
    },
    // Written and read back: PING is answered by a server that is full or read-only, too.
    async check() {
      await run(redis.set(probeKey, "", "EX", 60));
      if ((await run(redis.get(probeKey))) === null) throw new Error("lost what was just written");
    },
    async close() {
      redis.disconnect();
    },
  };
}
