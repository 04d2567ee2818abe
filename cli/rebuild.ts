import { askFirst, cleanSlate } from "./shared/clean-slate.ts";
import { stopAtOrphans } from "./shared/clones.ts";
import { onlyWanted } from "./shared/only.ts";
import { begin } from "./shared/recover.ts";
import { readState } from "./shared/stack.ts";
import { bringUp } from "./up/bring-up.ts";

// make rebuild [only=a,b]: a clean slate and a new start. Asks as `make clean` does; YES=1 answers for scripts.

let env: Record<string, string> = {};
const begun = await begin(async (state, engine) => {
  await stopAtOrphans(state, engine);
  // Refused before anything is lost; and nothing is up by then.
  if (process.env.only) env = await onlyWanted({ resources: [], pending: 0 });
  // Where nothing is, nothing is lost.
  if (state.resources.length > 0) await askFirst("rebuild", state);
});
const code = begun.state.resources.length > 0 ? await cleanSlate(begun) : 0;
process.exit(code === 0 ? await bringUp({ engine: begun.engine, state: readState() }, [], env) : code);
