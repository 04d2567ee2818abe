import type { Inspection, WorkloadStatus } from "../../components/engines/inspection.ts";
import { inUrl } from "../../components/engines/ports.ts";
import { reportOrphans } from "./clones.ts";
import { commandFor } from "./command.ts";
import { isIdentified, labels, STACK, type State } from "./stack.ts";

/** One service or job of the stack, as it is now. */
export interface ServiceRow {
  service: string;
  /** The same for people: what only stands in for another server says so. */
  shown: string;
  kind: "service" | "job";
  /**
   * For a service `ready`, `starting`, `unhealthy`, `stopped`, …, or `running` where it has no probe; for a job `done`, `running`,
   * `failed` or `waiting`.
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
  return found
    .map((workload) => {
      const { service, standIn, kind, state, published, name, image, status } = workload;
      return {
        service,
        shown: standIn ? `${service} (stand-in)` : service,
        kind,
        state: kind === "job" ? jobState(workload, done.has(`${service}-done`)) : state,
        addresses: published.map(({ address, hostPort }) => `${inUrl(address)}:${hostPort}`),
        container: name,
        image,
        status,
        workload,
      };
    })
    .sort((a, b) => (a.kind === b.kind ? a.service.localeCompare(b.service) : a.kind < b.kind ? 1 : -1));
}

/** Whether it is as it should be. A service without a probe is when it runs; a job that runs has yet to be done. */
export const isWell = ({ kind, state }: ServiceRow): boolean =>
  ["ready", "done", "waiting"].includes(state) || (kind === "service" && state === "running");

const isOnItsWay = ({ kind, state }: ServiceRow): boolean =>
  state === "starting" || (kind === "job" && state === "running");

/** Services and jobs that are not well, and why, in lines: what is wrong, what the last probe found, and what was written last. */
export async function unwell(
  engine: Inspection,
  rows: readonly ServiceRow[],
): Promise<{ service: string; kind: ServiceRow["kind"]; lines: string[] }[]> {
  const bad = rows.filter((row) => !isWell(row) && !isOnItsWay(row));
  return Promise.all(
    bad.map(async ({ service, kind, state, workload }) => {
      const head = kind === "job" ? `${service} ${state}` : `${service} is ${state}`;
      return { service, kind, lines: await engine.diagnose(workload, head) };
    }),
  );
}

/** Which command starts again what is not well, in a sentence without its full stop. */
export function retryAdvice({ service, kind }: Pick<ServiceRow, "service" | "kind">, { resources }: State): string {
  if (kind === "service") return `\`${commandFor("restart", `s=${service}`)}\` starts it anew`;
  // One that was done once is left alone by an `up` that brings nothing new.
  const done = resources.some(({ name }) => name === `${service}-done`);
  return done ? `\`${commandFor("job", `s=${service}`)}\` runs it again` : `\`${commandFor("dev")}\` tries it again`;
}

/**
 * The services and jobs of these names; without any, all. Ends the verb with one sentence where one of them is not up.
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
  const up = all.map(({ service }) => service);
  // What is down is in state all the same.
  const isDown = (name: string) =>
    found.every(({ service }) => service !== name) && state.resources.some((each) => each.name === name);
  const down = names.filter(isDown);
  const advice = commandFor("dev", ...(down.length > 0 ? [`only=${down.join(",")}`] : []));
  const wanted = chosenNames(
    names,
    up,
    `up in stack ${STACK}${kind ? ` as a ${kind}` : ""}`,
    down.length > 0 || up.length === 0 ? `\`${advice}\` brings it up` : undefined,
  );
  return all.filter(({ service }) => wanted.includes(service));
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
