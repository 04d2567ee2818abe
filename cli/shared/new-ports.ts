import { NEW_PORTS } from "../../components/core/support/ports.ts";
import type { Inspection } from "../../components/engines/inspection.ts";
import { holderOf, onLoopback } from "../../components/engines/ports.ts";
import { findEngine } from "./engine.ts";
import type { State } from "./stack.ts";

/**
 * The ports of a copy are chosen at its first `up`. Where somebody else has taken one since, says so and has the program choose
 * another one.
 *
 * @param reach connects to the engine; called only where there is something to ask it.
 * @returns environment variables for the program.
 */
export async function newPorts(state: State, reach: () => Promise<Inspection>): Promise<Record<string, string>> {
  const kept = state.resources.filter(({ type, name }) => type === "pulumi:index:Stash" && name.startsWith("port-"));
  if (kept.length === 0 || !findEngine().local) return {};
  const engine = await reach();
  const names: string[] = [];
  for (const { name, outputs } of kept) {
    const holder = await holderOf(onLoopback(Number(outputs.output)), engine.publisherOf);
    if (holder === undefined || holder.stack === state.id) continue;
    const what = name.slice("port-".length);
    process.stderr.write(
      `port ${outputs.output}, kept for ${what}, is taken by ${holder.shown}: choosing another one\n`,
    );
    names.push(what);
  }
  return names.length > 0 ? { [NEW_PORTS]: names.join(",") } : {};
}
