import { setTimeout as pause } from "node:timers/promises";
import type { EngineApi } from "../../components/engines/containers/api.ts";
import { saidLast } from "../../components/engines/containers/watch.ts";
import { tellOfOrphans } from "./clones.ts";
import { isIdentified, labels, STACK, type State } from "./stack.ts";
import { typed } from "./typed.ts";

/** One service or job of the stack, as it is now. */
export interface ServiceRow {
  service: string;
  /** The same for people: what only stands in for another server says so. */
  shown: string;
  kind: "service" | "job";
  /** `ready`, `starting`, `unhealthy`, `stopped`, … for a service; `done`, `running`, `failed`, `waiting` for a job. */
  state: string;
  /** On the host, when published. */
  addresses: string[];
  container: string;
  image: string;
  /** How long it has been in this state, in the engine's words. */
  status: string;
}

/** None of a stack that has never been brought up from this clone, whatever else on the engine has its name. */
export async function services(api: EngineApi, state: State): Promise<ServiceRow[]> {
  const found = isIdentified(state) ? await api.list(labels(state)) : [];
  const done = new Set(
    state.resources.flatMap(({ type, name }) =>
      type === "pulumi:index:Stash" && name.endsWith("-done") ? [name] : [],
    ),
  );
  return found
    .flatMap(({ name, state: now, status, image, labels, ports }) => {
      const kind = labels["stackyard.kind"];
      const service = labels["stackyard.service"] ?? name;
      if (kind !== "service" && kind !== "job") return [];
      return [
        {
          service,
          // A container has its image's labels.
          shown: labels["stackyard.stand-in-for"] === undefined ? service : `${service} (stand-in)`,
          kind,
          state: kind === "job" ? jobState(now, status, done.has(`${service}-done`)) : serviceState(now, status),
          addresses: ports.map(({ host, hostPort }) => `${host}:${hostPort}`),
          container: name,
          image,
          status,
        } as const,
      ];
    })
    .sort((a, b) => (a.kind === b.kind ? a.service.localeCompare(b.service) : a.kind < b.kind ? 1 : -1));
}

/** In which a service or a job is as it should be, or on its way. */
const WELL = ["ready", "starting", "running", "done", "waiting"];

/** What is not well, each in lines: what is wrong, what its last probe found, and what it wrote last. */
export async function unwell(
  api: EngineApi,
  rows: readonly ServiceRow[],
): Promise<{ service: string; kind: ServiceRow["kind"]; said: string[] }[]> {
  const bad = rows.filter(({ state }) => !WELL.includes(state));
  return Promise.all(
    bad.map(async ({ service, kind, state, container }) => {
      const now = await api.inspect(container);
      const head = kind === "job" ? `${service} ${state}` : `${service} is ${state}`;
      return { service, kind, said: await saidLast(api, container, now, head, { mask: (text) => text }) };
    }),
  );
}

/** What starts again what is not well, in words. */
export function again({ service, kind }: Pick<ServiceRow, "service" | "kind">, { resources }: State): string {
  if (kind === "service") return `\`${typed("restart", `s=${service}`)}\` starts it anew`;
  // One that was done once is left alone by an `up` that brings nothing new.
  const done = resources.some(({ name }) => name === `${service}-done`);
  return done ? `\`${typed("job", `s=${service}`)}\` runs it again` : `\`${typed("dev")}\` tries it again`;
}

/** As many failures in a row make a service unhealthy. */
const FAILURES = 3;
const LONGEST_MS = 60_000;

/**
 * Waits for containers that were found unhealthy while something was away that is there again: each until a probe passes, or until
 * as many have failed as make it unhealthy, of those that began after this wait.
 */
export async function probedAgain(api: EngineApi, containers: readonly string[]): Promise<void> {
  const clock = await api.clock();
  const began = Date.now();
  const over = async (container: string) => {
    const health = (await api.inspect(container))?.health;
    const since = health?.probes.filter(({ start }) => clock.here(start).getTime() >= began) ?? [];
    return health?.status !== "unhealthy" || since.length >= FAILURES || Date.now() - began >= LONGEST_MS;
  };
  await Promise.all(
    containers.map(async (container) => {
      while (!(await over(container))) await pause(500);
    }),
  );
}

/**
 * Those that `s=a,b` names, all without it. Ends the verb in one sentence where one is not there.
 *
 * @param kind only of these. @default - services and jobs
 */
export async function chosen(api: EngineApi, state: State, kind?: ServiceRow["kind"]): Promise<ServiceRow[]> {
  const all = (await services(api, state)).filter((each) => kind === undefined || each.kind === kind);
  if (all.length === 0) await tellOfOrphans(state, api);
  const wanted = named(
    all.map(({ service }) => service),
    `up in stack ${STACK}${kind ? ` as a ${kind}` : ""}`,
  );
  return all.filter(({ service }) => wanted.includes(service));
}

/**
 * The names in `s=a,b`, all that there are without it. Ends the verb in one sentence where one is not there, or there is none.
 *
 * @param there what is up.
 * @param what it is: `up in stack dev`.
 */
export function named(there: readonly string[], what: string): readonly string[] {
  const wanted = (process.env.s ?? "").split(",").filter((name) => name !== "");
  const unknown = wanted.filter((name) => !there.includes(name));
  if (unknown.length === 0 && there.length > 0) return wanted.length > 0 ? wanted : there;
  process.stderr.write(
    unknown.length > 0
      ? `${unknown.join(", ")} is not ${what}; up: ${there.join(", ") || "nothing"}\n`
      : `Nothing is ${what}.\n`,
  );
  process.exit(1);
}

const HEALTH: Record<string, string> = { healthy: "ready", unhealthy: "unhealthy", "health: starting": "starting" };

function serviceState(now: string, status: string): string {
  if (now !== "running") return now === "exited" ? "stopped" : now;
  // The engine's list has a container's health in words only: "Up 3 minutes (healthy)".
  return HEALTH[/\(([^)]*)\)$/.exec(status)?.[1] ?? ""] ?? now;
}

function jobState(now: string, status: string, done: boolean): string {
  if (now === "running") return "running";
  // Its gate is of an earlier run where it failed when it was run again.
  if (now === "exited") return /\((\d+)\)/.exec(status)?.[1] === "0" ? "done" : "failed";
  return done ? "done" : "waiting";
}
