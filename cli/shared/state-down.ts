import type { Inspection, Thing } from "../../components/engines/inspection.ts";
import { kindOf } from "./engine.ts";
import { pulumi } from "./pulumi.ts";
import { type Identified, labels } from "./stack.ts";

/**
 * Takes the stack down by its state alone, without its program: stops its services, each with its own grace, removes its containers
 * and networks, and has pulumi see that they are gone. Nothing else is touched.
 *
 * @returns pulumi's exit code.
 */
export async function stateDown(engine: Inspection, state: Identified): Promise<number> {
  const goes = (kind: string | undefined) => kind === "container" || kind === "network";
  const stays = state.resources.filter((each) => !goes(kindOf(each)));
  await Promise.all((await engine.list(labels(state))).map((workload) => engine.stop(workload)));
  const things = (await engine.strays(labels(state), stays, true)).filter(({ kind }) => goes(kind));
  const remove = (thing: Thing) => engine.remove(thing, { evenInUse: true });
  // Containers first: a network can only be removed after what is attached to it.
  await Promise.all(things.filter(({ kind }) => kind === "container").map(remove));
  await Promise.all(things.filter(({ kind }) => kind === "network").map(remove));
  const targets = state.resources.filter((each) => goes(kindOf(each))).map(({ urn }) => `--target=${urn}`);
  if (targets.length === 0) return 0;
  return pulumi(["refresh", "--yes", "--skip-preview", "--suppress-outputs", "--non-interactive", ...targets]);
}
