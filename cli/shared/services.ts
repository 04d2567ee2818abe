import type { Inspection, WorkloadStatus } from "../../components/engines/inspection.ts";
import { inUrl } from "../../components/engines/ports.ts";
import { reportOrphans } from "./clones.ts";
import { commandFor } from "./command.ts";
import { lockFile } from "./hold.ts";
import { serving } from "./serving.ts";
import { isIdentified, labels, STACK, type State } from "./stack.ts";
import { fateOf, readHolder, TOKEN_VARIABLE } from "./verb-lock.ts";

/** One container of a service, or a job of the stack, as it is now. */
export interface ServiceRow {
  service: string;
  /** Which of the service's containers: `backend.2`; of the first, and of a job, the name alone. */
  replica: string;
  /** The same for people: what only stands in for another server says so. */
  shown: string;
  kind: "service" | "job";
  /**
   * For a service `ready`, `starting`, `unhealthy`, `stopped`, …, or `running` where it has no probe; `failed` for a container of a
   * release that has failed, whatever it does. For a job `done`, `running`, `failed` or `waiting`.
   */
  state: string;
  /** On the host, when published. */
  addresses: string[];
  container: string;
  image: string;
  /** How long it has been in this state, in the engine's words. */
  status: string;
  /** What the engine says of it, and is asked about it by. */
  workload: WorkloadStatus;
}

/** None of a stack that has never been brought up from this clone, whatever else on the engine has its name. */
export async function services(engine: Inspection, state: State): Promise<ServiceRow[]> {
  const found = isIdentified(state) ? await engine.list(labels(state)) : [];
  const done = new Set(
    state.resources.flatMap(({ type, name }) =>
      type === "pulumi:index:Stash" && name.endsWith("-done") ? [name] : [],
    ),
  );
  const failed = ofFailedReleases(found, state);
  return found
    .map((workload) => {
      const { service, replica, standIn, kind, state, published, name, image, status } = workload;
      return {
        service,
        replica,
        shown: standIn ? `${replica} (stand-in)` : replica,
        kind,
        state:
          kind === "job" ? jobState(workload, done.has(`${service}-done`)) : failed.has(workload) ? "failed" : state,
        addresses: published.map(({ address, hostPort }) => `${inUrl(address)}:${hostPort}`),
        container: name,
        image,
        status,
        workload,
      };
    })
    .sort((a, b) => (a.kind === b.kind ? BY_NAME.compare(place(a), place(b)) : a.kind < b.kind ? 1 : -1));
}

/** `backend.10` comes after `backend.9`. */
const BY_NAME = new Intl.Collator("en", { numeric: true });
/** What a failed release has left comes after what serves. */
const place = ({ replica, state }: ServiceRow) => `${replica} ${state === "failed" ? 1 : 0}`;

/** Those that get no requests beside others of their service that do, while no other run is at work on the stack. */
function ofFailedReleases(found: readonly WorkloadStatus[], { resources }: State): Set<WorkloadStatus> {
  const failed = new Set<WorkloadStatus>();
  for (const service of new Set(found.filter(({ kind }) => kind === "service").map(({ service }) => service))) {
    const all = found.filter((each) => each.service === service);
    const keys = serving(service, resources);
    if (all.some(({ key }) => keys.has(key))) for (const each of all) if (!keys.has(each.key)) failed.add(each);
  }
  return failed.size > 0 && !isAtWork() ? failed : new Set();
}

/** Whether another run holds the stack. */
function isAtWork(): boolean {
  const holder = readHolder(lockFile());
  return holder !== undefined && holder.token !== process.env[TOKEN_VARIABLE] && fateOf(holder) !== "gone";
}

/** Of each service whose last release has failed: which containers serve, and which failed. In sentences. */
export function failedReleases(rows: readonly ServiceRow[]): string[] {
  const failed = rows.filter(hasFailedToRelease);
  return [...new Set(failed.map(({ service }) => service))].map((service) => {
    const names = (all: readonly ServiceRow[]) =>
      all.flatMap((each) => (each.service === service ? each.container : [])).join(", ");
    return (
      `The last release of ${service} has failed: requests go to ${names(rows.filter((each) => !failed.includes(each)))}, ` +
      `none to ${names(failed)}. \`${commandFor("dev")}\` tries it again; one that succeeds removes what failed.`
    );
  });
}

/** Whether it is of a release that has failed. */
export const hasFailedToRelease = ({ kind, state }: Pick<ServiceRow, "kind" | "state">): boolean =>
  kind === "service" && state === "failed";

/** The container of a service, or the job, that a command is run in: the first that is ready, or else the first. */
export const foremost = (rows: readonly ServiceRow[]): ServiceRow | undefined => rows.find(isWell) ?? rows[0];

/** Whether it is as it should be. A service without a probe is when it runs; a job that runs has yet to be done. */
export const isWell = ({ kind, state }: ServiceRow): boolean =>
  ["ready", "done", "waiting"].includes(state) || (kind === "service" && state === "running");

const isOnItsWay = ({ kind, state }: ServiceRow): boolean =>
  state === "starting" || (kind === "job" && state === "running");

export interface Unwell extends Pick<ServiceRow, "service" | "replica" | "kind"> {
  /** False for a container of a release that has failed. */
  released: boolean;
  lines: string[];
}

/** Services and jobs that are not well, and why, in lines: what is wrong, what the last probe found, and what was written last. */
export async function unwell(engine: Inspection, rows: readonly ServiceRow[]): Promise<Unwell[]> {
  const bad = rows.filter((row) => !isWell(row) && !isOnItsWay(row));
  return Promise.all(
    bad.map(async (row) => {
      const { service, replica, kind, state, workload } = row;
      const head = hasFailedToRelease(row)
        ? `${replica} of the last release failed`
        : kind === "job"
          ? `${replica} ${state}`
          : `${replica} is ${state}`;
      return {
        ...{ service, replica, kind, released: !hasFailedToRelease(row) },
        lines: await engine.diagnose(workload, head),
      };
    }),
  );
}

/** Which command starts again what is not well, in a sentence without its full stop. */
export function retryAdvice({ service, replica, kind, released }: Omit<Unwell, "lines">, { resources }: State): string {
  if (!released) return `\`${commandFor("dev")}\` tries it again`;
  if (kind === "service") return `\`${commandFor("restart", `s=${replica}`)}\` starts it anew`;
  // One that was done once is left alone by an `up` that brings nothing new.
  const done = resources.some(({ name }) => name === `${service}-done`);
  return done ? `\`${commandFor("job", `s=${service}`)}\` runs it again` : `\`${commandFor("dev")}\` tries it again`;
}

/**
 * The services and jobs of these names, each in all its containers, and the single containers (`backend.2`); without any, all. Ends
 * the verb with one sentence where one of them is not up.
 *
 * @param kind only of these. @default - services and jobs
 */
export async function chosenServices(
  engine: Inspection,
  state: State,
  names: readonly string[] = [],
  kind?: ServiceRow["kind"],
): Promise<ServiceRow[]> {
  const found = await services(engine, state);
  const all = found.filter((each) => kind === undefined || each.kind === kind);
  if (all.length === 0) await reportOrphans(state, engine);
  const up = [...new Set(all.map(({ service }) => service))];
  const single = names.filter((name) => !up.includes(name) && all.some(({ replica }) => replica === name));
  // What is down is in state all the same.
  const isDown = (name: string) =>
    found.every(({ service }) => service !== name) && state.resources.some((each) => each.name === name);
  const down = names.filter(isDown);
  const advice = commandFor("dev", ...(down.length > 0 ? [`only=${down.join(",")}`] : []));
  const others = names.filter((name) => !single.includes(name));
  if (single.length > 0 && others.length === 0) return all.filter(({ replica }) => single.includes(replica));
  const wanted = chosenNames(
    others,
    up,
    `up in stack ${STACK}${kind ? ` as a ${kind}` : ""}`,
    down.length > 0 || up.length === 0 ? `\`${advice}\` brings it up` : undefined,
  );
  return all.filter(({ service, replica }) => wanted.includes(service) || single.includes(replica));
}

/**
 * The wanted names; without any, all names. Ends the verb with one sentence where one of them is unknown, or there are none.
 *
 * @param known the names to choose from.
 * @param what they have in common, for messages: `up in stack dev`.
 * @param advice what to do, in a sentence without its full stop. @default - none
 */
export function chosenNames(
  wanted: readonly string[],
  known: readonly string[],
  what: string,
  advice?: string,
): readonly string[] {
  const unknown = wanted.filter((name) => !known.includes(name));
  if (unknown.length === 0 && known.length > 0) return wanted.length > 0 ? wanted : known;
  const fault =
    unknown.length > 0
      ? `${unknown.join(", ")} is not ${what}; up: ${known.join(", ") || "nothing"}`
      : `Nothing is ${what}`;
  process.stderr.write(`${fault}${advice ? `. ${advice}` : ""}${advice || unknown.length === 0 ? "." : ""}\n`);
  process.exit(1);
}

function jobState({ state, exitCode }: WorkloadStatus, done: boolean): string {
  if (state === "running") return "running";
  // Its gate is of an earlier run where it failed when it was run again.
  if (state === "stopped") return exitCode === 0 ? "done" : "failed";
  return done ? "done" : "waiting";
}
