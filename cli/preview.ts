import { reportOrphans } from "./shared/clones.ts";
import { reachEngine } from "./shared/engine.ts";
import { newPorts } from "./shared/new-ports.ts";
import { onlyWanted } from "./shared/only.ts";
import { pulumi, sayBackend } from "./shared/pulumi.ts";
import { isIdentified, readState } from "./shared/stack.ts";

/** Shows what `up` would do. */
export async function preview(services: readonly string[], { refresh }: { refresh?: boolean }): Promise<number> {
  sayBackend();
  const state = readState();
  if (!isIdentified(state)) await reportOrphans(state, await reachEngine());
  const env = { ...(await onlyWanted(state, services)), ...(await newPorts(state, reachEngine)) };
  return pulumi(["preview", "--diff", ...(refresh ? ["--refresh"] : [])], env);
}
