import { readGraph } from "./graph.ts";
import { settingsInFiles } from "./settings.ts";
import { STACK, type State } from "./stack.ts";

/**
 * For `only=a,b`: the environment in which the program runs these, all that they refer to, and what is up already. Ends the verb
 * in one sentence where one is not in the program.
 */
export async function onlyWanted(state: State): Promise<Record<string, string>> {
  const wanted = (process.env.only ?? "").split(",").filter((name) => name !== "");
  if (wanted.length === 0) return {};
  const { nodes, edges } = await readGraph(settingsInFiles(STACK, { own: true }));
  const unknown = wanted.filter((name) => nodes.every((node) => node.name !== name));
  if (unknown.length > 0) {
    const there = nodes.map(({ name }) => name).join(", ");
    process.stderr.write(
      `only=${unknown.join(",")}: there is no such service or job in stack ${STACK}; there are ${there}\n`,
    );
    process.exit(1);
  }
  const up = state.resources.flatMap(({ type, name }) => (type === "docker:index/container:Container" ? [name] : []));
  const all = new Set([...up, ...wanted]);
  // A set goes on to what is added to it while it is gone through.
  for (const name of all) for (const { from, to } of edges) if (from === name) all.add(to);
  return { STACKYARD_ONLY: [...all].join(",") };
}
