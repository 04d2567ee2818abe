import { appendFileSync } from "node:fs";
import type { Seen } from "../../engines/engine.ts";

/** What `make dev` is told of one service or job, or of an image that is pulled, bit by bit. Times are in ms since 1970, by this machine's clock. */
export interface Note {
  service: string;
  kind?: "service" | "job" | "image";
  /** Of an image, of which pulumi's engine has nothing to say: where it is on its way. */
  phase?: "pulling" | "done" | "failed";
  /** How far it is. */
  detail?: string;
  /** Names of those that it refers to. */
  waitsFor?: string[];
  createdAt?: number;
  startedAt?: number | undefined;
  /** In the engine's word. */
  health?: string | undefined;
  /** From its start to its first good probe, or from a job's start to its end. */
  tookMs?: number;
}

/** For `make dev`, which names a file: a line of JSON. Never a secret. */
export function note(fact: Note): void {
  const file = process.env.STACKYARD_TIMINGS;
  if (file) appendFileSync(file, `${JSON.stringify(fact)}\n`, { mode: 0o600 });
}

/** Notes what is seen of a service or a job, when it is something else than before. */
export function notesOf(service: string): (seen: Seen) => void {
  let last = "";
  return ({ createdAt, startedAt, health }) => {
    const seen = { service, createdAt, startedAt, health };
    if (JSON.stringify(seen) === last) return;
    last = JSON.stringify(seen);
    note(seen);
  };
}
