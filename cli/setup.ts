import { reachEngine } from "./shared/engine.ts";
import { setUp } from "./shared/set-up.ts";

/**
 * Makes this machine ready, and looks again where images come from. Ends with one sentence where no engine answers: one that somebody
 * has named is theirs to start, and nothing else would have asked it.
 */
export async function setup(): Promise<void> {
  setUp(["pulumi", "engine", "state", "images"], { decide: true });
  await reachEngine();
}
