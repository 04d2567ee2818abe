import { askFirst, cleanSlate } from "./shared/clean-slate.ts";
import { stopAtOrphans } from "./shared/clones.ts";
import { onlyWanted } from "./shared/only.ts";
import { begin } from "./shared/recover.ts";
import { readState } from "./shared/stack.ts";
import { bringUp } from "./up/bring-up.ts";
import type { UpOptions } from "./up.ts";

/** A clean slate and a new start. Asks as `clean` does. */
export async function rebuild(
  services: readonly string[],
  { fresh, yes }: UpOptions & { yes?: boolean },
): Promise<number> {
  let env: Record<string, string> = {};
  const begun = await begin(
    async (state, engine) => {
      await stopAtOrphans(state, engine, { fresh });
      // Refused before anything is lost; and nothing is up by then.
      env = await onlyWanted({ resources: [], pending: 0 }, services);
      // Where nothing is, nothing is lost.
      if (state.resources.length > 0) await askFirst("rebuild", state, { yes });
    },
    { oneOffs: true },
  );
  const code = begun.state.resources.length > 0 ? await cleanSlate(begun) : 0;
  return code === 0 ? bringUp({ engine: begun.engine, state: readState() }, [], env) : code;
}
