import { askFirst, cleanSlate } from "./shared/clean-slate.ts";
import { reportOrphans } from "./shared/clones.ts";
import { begin } from "./shared/recover.ts";
import { STACK } from "./shared/stack.ts";

/** A clean slate. Asks first, naming what would be lost; `yes` answers for scripts. */
export async function clean({ yes }: { yes?: boolean }): Promise<number> {
  const begun = await begin(
    async (state, engine) => {
      if (state.resources.length > 0) return askFirst("clean", state, { yes });
      await reportOrphans(state, engine);
      process.stdout.write(`Nothing of stack ${STACK} is there to be removed.\n`);
      process.exit(0);
    },
    { oneOffs: true },
  );
  return cleanSlate(begun);
}
