import { join } from "node:path";
import { readTimeline } from "../../cli/shared/timeline.ts";
import { criticalPath, durationOf } from "../../cli/timeline/critical-path.ts";
import { type Ran, ROOT, run, TestStack, trackedSettings } from "../e2e/harness.ts";
import { Compose, same } from "./compose.ts";

// make bench [pairs=5]: what an `up` of the whole stack costs, as ratios within this one run: beside `docker compose up --wait`
// with the same images and probes, and beside a Pulumi program with nothing in it. Ours is `stackyard up`, which is what `make dev`
// runs once set-up has found nothing to do. Prints figures and judges nothing.

const PAIRS = Number(process.env.pairs ?? 5);

const median = (values: number[]) => {
  const sorted = values.toSorted((a, b) => a - b);
  const [low, high] = [sorted[Math.floor((sorted.length - 1) / 2)], sorted[Math.ceil((sorted.length - 1) / 2)]];
  return ((low ?? Number.NaN) + (high ?? Number.NaN)) / 2;
};
const seconds = (ms: number) => `${(ms / 1000).toFixed(2)} s`;
const ratio = (value: number) => value.toFixed(2);
const say = (text: string) => process.stdout.write(`${text}\n`);

async function timed(what: () => Promise<Ran>): Promise<number> {
  const began = performance.now();
  const { code, output } = await what();
  if (code !== 0) throw new Error(output);
  return performance.now() - began;
}

/** One run of each, the one that goes first in turn. Answers times by name. */
async function turn<Name extends string>(run: number, runs: Record<Name, () => Promise<number>>) {
  const all = Object.entries(runs) as [Name, () => Promise<number>][];
  const took = {} as Record<Name, number>;
  for (const [name, each] of run % 2 === 0 ? all : all.toReversed()) took[name] = await each();
  return took;
}

const stack = new TestStack();
const empty = new TestStack(join(ROOT, "tests/bench/empty"));
// Where its timeline is looked for.
process.env.PULUMI_BACKEND_URL = stack.env.PULUMI_BACKEND_URL;
const up = () => run("node", ["cli/stackyard.ts", "up"], { cwd: ROOT, env: { ...stack.env } });
let compose: Compose | undefined;

/** Everything but what says that the API's image is there: it is built in no measured run. */
async function destroy(): Promise<void> {
  const kept = stack.urns(["Stash identity", "RemoteImage api"]);
  const flags = kept.flatMap((urn) => ["--exclude", urn]);
  await timed(() => stack.pulumi(["destroy", "--yes", "--skip-preview", ...flags]));
}

try {
  const settings = await trackedSettings("Pulumi.dev.yaml");
  // A machine with other things to do may take that long.
  Object.assign(settings.neo4j ?? {}, { readyTimeoutSeconds: 300 });
  await stack.create(settings);
  await empty.create({});
  await timed(up);
  await timed(() => empty.up());
  const containers = Object.fromEntries(
    (await stack.containers()).map(({ id, labels }) => [labels["stackyard.service"] ?? "", id]),
  );
  const theirs = await Compose.create(stack.name, stack.resources(), containers);
  compose = theirs;
  await timed(() => theirs.up());
  await same(containers, await theirs.containers());

  const idle = { compose: [] as number[], empty: [] as number[] };
  for (let run = 0; run < PAIRS; run++) {
    const took = await turn(run, {
      ours: () => timed(up),
      compose: () => timed(() => theirs.up()),
      pulumi: () => timed(() => stack.up()),
      empty: () => timed(() => empty.up()),
    });
    idle.compose.push(took.ours / took.compose);
    idle.empty.push(took.pulumi / took.empty);
    say(
      `nothing to do: ${seconds(took.ours)}, docker compose ${seconds(took.compose)}, ratio ${ratio(took.ours / took.compose)}; ` +
        `plain pulumi ${seconds(took.pulumi)}, an empty program ${seconds(took.empty)}, ratio ${ratio(took.pulumi / took.empty)}`,
    );
  }

  await destroy();
  await timed(() => theirs.down());
  const ratios = { same: [] as number[], usual: [] as number[] };
  const beyond: number[] = [];
  const composed = async (hosts: boolean) => {
    const ms = await timed(() => theirs.up(hosts));
    await timed(() => theirs.down());
    return ms;
  };
  for (let run = 0; run < PAIRS; run++) {
    const { ours, same, usual } = await turn(run, {
      same: () => composed(true),
      ours: async () => {
        const ms = await timed(up);
        await destroy();
        return ms;
      },
      usual: () => composed(false),
    });
    const timeline = readTimeline(stack.name);
    if (!timeline) throw new Error("no timeline was kept");
    const names = criticalPath(timeline);
    const path = timeline.steps
      .filter(({ name }) => names.includes(name))
      .reduce((sum, step) => sum + durationOf(step, timeline.tookMs), 0);
    ratios.same.push(ours / same);
    ratios.usual.push(ours / usual);
    beyond.push(ours - path);
    say(
      `from nothing: ${seconds(ours)}, docker compose ${seconds(same)}, ratio ${ratio(ours / same)}; without Neo4j's entry in ` +
        `/etc/hosts ${seconds(usual)}, ratio ${ratio(ours / usual)}; critical path ${names.join(", ")} ${seconds(path)}, ` +
        `beyond it ${seconds(ours - path)}`,
    );
  }
  say(
    `\nmedians of ${PAIRS}: from nothing ${ratio(median(ratios.same))} times docker compose with all that Stackyard knows of the ` +
      `databases, ${ratio(median(ratios.usual))} times the same without Neo4j's entry in /etc/hosts, ${seconds(median(beyond))} ` +
      `beyond the critical path; nothing to do ${ratio(median(idle.compose))} times docker compose, plain pulumi ` +
      `${ratio(median(idle.empty))} times an empty program`,
  );
} finally {
  await compose?.dispose();
  await stack.pulumi(["destroy", "--yes", "--skip-preview"]);
  await stack.dispose();
  await empty.dispose();
}
