import { stopAtOrphans } from "./shared/clones.ts";
import { onlyWanted } from "./shared/only.ts";
import { begin } from "./shared/recover.ts";
import { bringUp } from "./up/bring-up.ts";

export interface UpOptions {
  /** Whether to start empty beside volumes whose state an old clone has. */
  fresh?: boolean;
}

/**
 * Mends what an interrupted run or somebody by hand has left, brings the stack up, and says what is there.
 *
 * @param services these, and what they refer to; without any, all.
 */
export async function up(services: readonly string[], { fresh }: UpOptions): Promise<number> {
  let env: Record<string, string> = {};
  const begun = await begin(async (state, engine) => {
    await stopAtOrphans(state, engine, { fresh });
    env = await onlyWanted(state, services);
  });
  return bringUp(begun, [], env);
}
