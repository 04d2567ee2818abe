import { appendFileSync } from "node:fs";
import type { ContainerState } from "../../engines/containers/api.ts";
import type { Clock } from "../../engines/containers/clock.ts";

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

/** Notes what the engine says of a container, when it says something else than before. */
export function notesOf(service: string, clock: Clock): (state: ContainerState) => void {
  let last = "";
  return ({ createdAt, startedAt, health }) => {
    const seen = {
      service,
      createdAt: clock.here(createdAt).getTime(),
      startedAt: startedAt && clock.here(startedAt).getTime(),
      health: health?.status,
    };
    if (JSON.stringify(seen) === last) return;
    last = JSON.stringify(seen);
    note(seen);
  };
}
