import type { automation } from "@pulumi/pulumi";
import type { Note } from "../../components/core/support/timings.ts";
import { kindOf } from "../shared/engine.ts";

type EngineEvent = automation.EngineEvent;
type StepEventMetadata = automation.StepEventMetadata;

import type { Step } from "../shared/timeline.ts";

/** Where a service or a job is on its way. */
export type Phase =
  | "checking"
  | "pulling"
  | "waiting"
  | "creating"
  | "updating"
  | "stopping"
  | "starting"
  | "running"
  | "ready"
  | "done"
  | "unchanged"
  | "removed"
  | "failed"
  | "interrupted";

export interface Row extends Omit<Note, "phase"> {
  phase: Phase;
  /** When it got there, in ms since 1970. */
  since: number;
  /** Those that it waits for now. */
  missing: string[];
}

/** What comes to a row's own ears; what it waits for is seen from the other rows. */
type Heard = Exclude<Phase, "waiting">;

const OVER: readonly Phase[] = ["ready", "done", "unchanged", "removed"];
const ACTIVE: readonly Phase[] = ["pulling", "creating", "updating", "stopping", "starting", "running"];
const isOver = ({ phase }: Row) => OVER.includes(phase);

/** Whether it is being worked on. */
export const isActive = ({ phase }: Row) => ACTIVE.includes(phase);

/** Who is told. */
export interface Listener {
  /** A row is in another phase, or in its first one. */
  moved(row: Row): void;
  /** A row is further in the same phase. */
  got(row: Row): void;
  /** What pulumi, the program or a job has to say. */
  said(text: string): void;
}

/**
 * What an `up` is doing, service by service: made out of the events of pulumi's engine, and of what the program notes of its
 * services (what refers to what, and what the engine says of their containers).
 */
export class Progress {
  /** Resources by what was done to them: `2 created, 29 unchanged`. */
  summary = "";
  readonly rows: Map<string, Row>;
  /** In ms since 1970. */
  readonly began: number;
  /** Whether somebody has ended it: what fails from then on has not failed by itself. */
  interrupted = false;
  readonly #heard = new Map<string, Heard>();
  readonly #listener: Listener;
  #errors = 0;

  constructor(rows: Map<string, Row>, listener: Listener, began = Date.now()) {
    this.rows = rows;
    this.began = began;
    this.#listener = listener;
  }

  note(fact: Note, at = Date.now()): void {
    const known = this.rows.get(fact.service);
    const { phase, ...about } = fact;
    const { tookMs, ...rest } = about;
    // Of one that was started earlier, nobody knows any more when it first answered.
    if (known) Object.assign(known, known.kind !== "image" && (known.startedAt ?? 0) < this.began ? rest : about);
    else if (fact.kind) this.#add(about, at);
    if (phase) this.#hear(fact.service, phase);
    this.#settle(at);
    if (known && fact.detail) this.#listener.got(known);
  }

  event(event: EngineEvent, at = Date.now()): void {
    const { resourcePreEvent: pre, resOutputsEvent: post, resOpFailedEvent: failed, diagnosticEvent: said } = event;
    if (pre) this.#began(pre.metadata, at);
    if (post) this.#ended(post.metadata);
    if (failed) this.#hear(ownerOf(failed.metadata), this.interrupted ? "interrupted" : "failed");
    if (said && !said.ephemeral) this.#say(said.severity, said.message, said.urn);
    if (event.stdoutEvent) this.#listener.said(event.stdoutEvent.message);
    if (event.summaryEvent) this.summary = counted(event.summaryEvent.resourceChanges);
    this.#settle(at);
  }

  /** What each did in this run, for its timeline. */
  steps(ended: number): Step[] {
    return [...this.rows.values()].flatMap(({ service: name, kind, waitsFor = [], phase, since, ...note }) => {
      if (!kind || kind === "image" || phase === "removed") return [];
      // Of this run only.
      const ms = (at: number | undefined) =>
        at === undefined || at < this.began || at > ended ? undefined : at - this.began;
      const answered =
        kind === "service" && note.startedAt !== undefined && note.tookMs !== undefined
          ? note.startedAt + note.tookMs
          : undefined;
      const times = {
        createdMs: ms(note.createdAt),
        startedMs: ms(note.startedAt),
        answeredMs: ms(answered),
        finishedMs: phase === "ready" || phase === "done" ? ms(since) : undefined,
      };
      const known = Object.entries(times).filter(([, at]) => at !== undefined);
      return [{ name, kind, waitsFor, ...Object.fromEntries(known) }];
    });
  }

  #began(step: StepEventMetadata, at: number): void {
    const owner = ownerOf(step);
    const row = this.rows.get(owner);
    const making = step.op === "create" || step.op === "create-replacement";
    const going = step.op === "delete" || step.op === "delete-replaced";
    if (isGate(step, owner)) {
      if (making) this.#hear(owner, row?.kind === "job" ? "running" : "starting");
    } else if (isContainer(step) && !row) {
      // It is in the program no more.
      if (going) this.#add({ service: owner }, at);
      this.#hear(owner, "stopping");
    } else if (isContainer(step) && row && !isOver(row)) {
      if (making) this.#hear(owner, "creating");
      if (going) this.#hear(owner, "stopping");
      if (step.op === "update") this.#hear(owner, "updating");
    } else if (making && this.#heard.get(owner) === "checking") this.#hear(owner, "creating");
  }

  #ended(step: StepEventMetadata): void {
    const owner = ownerOf(step);
    const row = this.rows.get(owner);
    if (!row) return;
    const good = row.kind === "job" ? "done" : "ready";
    if (isGate(step, owner)) {
      if (step.op === "create" || step.op === "create-replacement") this.#hear(owner, good);
      // A service that was mended in place was waited for before its gate is looked at; a job was not run.
      if (step.op === "same") this.#hear(owner, row.kind === "service" && isActive(row) ? good : "unchanged");
    }
    if (isContainer(step) && !row.kind) this.#hear(owner, "removed");
  }

  #add(fact: Omit<Note, "phase">, at: number): void {
    const row: Row = { ...fact, phase: "checking", since: at, missing: [] };
    this.rows.set(fact.service, row);
    this.#heard.set(fact.service, "checking");
    this.#listener.moved(row);
  }

  #hear(name: string, phase: Heard): void {
    if (this.rows.has(name)) this.#heard.set(name, phase);
  }

  /** Brings every row to the phase that it is in now. */
  #settle(at: number): void {
    // In the program's order: who is referred to comes first.
    for (const row of this.rows.values()) {
      const heard = this.#heard.get(row.service) ?? "checking";
      const missing = (row.waitsFor ?? []).flatMap((name) => this.rows.get(name) ?? []).filter((each) => !isOver(each));
      row.missing = missing.map(({ service }) => service);
      // Not while there may be nothing to do.
      const waits =
        row.phase === "waiting" || heard === "creating" || missing.some(({ phase }) => phase !== "checking");
      const held = waits && missing.length > 0 && (heard === "checking" || heard === "creating");
      const phase = held ? "waiting" : heard;
      if (phase === row.phase) continue;
      Object.assign(row, { phase, since: at });
      this.#listener.moved(row);
    }
  }

  #say(severity: string, message: string, urn: string | undefined): void {
    const text = message.replace(/^before hook "[^"]*" failed: /, "");
    if (severity === "error") {
      // The engine's own last word, which says nothing when another one has.
      if (text.trim() === "update failed" && this.#errors > 0) return;
      this.#errors++;
    }
    const owner = urn ? lastOf(urn) : undefined;
    if (severity === "error" || severity === "warning") {
      // What a gate or a guard says begins with its subject.
      const about = owner && text === message ? `${owner}: ` : "";
      this.#listener.said(`${severity}: ${about}${text}`);
    } else this.#listener.said(owner && this.rows.has(owner) ? `${owner} | ${text}` : text);
  }
}

const DID: Record<string, string> = {
  create: "created",
  update: "updated",
  replace: "replaced",
  delete: "deleted",
  same: "unchanged",
};
const counted = (changes: Record<string, number>) =>
  Object.entries(DID)
    .flatMap(([op, did]) => (changes[op] ? [`${changes[op]} ${did}`] : []))
    .join(", ");

const lastOf = (urn: string) => urn.slice(urn.lastIndexOf("::") + 2);

/** The component that a resource is a part of; what is a part of none is its own. */
function ownerOf({ urn, new: now, old }: StepEventMetadata): string {
  const parent = (now ?? old)?.parent ?? "";
  return lastOf(parent === "" || parent.includes("::pulumi:pulumi:Stack::") ? urn : parent);
}

const isContainer = (step: StepEventMetadata) => kindOf(step) === "container";
const isGate = ({ type, urn }: StepEventMetadata, owner: string) =>
  type === "pulumi:index:Stash" && [`${owner}-ready`, `${owner}-done`].includes(lastOf(urn));
