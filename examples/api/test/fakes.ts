import { pino } from "pino";
import { buildApp } from "../src/app.ts";
import type { Database } from "../src/clients/postgres.ts";
import type { Cache } from "../src/clients/redis.ts";

/** The app on a database and a cache in memory, either of which can be made to fail. */
export function fakeApp() {
  const database = new FakeDatabase();
  const cache = new FakeCache();
  const log: { level: number; msg: string; reason?: string }[] = [];
  const logger = pino({ level: "info" }, { write: (line: string) => log.push(JSON.parse(line)) });
  return { app: buildApp({ database, cache, logger }), database, cache, log };
}

interface Row {
  id: string;
  title: string;
  text: string;
  created_at: Date;
  updated_at: Date;
}

class FakeDatabase implements Database {
  failure: Error | undefined;
  readonly queries: string[] = [];
  #rows: Row[] = [];
  #lastId = 0;

  async query<R extends object>(text: string, values: unknown[] = []): Promise<R[]> {
    if (this.failure) throw this.failure;
    const verb = text.split(" ")[0]!;
    this.queries.push(verb);
    return this.#run(text, verb, values) as R[];
  }

  #run(text: string, verb: string, values: unknown[]): Row[] {
    if (verb === "insert") {
      const [title, content] = values as [string, string];
      const now = new Date();
      const row = { id: String(++this.#lastId), title, text: content, created_at: now, updated_at: now };
      this.#rows.unshift(row);
      return [row];
    }
    if (text.includes("limit")) return this.#rows.slice(0, values[0] as number);
    const found = this.#rows.filter(({ id }) => id === String(values[0]));
    if (verb === "update") for (const row of found) Object.assign(row, { title: values[1], text: values[2] });
    if (verb === "delete") this.#rows = this.#rows.filter((row) => !found.includes(row));
    return found;
  }

  async check(): Promise<void> {
    if (this.failure) throw this.failure;
  }

  async close(): Promise<void> {}
}

class FakeCache implements Cache {
  failure: Error | undefined;
  readonly entries = new Map<string, string>();
  readonly ttls: number[] = [];

  async get(key: string): Promise<string | null> {
    if (this.failure) throw this.failure;
    return this.entries.get(key) ?? null;
  }

  async set(key: string, value: string, ttlSeconds: number): Promise<void> {
    if (this.failure) throw this.failure;
    this.entries.set(key, value);
    this.ttls.push(ttlSeconds);
  }

  async delete(key: string): Promise<void> {
    if (this.failure) throw this.failure;
    this.entries.delete(key);
  }

  async check(): Promise<void> {
    if (this.failure) throw this.failure;
  }

  async close(): Promise<void> {}
}
