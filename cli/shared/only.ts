import { byMake } from "../../components/engines/command-line.ts";
import { workloadKindOf } from "./engine.ts";
import { STACK, type State } from "./stack.ts";

/** Whether it is a further container of a service, `backend.2`: no component has a dot in its name. */
export const isReplica = (name: string): boolean => name.includes(".");

/** Services and jobs that are up. A job that has failed is not among them: only who asks for it runs it again. */
export function namesUp({ resources }: State): string[] {
  const names = new Set(resources.map(({ name }) => name));
  return resources.flatMap((resource) => {
    const kind = workloadKindOf(resource);
    const { name } = resource;
    if (isReplica(name)) return [];
    return kind === "service" || (kind === "job" && names.has(`${name}-done`)) ? [name] : [];
  });
}

/** Services and jobs of a state, up or down, by name; of a project's own kinds, only those that are up. */
export function workloadsIn({ resources }: State): Map<string, "service" | "job"> {
  const declared = ({ type }: { type: string }) => {
    const [, group] = /^stackyard:(databases|app|jobs):/.exec(type) ?? [];
    return group && (group === "jobs" ? "job" : "service");
  };
  const found = resources.map((each) => [each.name, workloadKindOf(each) ?? declared(each)] as const);
  return new Map(found.flatMap(([name, kind]) => (kind ? [[name, kind]] : [])));
}

/** The environment in which the program runs these, and leaves all others as after `down`. */
export const running = (names: Iterable<string>) => ({ STACKYARD_ONLY: [...names].join(",") });

/**
 * The environment in which the program runs these services and jobs, all that they refer to, and what is up already. Without any,
 * it runs all. Ends the verb in one sentence where one is not in the program.
 */
export async function onlyWanted(state: State, wanted: readonly string[]): Promise<Record<string, string>> {
  if (wanted.length === 0) return {};
  // Load Pulumi's SDK, which most runs do without.
  const [{ readGraph }, { settingsInFiles }] = await Promise.all([import("./graph.ts"), import("./settings.ts")]);
  const { nodes, edges } = await readGraph(await settingsInFiles(STACK, { own: true }));
  const unknown = wanted.filter((name) => nodes.every((node) => node.name !== name));
  if (unknown.length > 0) {
    const known = nodes.map(({ name }) => name).join(", ");
    process.stderr.write(
      `${byMake() ? "only=" : ""}${unknown.join(",")}: there is no such service or job in stack ${STACK}; ` +
        `${known === "" ? "its program declares none" : `there are ${known}`}\n`,
    );
    process.exit(1);
  }
  const all = new Set([...namesUp(state), ...wanted]);
  // A set goes on to what is added to it while it is gone through.
  for (const name of all) for (const { from, to } of edges) if (from === name) all.add(to);
  return running(all);
}
