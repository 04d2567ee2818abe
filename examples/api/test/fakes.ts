import { Readable } from "node:stream";
import { pino } from "pino";
import { buildApp } from "../src/app.ts";
import type { Clients } from "../src/clients/clients.ts";
import type { Attachment, Storage } from "../src/clients/minio.ts";
import type { Graph } from "../src/clients/neo4j.ts";
import type { Models } from "../src/clients/ollama.ts";
import type { Database } from "../src/clients/postgres.ts";
import type { Vectors } from "../src/clients/qdrant.ts";
import type { Cache } from "../src/clients/redis.ts";
import { Unavailable } from "../src/errors.ts";
import type { Row } from "../src/note.ts";

export type Fakes = ReturnType<typeof fakes>;
const fakes = () => ({
  database: new FakeDatabase(),
  cache: new FakeCache(),
  graph: new FakeGraph(),
  vectors: new FakeVectors(),
  storage: new FakeStorage(),
  models: new FakeModels(),
});

/** The app on databases in memory, each of which can be made to fail. It is told of all but those that are named. */
export function fakeApp(...absent: (keyof Clients)[]) {
  const all = fakes();
  const told = Object.fromEntries(Object.entries(all).filter(([name]) => !absent.includes(name as keyof Clients)));
  const log: { level: number; msg: string; reason?: string }[] = [];
  const logger = pino({ level: "info" }, { write: (line: string) => log.push(JSON.parse(line)) });
  return { app: buildApp(told, logger), ...all, log };
}

/** Answers once the check does not throw any more: what follows a request is done after its answer. */
export async function eventually<T>(check: () => T | Promise<T>): Promise<T> {
  for (const deadline = Date.now() + 5_000; ; ) {
    try {
      return await check();
    } catch (error) {
      if (Date.now() > deadline) throw error;
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  }
}

/** Can be made to fail, as one that does not answer. */
abstract class Fake {
  failure: Error | undefined;

  async check(): Promise<void> {
    this.works();
  }

  async close(): Promise<void> {}

  protected works(): void {
    if (this.failure) throw this.failure;
  }
}

export class FakeDatabase extends Fake implements Database {
  readonly queries: string[] = [];
  readonly changes = new Map<string, { id: string; target: string; note_id: string }>();
  #rows: Row[] = [];
  #lastId = 0;
  #lastChange = 0;

  async query<R extends object>(text: string, values: unknown[] = []): Promise<R[]> {
    this.works();
    if (/ changes /.test(text)) return this.#runOnChanges(text, values) as R[];
    const verb = text.split(" ")[0]!;
    this.queries.push(verb);
    const rows = this.#run(text, verb, values);
    if (verb !== "select") this.#note(rows);
    return rows as R[];
  }

  #run(text: string, verb: string, values: unknown[]): Row[] {
    if (verb === "insert") {
      const [title, content, tags] = values as [string, string, string[]];
      const now = new Date();
      const row = { id: String(++this.#lastId), title, text: content, tags, created_at: now, updated_at: now };
      this.#rows.unshift(row);
      return [row];
    }
    if (text.includes("limit")) return this.#rows.slice(0, values[0] as number);
    const wanted = [values[0]].flat().map(String);
    const found = this.#rows.filter(({ id }) => wanted.includes(id));
    if (verb === "update") {
      for (const row of found) Object.assign(row, { title: values[1], text: values[2], tags: values[3] });
    }
    if (verb === "delete") this.#rows = this.#rows.filter((row) => !found.includes(row));
    return found;
  }

  /** As the trigger does. */
  #note(rows: readonly Row[]): void {
    for (const { id: note_id } of rows) {
      for (const target of ["graph", "vectors", "storage"]) {
        this.changes.set(`${target} ${note_id}`, { id: String(++this.#lastChange), target, note_id });
      }
    }
  }

  #runOnChanges(text: string, [target, second]: unknown[]): object[] {
    const mine = [...this.changes].filter(([, change]) => change.target === target);
    if (text.startsWith("select")) return mine.map(([, change]) => change).slice(0, second as number);
    for (const [key, { id }] of mine) if ((second as string[]).includes(id)) this.changes.delete(key);
    return [];
  }
}

class FakeCache extends Fake implements Cache {
  readonly entries = new Map<string, string>();
  readonly ttls: number[] = [];

  async get(key: string): Promise<string | null> {
    this.works();
    return this.entries.get(key) ?? null;
  }

  async set(key: string, value: string, ttlSeconds: number): Promise<void> {
    this.works();
    this.entries.set(key, value);
    this.ttls.push(ttlSeconds);
  }

  async delete(key: string): Promise<void> {
    this.works();
    this.entries.delete(key);
  }
}

class FakeGraph extends Fake implements Graph {
  readonly tags = new Map<number, readonly string[]>();

  async put(notes: readonly { id: number; tags: readonly string[] }[]): Promise<void> {
    this.works();
    for (const { id, tags } of notes) this.tags.set(id, tags);
  }

  async remove(ids: readonly number[]): Promise<void> {
    this.works();
    for (const id of ids) this.tags.delete(id);
  }

  async related(id: number, limit: number) {
    this.works();
    const mine = this.tags.get(id) ?? [];
    const others = [...this.tags].filter(([other]) => other !== id);
    return others
      .map(([id, tags]) => ({ id, tags: tags.filter((tag) => mine.includes(tag)) }))
      .filter(({ tags }) => tags.length > 0)
      .slice(0, limit);
  }
}

class FakeVectors extends Fake implements Vectors {
  readonly vectors = new Map<number, number[]>();

  async put(notes: readonly { id: number; vector: number[] }[]): Promise<void> {
    this.works();
    for (const { id, vector } of notes) this.vectors.set(id, vector);
  }

  async remove(ids: readonly number[]): Promise<void> {
    this.works();
    for (const id of ids) this.vectors.delete(id);
  }

  async search(wanted: number[], limit: number) {
    this.works();
    const scored = [...this.vectors].map(([id, vector]) => ({
      id,
      score: vector.reduce((sum, n, at) => sum + n * wanted[at]!, 0),
    }));
    return scored.sort((a, b) => b.score - a.score).slice(0, limit);
  }
}

class FakeStorage extends Fake implements Storage {
  readonly files = new Map<number, Attachment<Buffer>>();

  async put(id: number, attachment: Attachment<Buffer>): Promise<void> {
    this.works();
    this.files.set(id, attachment);
  }

  async get(id: number) {
    this.works();
    const file = this.files.get(id);
    return file && { type: file.type, body: Readable.from([file.body]) };
  }

  async remove(ids: readonly number[]): Promise<void> {
    this.works();
    for (const id of ids) this.files.delete(id);
  }
}

class FakeModels extends Fake implements Models {
  model: string | undefined;
  asked = false;
  #stop = (_reason: Error) => {};

  async latest() {
    this.works();
    return this.model;
  }

  /** One called `slow` never comes to an end. */
  async generate(model: string, prompt: string): Promise<string> {
    this.works();
    this.asked = true;
    if (model !== "slow") return `${model} read: ${prompt}`;
    return new Promise((_, reject) => {
      this.#stop = reject;
    });
  }

  override async close(): Promise<void> {
    this.#stop(new Unavailable("models", new Error("stopping")));
  }
}
