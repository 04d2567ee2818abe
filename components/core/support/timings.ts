import { appendFileSync } from "node:fs";
import type { Seen } from "../../engines/engine.ts";

/** A note for `make dev` on one service or job, or on an image that is being pulled. Times are in ms since 1970, by this machine's clock. */
export interface Note {
  service: string;
  /** Which of its containers the times and the health are of: `backend.2`. @default - its only one */
  replica?: string;
  kind?: "service" | "job" | "image";
  /** Progress of an image, of which Pulumi's own events say nothing. */
  phase?: "pulling" | "done" | "failed";
  /** How far it is. */
  detail?: string;
  /** Names of what it refers to. */
  waitsFor?: string[];
  createdAt?: number;
  startedAt?: number | undefined;
  /** In the engine's own word. */
  health?: string | undefined;
  /** From its start to its first good probe, or from a job's start to its end. */
  tookMs?: number | undefined;
}

/** Adds a line of JSON to the file that `make dev` names. Never a secret. */
export function note(fact: Note): void {
  const file = process.env.STACKYARD_TIMINGS;
  if (file) appendFileSync(file, `${JSON.stringify(fact)}\n`, { mode: 0o600 });
}

/**
 * Notes what is seen of a service or a job, if it has changed.
 *
 * @param replica which container of it. @default - its only one
 */
export function notesOf(service: string, replica?: string): (seen: Seen) => void {
  let last = "";
  return ({ createdAt, startedAt, health }) => {
    const seen = { service, ...(replica === undefined ? {} : { replica }), createdAt, startedAt, health };
    if (JSON.stringify(seen) === last) return;
    last = JSON.stringify(seen);
    note(seen);
  };
}
