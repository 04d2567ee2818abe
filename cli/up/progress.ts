import type { automation } from "@pulumi/pulumi";
import { defined } from "../../components/core/support/defined.ts";
import type { Note } from "../../components/core/support/timings.ts";
import { kindOf } from "../shared/engine.ts";
import { withoutHook } from "../shared/pulumi.ts";
import type { Step } from "../shared/timeline.ts";

type EngineEvent = automation.EngineEvent;
type StepEventMetadata = automation.StepEventMetadata;

/** What an `up` is doing with a service or a job, or has done with it. */
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

export interface Row extends Omit<Note, "phase" | "replica"> {
  phase: Phase;
  /** When the phase began, in ms since 1970. */
  since: number;
  /** The services and jobs that it waits for now. */
  missing: string[];
}

/** The phases that are reported of a row itself: that it waits follows from the other rows. */
type Reported = Exclude<Phase, "waiting">;

const OVER: readonly Phase[] = ["ready", "done", "unchanged", "removed"];
const ACTIVE: readonly Phase[] = ["pulling", "creating", "updating", "stopping", "starting", "running"];
const isOver = ({ phase }: Row) => OVER.includes(phase);

/** Whether something is being done to it now. */
export const isActive = ({ phase }: Row) => ACTIVE.includes(phase);

/** When a container was made, when it was started, and how long it took to be ready. */
type Times = Pick<Note, "createdAt" | "startedAt" | "tookMs">;

/** What is called as an `up` goes on. */
export interface Listener {
  /** A row has changed its phase, or is new. */
  phaseChanged(row: Row): void;
  /** A row has got further within its phase. */
  advanced(row: Row): void;
  /** Pulumi, the program or a job has written something. */
  wrote(text: string): void;
}

/**
 * What an `up` is doing, service by service: derived from the events of pulumi's engine, and from the program's notes on its
 * services (what refers to what, and what the engine says of their containers).
 */
export class Progress {
  /** How many resources were created, updated and so on: `2 created, 29 unchanged`. */
  summary = "";
  readonly rows: Map<string, Row>;
  /** In ms since 1970. */
  readonly began: number;
  /** Whether somebody has interrupted the run: what fails from then on has not failed by itself. */
  interrupted = false;
  readonly #reported = new Map<string, Reported>();
  readonly #containers = new Map<string, Map<string, Times>>();
  readonly #listener: Listener;
  #errors = 0;

  constructor(rows: Map<string, Row>, listener: Listener, began = Date.now()) {
    this.rows = rows;
    this.began = began;
    this.#listener = listener;
  }

  note(fact: Note, at = Date.now()): void {
    const known = this.rows.get(fact.service);
    const { phase, replica, ...about } = fact;
    if (known) Object.assign(known, about, known.kind === "image" ? {} : this.#timesWith(fact));
    else if (fact.kind) this.#add(about, at);
    if (phase) this.#report(fact.service, phase);
    this.#settle(at);
    if (known && fact.detail) this.#listener.advanced(known);
  }

  /** How long a container of a service took to be ready, or a job to end; undefined for one that was started in an earlier run. */
  tookMs(service: string, replica: string): number | undefined {
    return this.#containers.get(service)?.get(replica)?.tookMs;
  }

  /** The times of a service, with what a note has of one of its containers: from the first that was started in this run to the last. */
  #timesWith({ service, replica = service, createdAt, startedAt, tookMs }: Note): Times {
    const all = this.#containers.get(service) ?? new Map<string, Times>();
    const times = {
      ...all.get(replica),
      ...defined({ createdAt, startedAt, tookMs }, ["createdAt", "startedAt", "tookMs"]),
    };
    // How long one took that was started in an earlier run is not known any more.
    if ((times.startedAt ?? 0) < this.began) times.tookMs = undefined;
    this.#containers.set(service, all.set(replica, times));
    const started = [...all.values()].filter(({ startedAt = 0 }) => startedAt >= this.began);
    if (started.length === 0) return times;
    const first = Math.min(...started.map(({ startedAt = 0 }) => startedAt));
    const ready = started.flatMap(({ startedAt = 0, tookMs }) => (tookMs === undefined ? [] : startedAt + tookMs));
    const created = started.flatMap(({ createdAt }) => createdAt ?? []);
    return {
      ...(created.length > 0 ? { createdAt: Math.min(...created) } : {}),
      startedAt: first,
      tookMs: ready.length > 0 ? Math.max(...ready) - first : undefined,
    };
  }

  event(event: EngineEvent, at = Date.now()): void {
    const {
      resourcePreEvent: pre,
      resOutputsEvent: post,
      resOpFailedEvent: failed,
      diagnosticEvent: diagnostic,
    } = event;
    if (pre) this.#began(pre.metadata, at);
    if (post) this.#ended(post.metadata);
    if (failed) this.#report(ownerOf(failed.metadata), this.interrupted ? "interrupted" : "failed");
    if (diagnostic && !diagnostic.ephemeral) this.#diagnose(diagnostic.severity, diagnostic.message, diagnostic.urn);
    if (event.stdoutEvent) this.#listener.wrote(event.stdoutEvent.message);
    if (event.summaryEvent) this.summary = counted(event.summaryEvent.resourceChanges);
    this.#settle(at);
  }

  /** What each service and job did in this run, for the timeline. */
  steps(ended: number): Step[] {
    return [...this.rows.values()].flatMap(({ service: name, kind, waitsFor = [], phase, since, ...note }) => {
      if (!kind || kind === "image" || phase === "removed") return [];
      // Only what happened in this run.
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
      if (making) this.#report(owner, row?.kind === "job" ? "running" : "starting");
    } else if (isContainer(step) && !row) {
      // The program does not declare it any more.
      if (going) this.#add({ service: owner }, at);
      this.#report(owner, "stopping");
    } else if (isContainer(step) && row && !isOver(row)) {
      if (making) this.#report(owner, "creating");
      if (going) this.#report(owner, "stopping");
      if (step.op === "update") this.#report(owner, "updating");
    } else if (making && this.#reported.get(owner) === "checking") this.#report(owner, "creating");
  }

  #ended(step: StepEventMetadata): void {
    const owner = ownerOf(step);
    const row = this.rows.get(owner);
    if (!row) return;
    const good = row.kind === "job" ? "done" : "ready";
    if (isGate(step, owner)) {
      if (step.op === "create" || step.op === "create-replacement") this.#report(owner, good);
      // A service that was changed in place has become ready before its gate is looked at; a job was not run.
      if (step.op === "same") this.#report(owner, row.kind === "service" && isActive(row) ? good : "unchanged");
    }
    if (isContainer(step) && !row.kind) this.#report(owner, "removed");
  }

  #add(fact: Omit<Note, "phase">, at: number): void {
    const row: Row = { ...fact, phase: "checking", since: at, missing: [] };
    this.rows.set(fact.service, row);
    this.#reported.set(fact.service, "checking");
    this.#listener.phaseChanged(row);
  }

  #report(name: string, phase: Reported): void {
    if (this.rows.has(name)) this.#reported.set(name, phase);
  }

  /** Brings every row to the phase that it is in now. */
  #settle(at: number): void {
    // In the program's order: what a row refers to comes before it.
    for (const row of this.rows.values()) {
      const reported = this.#reported.get(row.service) ?? "checking";
      const missing = (row.waitsFor ?? []).flatMap((name) => this.rows.get(name) ?? []).filter((each) => !isOver(each));
      row.missing = missing.map(({ service }) => service);
      // A row that may have nothing to do is not shown as waiting.
      const waits =
        row.phase === "waiting" || reported === "creating" || missing.some(({ phase }) => phase !== "checking");
      const held = waits && missing.length > 0 && (reported === "checking" || reported === "creating");
      const phase = held ? "waiting" : reported;
      if (phase === row.phase) continue;
      Object.assign(row, { phase, since: at });
      this.#listener.phaseChanged(row);
    }
  }

  #diagnose(severity: string, message: string, urn: string | undefined): void {
    const text = withoutHook(message);
    if (severity === "error") {
      // Pulumi's closing message, which adds nothing once an error was shown.
      if (text.trim() === "update failed" && this.#errors > 0) return;
      this.#errors++;
    }
    const owner = urn ? nameOf(urn) : undefined;
    if (severity === "error" || severity === "warning") {
      // The message of a gate or a guard begins with its subject.
      const about = owner && text === message ? `${owner}: ` : "";
      this.#listener.wrote(`${severity}: ${about}${text}`);
    } else this.#listener.wrote(owner && this.rows.has(owner) ? `${owner} | ${text}` : text);
  }
}

const PAST_TENSE: Record<string, string> = {
  create: "created",
  update: "updated",
  replace: "replaced",
  delete: "deleted",
  same: "unchanged",
};
const counted = (changes: Record<string, number>) =>
  Object.entries(PAST_TENSE)
    .flatMap(([op, did]) => (changes[op] ? [`${changes[op]} ${did}`] : []))
    .join(", ");

const nameOf = (urn: string) => urn.slice(urn.lastIndexOf("::") + 2);

/** The name of the component that a resource is a part of; its own where it is a part of none. */
function ownerOf({ urn, new: now, old }: StepEventMetadata): string {
  const parent = (now ?? old)?.parent ?? "";
  return nameOf(parent === "" || parent.includes("::pulumi:pulumi:Stack::") ? urn : parent);
}

const isContainer = (step: StepEventMetadata) => kindOf(step) === "container";
const isGate = ({ type, urn }: StepEventMetadata, owner: string) =>
  type === "pulumi:index:Stash" && [`${owner}-ready`, `${owner}-done`].includes(nameOf(urn));
