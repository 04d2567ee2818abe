import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Note } from "../../components/core/timings.ts";
import { polyglotSettings, ROOT, TestStack } from "../e2e/harness.ts";

// make bench: what an `up` costs, as ratios and differences within this one run. Prints figures and judges nothing.

const PAIRS = Number(process.env.pairs ?? 5);

const median = (values: number[]) => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
const seconds = (ms: number) => (ms / 1000).toFixed(2);

async function timed(what: () => Promise<{ code: number; output: string }>): Promise<number> {
  const began = performance.now();
  const { code, output } = await what();
  if (code !== 0) throw new Error(output);
  return performance.now() - began;
}

/** References of the polyglot stack, for its chains: who waits for whom. */
const WAITS: Record<string, string[]> = {
  postgres: [],
  redis: [],
  "postgres-setup": ["postgres"],
  api: ["postgres", "redis", "postgres-setup"],
};

function criticalPath(took: Record<string, number>): number {
  const until = (name: string): number =>
    (took[name] ?? Number.NaN) + Math.max(0, ...(WAITS[name] ?? []).map((before) => until(before)));
  return Math.max(...Object.keys(WAITS).map(until));
}

const stack = new TestStack();
const empty = new TestStack(join(ROOT, "tests/bench/empty"));
try {
  const { settings } = await polyglotSettings();
  await stack.create(settings);
  await empty.create({});
  await timed(() => stack.up());
  await timed(() => empty.up());
  await stack.pulumi(["destroy", "--yes", "--skip-preview"]);

  const beyond: number[] = [];
  for (let run = 0; run < PAIRS; run++) {
    const file = join(stack.folder, `timings-${run}`);
    const all = await timed(() => stack.up({ STACKYARD_TIMINGS: file }));
    const took = Object.fromEntries(
      readFileSync(file, "utf8")
        .trim()
        .split("\n")
        .flatMap((line) => {
          const { service, tookMs } = JSON.parse(line) as Note;
          return tookMs === undefined ? [] : [[service, tookMs]];
        }),
    );
    const path = criticalPath(took);
    beyond.push(all - path);
    process.stdout.write(
      `from nothing: ${seconds(all)} s, critical path ${seconds(path)} s, beyond it ${seconds(all - path)} s\n`,
    );
    if (run < PAIRS - 1) await timed(() => stack.pulumi(["destroy", "--yes", "--skip-preview"]));
  }

  const ratios: number[] = [];
  for (let run = 0; run < PAIRS; run++) {
    const ours = await timed(() => stack.up());
    const theirs = await timed(() => empty.up());
    ratios.push(ours / theirs);
    process.stdout.write(
      `nothing to do: ${seconds(ours)} s, an empty program ${seconds(theirs)} s, ratio ${(ours / theirs).toFixed(2)}\n`,
    );
  }
  process.stdout.write(
    `\nmedian of ${PAIRS}: from nothing ${seconds(median(beyond))} s beyond the critical path; nothing to do ${median(ratios).toFixed(2)} times an empty program\n`,
  );
} finally {
  await stack.pulumi(["destroy", "--yes", "--skip-preview"]);
  await stack.dispose();
  await empty.dispose();
}
