import { reportOrphans } from "./shared/clones.ts";
import { reachEngine } from "./shared/engine.ts";
import { newPorts } from "./shared/new-ports.ts";
import { onlyWanted } from "./shared/only.ts";
import { pulumi, sayBackend, withoutHook } from "./shared/pulumi.ts";
import { isIdentified, readState } from "./shared/stack.ts";

/** Shows what `up` would do. */
export async function preview(services: readonly string[], { refresh }: { refresh?: boolean }): Promise<number> {
  sayBackend();
  const state = readState();
  if (!isIdentified(state)) await reportOrphans(state, await reachEngine());
  const env = { ...(await onlyWanted(state, services)), ...(await newPorts(state, reachEngine)) };
  const color = ["--color", process.stdout.hasColors?.() ? "always" : "never"];
  return pulumi(["preview", "--diff", ...color, ...(refresh ? ["--refresh"] : [])], env, {
    line: (text) => process.stdout.write(`${withoutHook(text)}\n`),
    error: (text) => process.stderr.write(withoutHook(text)),
  });
}
