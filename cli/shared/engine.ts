import { engineApi } from "../../components/engines/containers/api.ts";
import { dockerHost } from "../../components/engines/containers/host.ts";
import { containerInspection } from "../../components/engines/containers/inspection.ts";
import type { Inspection } from "../../components/engines/inspection.ts";

// The one place in `cli` that knows which engine there is.

export { holdsData, kindOf, memoryLimits, workloadKindOf } from "../../components/engines/containers/recorded.ts";

/**
 * The engine that the stack is on. Nothing is connected before it is asked something.
 *
 * @param signal aborts whatever is asked of it.
 */
export function findEngine(signal?: AbortSignal): Inspection {
  const at = dockerHost();
  return containerInspection(engineApi(at, { signal }), at);
}

/** The same. Ends the verb with one sentence where no engine answers. */
export async function reachEngine(signal?: AbortSignal): Promise<Inspection> {
  const engine = findEngine(signal);
  const problem = await engine.problem();
  if (problem === undefined) return engine;
  process.stderr.write(`${problem}\n`);
  process.exit(1);
}
