import { commandLine } from "../command-line.ts";
import type { ContainerState, EngineApi, Probed } from "./api.ts";

const POLL_MS = 100;
/** How long a container without a probe has to keep running before it counts as ready: one that fails at its start ends sooner. */
const STAYS_UP_MS = 1_000;
const LOG_LINES = 20;

/** The limits of a wait, and who gets what is seen. */
export interface Watch {
  /** For messages: `Postgres "main"`. */
  subject: string;
  timeoutSeconds: number;
  /** Hides known secrets in what is shown. */
  mask: (text: string) => string;
  signal: AbortSignal;
  /** Whether it has no probe: it is ready once it has kept running for a second. @default false */
  unprobed?: boolean;
  /** Gets the container's state, each time that it is read. */
  saw?: (state: ContainerState) => void;
}

/**
 * Waits until the container's health check has passed, and returns how long that took from the container's start, in ms.
 * A container that does not run is started first, so that an `up` after a failed one tries again.
 *
 * @throws Error with the last log lines and the last probe's output: at once when it stops, when its restart policy had to
 * start it again, or when a probe that began after this wait finds it unhealthy; at the time-out otherwise.
 */
export async function untilReady(api: EngineApi, id: string, pids: number, watch: Watch): Promise<number> {
  let first = await api.inspect(id);
  if (first && !isUp(first)) {
    // "restarting" is the pause before the restart policy's next attempt, which is not waited for.
    await (first.status === "restarting" ? api.restart(id, 0) : api.start(id));
    first = await api.inspect(id);
  }
  let limited = first?.pidsLimit === pids;

  // Probes that ended before this wait do not count; by the engine's clock.
  const before = first?.health?.probes.at(-1)?.end;
  const deadline = Date.now() + watch.timeoutSeconds * 1000;
  let runningSince: number | undefined;
  for (let now = first; ; now = await api.inspect(id)) {
    if (now) watch.saw?.(now);
    const broken = now ? wrongWith(now, first?.restarts ?? 0, before) : "is gone: somebody removed its container";
    if (broken) throw new Error(await reportOf(api, id, now, `${watch.subject} ${broken}`, watch));
    if (now && !limited) limited = await limitPids(api, now, pids);
    if (watch.unprobed && now?.status === "running") {
      runningSince ??= Date.now();
      if (limited && Date.now() - runningSince >= STAYS_UP_MS) return 0;
    }
    if (limited && now?.health?.status === "healthy") {
      const { probes } = now.health;
      const started = now.startedAt ?? now.createdAt;
      const passed = probes.find(({ exitCode, start }) => exitCode === 0 && start >= started) ?? probes.at(-1);
      return (passed?.end ?? started).getTime() - started.getTime();
    }
    if (Date.now() > deadline) {
      const late = `${watch.subject} did not get ready within ${watch.timeoutSeconds} s`;
      throw new Error(await reportOf(api, id, now, late, watch));
    }
    await pause(POLL_MS, watch.signal);
  }
}

/** Whether it has the limit now. A container that has ended meanwhile cannot get it; its end is reported instead. */
async function limitPids(api: EngineApi, { id, startedAt }: ContainerState, pids: number): Promise<boolean> {
  try {
    await api.limitPids(id, pids);
    return true;
  } catch (error) {
    const now = await api.inspect(id);
    if (now && isUp(now) && now.startedAt?.getTime() === startedAt?.getTime()) throw error;
    return false;
  }
}

const isUp = (state: ContainerState) => state.status === "running" || state.status === "paused";

/** @param before the end of the last probe that does not count. */
function wrongWith(now: ContainerState, restartsBefore: number, before: Date | undefined): string | undefined {
  const died = now.outOfMemory ? "ran out of memory" : `stopped with exit code ${now.exitCode}`;
  // The engine counts a restart as soon as it decides on it, which is at the end of the run before.
  if (now.status === "restarting")
    return now.restarts - restartsBefore > 1 ? `${died}, and again after a restart` : died;
  // The exit code is lost once it runs again.
  if (now.restarts > restartsBefore) return isUp(now) ? "does not stay up: it was started again" : died;
  if (!isUp(now)) return died;
  const last = now.health?.probes.at(-1);
  if (now.health?.status === "unhealthy" && last && (before === undefined || last.end > before)) return "is unhealthy";
  return undefined;
}

/**
 * Starts a job's container unless that was done before, passes on its output, and waits for its end. A run that an ended `up`
 * left behind is waited for, not started a second time; one that has succeeded meanwhile counts.
 *
 * @param prepare runs before the start, where there is one.
 * @param line gets each line of output, known secrets hidden.
 * @throws Error with exit code and last log lines when it fails; when it takes longer than the time-out, after ending it; the
 * signal's reason as soon as it fires, or as the engine has answered that the container is started.
 */
export async function untilDone(
  api: EngineApi,
  id: string,
  watch: Watch,
  prepare: () => Promise<void>,
  line: (text: string) => void,
): Promise<void> {
  watch.signal.throwIfAborted();
  const before = await api.inspect(id);
  if (!before)
    throw new Error(
      `${watch.subject} is gone: somebody removed its container. Run \`${commandLine("dev")}\`, or \`pulumi up --refresh\`.`,
    );
  if (before.status === "exited" && before.exitCode === 0 && before.startedAt) {
    line(`had succeeded in a run of ${(await api.clock()).here(before.startedAt).toISOString()}`);
    return;
  }
  const running = isUp(before);
  if (running) line("is still running from an earlier up: waiting for it");
  else {
    await prepare();
    watch.signal.throwIfAborted();
    await api.start(id);
    // The interrupt does not end the start.
    watch.signal.throwIfAborted();
  }
  const { startedAt } = (running ? before : await api.inspect(id)) ?? before;
  watch.saw?.({ ...before, ...(startedAt ? { startedAt } : {}) });
  // By the engine's clock, as its log. Not since the start, which the engine records when the job may have written already.
  const since = before.finishedAt ? new Date(before.finishedAt.getTime() + 1) : before.createdAt;

  const over = new AbortController();
  const timer = setTimeout(() => over.abort(), watch.timeoutSeconds * 1000);
  const stop = () => over.abort();
  watch.signal.addEventListener("abort", stop, { once: true });
  const output = api
    .follow(id, since, (text) => line(watch.mask(text)), over.signal)
    .catch(() => {
      // The log is for show; the exit code decides.
    });
  try {
    const exitCode = await Promise.race([api.wait(id), aborted(over.signal)]);
    if (exitCode === undefined) {
      watch.signal.throwIfAborted();
      // Fails where it has ended meanwhile.
      await api.kill(id).catch(() => {});
      throw new Error(
        await reportOf(
          api,
          id,
          undefined,
          `${watch.subject} was ended: it took longer than ${watch.timeoutSeconds} s`,
          watch,
        ),
      );
    }
    // What was written last may still be on its way.
    const written = new AbortController();
    await Promise.race([output, pause(2_000, written.signal).catch(() => {})]);
    written.abort();
    if (exitCode !== 0) {
      const after = await api.inspect(id);
      const why = after?.outOfMemory ? "ran out of memory" : `failed with exit code ${exitCode}`;
      throw new Error(await reportOf(api, id, undefined, `${watch.subject} ${why}`, watch));
    }
  } finally {
    clearTimeout(timer);
    over.abort();
    watch.signal.removeEventListener("abort", stop);
  }
}

/** What went wrong, the container's last output, and what to do. */
async function reportOf(...of: Parameters<typeof saidLast>): Promise<string> {
  return [...(await saidLast(...of)), "Mend the cause and run `up` again: it will be tried again."].join("\n");
}

/** In lines: what is wrong with a container, the output of its last probe, and its last log lines. */
export async function saidLast(
  api: EngineApi,
  id: string,
  state: ContainerState | undefined,
  head: string,
  watch: Pick<Watch, "mask">,
): Promise<string[]> {
  const probe = state?.health?.probes.at(-1);
  const log = await api.logs(id, LOG_LINES).catch(() => []);
  return [
    head,
    ...(probe && probe.exitCode !== 0 ? [`last probe: ${described(probe, watch.mask)}`] : []),
    ...(log.length > 0 ? ["last log lines:", ...log.map((text) => `  ${watch.mask(text)}`)] : ["it wrote no log"]),
  ];
}

/** Masked before it is cut, because a part of a secret is secret too. */
function described({ exitCode, output }: Probed, mask: (text: string) => string): string {
  return `exit code ${exitCode}${output ? `: ${mask(output).replace(/\s+/g, " ").slice(0, 500)}` : ""}`;
}

function aborted(signal: AbortSignal): Promise<undefined> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve(undefined);
    signal.addEventListener("abort", () => resolve(undefined), { once: true });
  });
}

/** @throws the signal's reason as soon as it fires. */
async function pause(ms: number, signal: AbortSignal): Promise<void> {
  signal.throwIfAborted();
  await new Promise<void>((resolve) => {
    const done = () => {
      clearTimeout(timer);
      signal.removeEventListener("abort", done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    signal.addEventListener("abort", done, { once: true });
  });
  signal.throwIfAborted();
}
