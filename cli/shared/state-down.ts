import type { Inspection, Thing, WorkloadStatus } from "../../components/engines/inspection.ts";
import { kindOf } from "./engine.ts";
import { pulumiInOneLine } from "./pulumi.ts";
import { backendFolder, type Identified, labels } from "./stack.ts";

/**
 * Takes the stack down by its state alone, without its program: stops its services, each with its own grace, removes its containers
 * and networks, and has pulumi see that they are gone. Nothing else is touched.
 *
 * @returns pulumi's exit code.
 */
export async function stateDown(engine: Inspection, state: Identified): Promise<number> {
  const goes = (kind: string | undefined) => kind === "container" || kind === "network";
  const stays = state.resources.filter((each) => !goes(kindOf(each)));
  // In a backend that others share, what is in no state may just be in the making, as for `begin`.
  const others = backendFolder() ? [] : await engine.strays(labels(state), state.resources, false);
  const isOurs = ({ name }: { name: string }) => !others.some((each) => each.name === name);
  const running = (await engine.list(labels(state))).filter(isOurs);
  const stop = async (workload: WorkloadStatus) => {
    await engine.stop(workload);
    if (workload.kind === "service") process.stdout.write(`${workload.service}: stopped\n`);
  };
  await Promise.all(running.map(stop));
  const things = (await engine.strays(labels(state), stays, true)).filter((each) => goes(each.kind) && isOurs(each));
  const remove = (thing: Thing) => engine.remove(thing, { evenInUse: true });
  // Containers first: a network can only be removed after what is attached to it.
  await Promise.all(things.filter(({ kind }) => kind === "container").map(remove));
  await Promise.all(things.filter(({ kind }) => kind === "network").map(remove));
  const targets = state.resources.filter((each) => goes(kindOf(each))).map(({ urn }) => `--target=${urn}`);
  if (targets.length === 0) return 0;
  const refresh = ["refresh", "--yes", "--skip-preview", "--suppress-outputs", "--non-interactive", ...targets];
  return pulumiInOneLine(`removed ${things.length} containers and networks: noting that they are gone`, refresh);
}
