import { serviceWord } from "../components/engines/command-line.ts";
import { reportOrphans } from "./shared/clones.ts";
import { kindOf } from "./shared/engine.ts";
import { onlyWanted } from "./shared/only.ts";
import { begin } from "./shared/recover.ts";
import { STACK } from "./shared/stack.ts";
import { bringUp } from "./up/bring-up.ts";

/**
 * Runs a job again on purpose, by replacing its container and its gate. What it refers to is brought up where it is down; nothing
 * else is.
 */
export async function job(name: string | undefined): Promise<number> {
  let env: Record<string, string> = {};
  const begun = await begin(async (state, engine) => {
    const gates = state.resources.filter(({ type, name }) => type === "pulumi:index:Stash" && name.endsWith("-done"));
    const jobs = gates.map(({ name }) => name.slice(0, -"-done".length));
    if (name !== undefined && jobs.includes(name)) {
      env = await onlyWanted(state, [name]);
      return;
    }
    await reportOrphans(state, engine);
    throw new Error(
      `${serviceWord()} should be a job of stack ${STACK} that is done (${jobs.join(", ") || "there is none"}), got ${name ?? "nothing"}`,
    );
  });
  const replaced = begun.state.resources.filter(
    (each) => each.name === `${name}-done` || (each.name === name && kindOf(each) === "container"),
  );
  return bringUp(
    begun,
    replaced.flatMap(({ urn }) => ["--replace", urn]),
    env,
  );
}
