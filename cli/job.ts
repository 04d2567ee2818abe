import { reportOrphans } from "./shared/clones.ts";
import { kindOf } from "./shared/engine.ts";
import { onlyWanted } from "./shared/only.ts";
import { begin } from "./shared/recover.ts";
import { STACK } from "./shared/stack.ts";
import { bringUp } from "./up/bring-up.ts";

// make job s=name: runs a job again on purpose, by replacing its container and its gate. What it refers to is brought up where it
// is down; nothing else is.

const job = process.env.s ?? "";
let env: Record<string, string> = {};
const begun = await begin(async (state, engine) => {
  const gates = state.resources.filter(({ type, name }) => type === "pulumi:index:Stash" && name.endsWith("-done"));
  const jobs = gates.map(({ name }) => name.slice(0, -"-done".length));
  if (jobs.includes(job)) {
    env = await onlyWanted(state, [job]);
    return;
  }
  await reportOrphans(state, engine);
  process.stderr.write(
    `s= should be a job of stack ${STACK} that is done (${jobs.join(", ") || "there is none"}), got ${job || "nothing"}\n`,
  );
  process.exit(1);
});
const replaced = begun.state.resources.filter(
  (each) => each.name === `${job}-done` || (each.name === job && kindOf(each) === "container"),
);
process.exitCode = await bringUp(
  begun,
  replaced.flatMap(({ urn }) => ["--replace", urn]),
  env,
);
