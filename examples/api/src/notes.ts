import type { Database } from "./clients/postgres.ts";
import type { TolerantCache } from "./tolerant-cache.ts";

// Also bounds how long a reader may see an old note if the cache was away while the note changed.
const TTL_SECONDS = 60;

export interface NoteContent {
  title: string;
  text: string;
}

export interface Note extends NoteContent {
  id: number;
  createdAt: string;
  updatedAt: string;
}

interface Row extends NoteContent {
  id: string;
  created_at: Date;
  updated_at: Date;
}

/** Notes in PostgreSQL, read through the cache one by one. */
export class Notes {
  readonly #database: Database;
  readonly #cache: TolerantCache;

  constructor(database: Database, cache: TolerantCache) {
    this.#database = database;
    this.#cache = cache;
  }

  async create({ title, text }: NoteContent): Promise<Note> {
    const [note] = await this.#query("insert into notes (title, text) values ($1, $2) returning *", [title, text]);
    return note!;
  }

  async find(id: number): Promise<{ note: Note; cached: boolean } | undefined> {
    const hit = await this.#cache.get<Note>(key(id));
    if (hit) return { note: hit, cached: true };
    const [note] = await this.#query("select * from notes where id = $1", [id]);
    if (!note) return undefined;
    await this.#cache.set(key(id), note, TTL_SECONDS);
    return { note, cached: false };
  }

  /** The newest first. */
  async list(limit: number): Promise<Note[]> {
    return this.#query("select * from notes order by created_at desc, id desc limit $1", [limit]);
  }

  async replace(id: number, { title, text }: NoteContent): Promise<Note | undefined> {
    const [note] = await this.#query(
      "update notes set title = $2, text = $3, updated_at = now() where id = $1 returning *",
      [id, title, text],
    );
    await this.#cache.delete(key(id));
    return note;
  }

  async remove(id: number): Promise<boolean> {
    const removed = await this.#query("delete from notes where id = $1 returning *", [id]);
    await this.#cache.delete(key(id));
    return removed.length > 0;
  }

  async #query(text: string, values: unknown[]): Promise<Note[]> {
    const rows = await this.#database.query<Row>(text, values);
    return rows.map(toNote);
  }
}

function key(id: number): string {
  return `note:${id}`;
}

// pg hands out a bigint as a string; an identity column never gets beyond what a number holds.
function toNote({ id, title, text, created_at, updated_at }: Row): Note {
  return { id: Number(id), title, text, createdAt: created_at.toISOString(), updatedAt: updated_at.toISOString() };
}
