import type { Database } from "./clients/postgres.ts";
import { told } from "./errors.ts";
import { type Note, type NoteContent, type Row, toNote } from "./note.ts";
import type { TolerantCache } from "./tolerant-cache.ts";

// Also bounds how long a reader may see an old note if the cache was away while the note changed.
const TTL_SECONDS = 60;

/** Notes in PostgreSQL, read through the cache one by one. */
export class Notes {
  readonly #database: Database | undefined;
  readonly #cache: TolerantCache;
  readonly #changed: () => void;

  /** @param changed is called after each change. */
  constructor(database: Database | undefined, cache: TolerantCache, changed: () => void) {
    this.#database = database;
    this.#cache = cache;
    this.#changed = changed;
  }

  async create({ title, text, tags }: NoteContent): Promise<Note> {
    const [note] = await this.#query("insert into notes (title, text, tags) values ($1, $2, $3) returning *", [
      title,
      text,
      tags,
    ]);
    this.#changed();
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

  /** What was found elsewhere, with the note that it is about, in the same order. One that is gone meanwhile is left out. */
  async withNotes<Found extends { id: number }>(found: readonly Found[]): Promise<(Found & { note: Note })[]> {
    const notes = await this.#query("select * from notes where id = any($1)", [found.map(({ id }) => id)]);
    const byId = new Map(notes.map((note) => [note.id, note]));
    return found.flatMap((each) => {
      const note = byId.get(each.id);
      return note ? [{ ...each, note }] : [];
    });
  }

  async replace(id: number, { title, text, tags }: NoteContent): Promise<Note | undefined> {
    const [note] = await this.#query(
      "update notes set title = $2, text = $3, tags = $4, updated_at = now() where id = $1 returning *",
      [id, title, text, tags],
    );
    await this.#cache.delete(key(id));
    this.#changed();
    return note;
  }

  async remove(id: number): Promise<boolean> {
    const removed = await this.#query("delete from notes where id = $1 returning *", [id]);
    await this.#cache.delete(key(id));
    this.#changed();
    return removed.length > 0;
  }

  async #query(text: string, values: unknown[]): Promise<Note[]> {
    const rows = await told("database", this.#database).query<Row>(text, values);
    return rows.map(toNote);
  }
}

function key(id: number): string {
  return `note:${id}`;
}
