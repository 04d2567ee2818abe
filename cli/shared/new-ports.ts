import { NEW_PORTS } from "../../components/core/support/ports.ts";
import type { EngineApi } from "../../components/engines/containers/api.ts";
import { dockerHost, isLocal } from "../../components/engines/containers/host.ts";
import { portHolder } from "../../components/engines/containers/port-holder.ts";
import type { State } from "./stack.ts";

/**
 * For a copy, whose ports were chosen at its first `up`: lets the program choose others for those that somebody else has by now,
 * and says so.
 *
 * @param engine asked for where there is something to ask.
 * @returns what the program is to be told.
 */
export async function newPorts(state: State, engine: () => Promise<EngineApi>): Promise<Record<string, string>> {
  const kept = state.resources.filter(({ type, name }) => type === "pulumi:index:Stash" && name.startsWith("port-"));
  if (kept.length === 0 || !isLocal(dockerHost())) return {};
  const api = await engine();
  const names: string[] = [];
  for (const { name, outputs } of kept) {
    const holder = await portHolder(api, Number(outputs.output));
    if (holder === undefined || holder.stack === state.id) continue;
    const what = name.slice("port-".length);
    process.stderr.write(
      `port ${outputs.output}, kept for ${what}, is taken by ${holder.shown}: choosing another one\n`,
    );
    names.push(what);
  }
  return names.length > 0 ? { [NEW_PORTS]: names.join(",") } : {};
}
