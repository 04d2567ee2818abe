import { askFirst, cleanSlate } from "./shared/clean-slate.ts";
import { begin } from "./shared/recover.ts";
import { readState } from "./shared/stack.ts";
import { bringUp } from "./up/bring-up.ts";

// make rebuild: a clean slate and a new start. Asks as `make clean` does; YES=1 answers for scripts.

const begun = await begin(async (state) => {
  // Where nothing is, nothing is lost.
  if (state.resources.length > 0) await askFirst("rebuild", state);
});
const code = begun.state.resources.length > 0 ? await cleanSlate(begun) : 0;
process.exit(code === 0 ? await bringUp({ api: begun.api, state: readState() }, []) : code);
