import { cleanSlate } from "./shared/clean-slate.ts";
import { begin } from "./shared/recover.ts";
import { readState } from "./shared/stack.ts";
import { bringUp } from "./up/bring-up.ts";

// make rebuild: a clean slate and a new start. Asks as `make clean` does; YES=1 answers for scripts.

const begun = await begin();
if (begun.state.resources.length > 0) {
  const code = await cleanSlate("rebuild", begun);
  if (code !== 0) process.exit(code);
}
process.exitCode = await bringUp({ api: begun.api, state: readState() }, []);
