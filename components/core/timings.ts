import { appendFileSync } from "node:fs";
import type * as pulumi from "@pulumi/pulumi";
import type { ContainerState } from "../engines/api.ts";
import type { Dependency } from "./dependency.ts";

/** What `make dev` is told of one service or job, bit by bit. Times are in ms since 1970, by the engine's clock. */
export interface Note {
  service: string;
  kind?: "service" | "job";
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

const names = new WeakMap<pulumi.Resource, string>();

/** Notes that there is one, and what it refers to. */
export function noteDeclared(
  service: string,
  kind: "service" | "job",
  gate: pulumi.Resource,
  uses: readonly Dependency[],
): void {
  names.set(gate, service);
  note({ service, kind, waitsFor: [...new Set(uses.flatMap((each) => names.get(each.gate) ?? []))] });
}

/** Notes what the engine says of a container, when it says something else than before. */
export function notesOf(service: string): (state: ContainerState) => void {
  let last = "";
  return ({ createdAt, startedAt, health }) => {
    const seen = { service, createdAt: createdAt.getTime(), startedAt: startedAt?.getTime(), health: health?.status };
    if (JSON.stringify(seen) === last) return;
    last = JSON.stringify(seen);
    note(seen);
  };
}
