import { pulumi, sayBackend } from "./shared/pulumi.ts";
import { drift, releaseStaleLocks, sweep } from "./shared/recover.ts";
import { seconds } from "./shared/seconds.ts";
import { services } from "./shared/services.ts";
import { engine, readState, STACK } from "./shared/stack.ts";
import { table } from "./shared/table.ts";
import { writeTimeline } from "./shared/timeline.ts";
import { watched } from "./up/run.ts";

// make dev, make up: mends what an ended run or somebody's hand left, brings the stack up, and says what is there. Arguments
// are handed on to `pulumi up`.

sayBackend();
const api = await engine();
const killed = releaseStaleLocks();
let state = readState();
if (state.id && (killed || state.pending > 0)) {
  await sweep(api, state, { data: false });
  if (state.pending > 0) {
    // What was being made is swept away or in state; the note that it was being made is of no more use. On a terminal pulumi
    // asks before it drops one, whatever `--yes` says.
    const forget = ["--clear-pending-creates", "--non-interactive"];
    const code = await pulumi(["refresh", "--yes", "--skip-preview", "--suppress-outputs", ...forget]);
    if (code !== 0) process.exit(code);
    state = readState();
  }
}
const drifted = await drift(api, state);
for (const each of drifted) process.stderr.write(`${each}: putting it back\n`);

const args = [
  "up",
  "--yes",
  "--skip-preview",
  "--suppress-outputs",
  ...(drifted.length > 0 ? ["--refresh"] : []),
  ...process.argv.slice(2),
];
const env = {
  ...(process.env.DISCARD ? { STACKYARD_DISCARD: process.env.DISCARD } : {}),
  ...(process.env.only ? await (await import("./shared/only.ts")).onlyWanted(state) : {}),
};
const health = async () =>
  new Map(
    (state.id ? await services(api, state) : []).map(({ service, state }) => [
      service,
      state === "ready" ? "healthy" : state,
    ]),
  );
const { code, progress } = await watched(args, env, health);
const ended = Date.now();
const { began } = progress;
writeTimeline({
  stack: STACK,
  began: new Date(began).toISOString(),
  tookMs: ended - began,
  steps: progress.steps(ended),
});
if (code !== 0) {
  const failed = [...progress.rows.values()]
    .filter(({ phase, kind }) => phase === "failed" && kind !== "image")
    .map(({ service }) => service);
  process.stderr.write(
    `\n${failed.length > 0 ? `${failed.join(", ")} failed. ` : ""}\`make ps\` shows what is there, ` +
      `\`make logs s=${failed[0] ?? "NAME"}\` what a service wrote. Run the same command again once the cause is mended.\n`,
  );
  process.exit(code);
}

const rows = (await services(api, readState())).map(({ service, shown, state, addresses, status }) => {
  const took = progress.rows.get(service)?.tookMs;
  const since = status.replace(/ \(.*/, "").toLowerCase();
  return [shown, state, addresses.join(" ") || "-", took === undefined ? since : seconds(took)];
});
process.stdout.write(`\n${table(["SERVICE", "STATE", "ADDRESS", "READY AFTER"], rows)}\n\n`);
process.stdout.write(
  `up in ${seconds(ended - began)}${progress.summary && ` (${progress.summary})`}. ` +
    `Credentials: make pulumi ARGS="stack output urls --show-secrets -s ${STACK}"\n`,
);
