export interface NoteContent {
  title: string;
  text: string;
  tags: string[];
}

export interface Note extends NoteContent {
  id: number;
  createdAt: string;
  updatedAt: string;
}

/** A note as PostgreSQL has it. */
export interface Row extends NoteContent {
  id: string;
  created_at: Date;
  updated_at: Date;
}

// pg hands out a bigint as a string; an identity column never gets beyond what a number holds.
export function toNote({ id, title, text, tags, created_at, updated_at }: Row): Note {
  return {
    id: Number(id),
    title,
    text,
    tags,
    createdAt: created_at.toISOString(),
    updatedAt: updated_at.toISOString(),
  };
}
