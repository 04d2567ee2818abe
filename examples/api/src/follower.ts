import type { FastifyBaseLogger } from "fastify";
import type { Database } from "./clients/postgres.ts";
import { type Note, type Row, toNote } from "./note.ts";
import { Outage } from "./outage.ts";

export const RETRY_MS = 2_000;
const AT_ONCE = 100;

/** Where something of each note is kept beside PostgreSQL. */
export interface Target {
  put(notes: readonly Note[]): Promise<void>;
  remove(ids: readonly number[]): Promise<void>;
}

/**
 * Brings notes that changed to one other database, in the background: no request waits for it, and none fails while it is
 * away. PostgreSQL has written down what is still to be brought (schema.sql), so that it gets there later, whatever ends meanwhile.
 */
export class Follower {
  readonly #name: string;
  readonly #target: Target;
  readonly #database: Database;
  readonly #outage: Outage;
  #running = false;
  #again = false;
  #retry: NodeJS.Timeout | undefined;
  #closed = false;

  /** @param name as schema.sql has it. */
  constructor(name: string, target: Target, database: Database, logger: FastifyBaseLogger) {
    this.#name = name;
    this.#target = target;
    this.#database = database;
    this.#outage = new Outage(name, `trying again every ${RETRY_MS / 1000} s`, logger);
  }

  /** Something has changed, or may have been left by an earlier process. */
  follow(): void {
    this.#again = true;
    if (this.#closed || this.#running) return;
    clearTimeout(this.#retry);
    this.#running = true;
    void this.#run().finally(() => {
      this.#running = false;
      if (this.#again) this.follow();
    });
  }

  /** What it is at may not come to its end any more: it is still written down. */
  close(): void {
    this.#closed = true;
    clearTimeout(this.#retry);
  }

  async #run(): Promise<void> {
    try {
      while (this.#again && !this.#closed) {
        this.#again = false;
        while (!this.#closed && (await this.#bring()));
      }
      this.#outage.worked();
    } catch (error) {
      if (this.#closed) return;
      this.#outage.failed(error);
      this.#retry = setTimeout(() => this.follow(), RETRY_MS);
    }
  }

  /** @returns whether there was anything to bring. */
  async #bring(): Promise<boolean> {
    const changes = await this.#database.query<{ id: string; note_id: string }>(
      "select id, note_id from changes where target = $1 order by id limit $2",
      [this.#name, AT_ONCE],
    );
    if (changes.length === 0) return false;
    const ids = changes.map(({ note_id }) => Number(note_id));
    const notes = (await this.#database.query<Row>("select * from notes where id = any($1)", [ids])).map(toNote);
    const there = new Set(notes.map(({ id }) => id));
    const gone = ids.filter((id) => !there.has(id));
    if (notes.length > 0) await this.#target.put(notes);
    if (gone.length > 0) await this.#target.remove(gone);
    // Not by note: one that has changed again meanwhile is to be brought again.
    await this.#database.query("delete from changes where target = $1 and id = any($2)", [
      this.#name,
      changes.map(({ id }) => id),
    ]);
    return true;
  }
}
