import { constants } from "node:os";
import { pulumiCommand } from "../../components/engines/command-line.ts";
import type { Inspection } from "../../components/engines/inspection.ts";
import { lettingGo } from "../shared/clean-slate.ts";
import { commandFor } from "../shared/command.ts";
import { newPorts } from "../shared/new-ports.ts";
import { drift, startStopped } from "../shared/recover.ts";
import { seconds } from "../shared/seconds.ts";
import { hasFailedToRelease, retryAdvice, services, unwell } from "../shared/services.ts";
import { readState, STACK, type State } from "../shared/stack.ts";
import { table } from "../shared/table.ts";
import { writeTimeline } from "../shared/timeline.ts";
import { runWithProgress } from "./run.ts";

/**
 * Brings the stack up, puts back what drifted from its state, shows the progress, and lists what is up.
 *
 * @param args for `pulumi up`.
 * @returns its exit code; 1 where it succeeded although a service is not well.
 */
export async function bringUp(
  { engine, state }: { engine: Inspection; state: State },
  args: readonly string[],
  env: Record<string, string> = {},
): Promise<number> {
  const drifted = await drift(engine, state);
  for (const each of drifted) process.stderr.write(`${each}: putting it back\n`);
  const checkedAgain = drifted.length > 0 ? await startStopped(engine, state) : [];
  const left = checkedAgain.length > 0 ? await drift(engine, state) : drifted;
  const refreshed = left.length > 0 ? ["--refresh"] : [];
  const all = ["up", "--yes", "--skip-preview", "--suppress-outputs", ...refreshed, ...checkedAgain, ...args];
  const health = async () =>
    new Map(
      (await services(engine, state))
        .filter((row) => !hasFailedToRelease(row))
        .map(({ service, state }) => [service, state === "ready" ? "healthy" : state]),
    );
  const ports = await newPorts(state, async () => engine);
  const { code, progress, interrupted } = await lettingGo(state, () =>
    runWithProgress(all, { ...env, ...ports }, health),
  );
  const ended = Date.now();
  const { began } = progress;
  writeTimeline({
    stack: STACK,
    began: new Date(began).toISOString(),
    tookMs: ended - began,
    steps: progress.steps(ended),
  });
  if (interrupted) {
    process.stderr.write(
      `\nInterrupted: what was done so far is kept. \`${commandFor("ps")}\` shows what is there; the same command goes on from here.\n`,
    );
    return 128 + constants.signals[interrupted];
  }
  if (code !== 0) {
    const failed = [...progress.rows.values()]
      .filter(({ phase, kind }) => phase === "failed" && kind !== "image")
      .map(({ service }) => service);
    process.stderr.write(
      `\n${failed.length > 0 ? `${failed.join(", ")} failed. ` : ""}\`${commandFor("ps")}\` shows what is there` +
        `${failed[0] ? `, \`${commandFor("logs", `s=${failed[0]}`)}\` what a service wrote` : ""}. ` +
        "Run the same command again once the cause is fixed.\n",
    );
    return code;
  }

  // A service that did not change was not waited for, and its probe may have failed while a service that it asks was replaced.
  const replaced = new Set(
    [...progress.rows.values()].flatMap(({ service, phase }) => (phase === "ready" ? [service] : [])),
  );
  const unhealthy = (await services(engine, readState())).filter(({ service, state }) => {
    const dependencies = progress.rows.get(service)?.waitsFor?.filter((name) => replaced.has(name)) ?? [];
    if (state !== "unhealthy" || dependencies.length === 0) return false;
    process.stderr.write(`${service}: unhealthy; looking again, now that ${dependencies.join(", ")} is ready\n`);
    return true;
  });
  await engine.probeAgain(unhealthy.map(({ workload }) => workload));

  const present = await services(engine, readState());
  const rows = present.map(({ service, replica, shown, state, addresses, workload }) => {
    const took = progress.tookMs(service, replica);
    // After a `down`, the container of a job that is done is created again and not started.
    const { since = "earlier" } = workload;
    return [shown, state, addresses.join(" ") || "-", took === undefined ? since : seconds(took)];
  });
  process.stdout.write(`\n${table(["SERVICE", "STATE", "ADDRESS", "READY AFTER"], rows)}\n\n`);
  process.stdout.write(
    `up in ${seconds(ended - began)}${progress.summary && ` (${progress.summary})`}. ` +
      `Credentials: ${pulumiCommand(`stack output urls --show-secrets -s ${STACK}`)}\n`,
  );
  const bad = await unwell(engine, present);
  for (const each of bad) process.stderr.write(`\n${each.lines.join("\n")}\n${retryAdvice(each, readState())}.\n`);
  return bad.length > 0 ? 1 : 0;
}
