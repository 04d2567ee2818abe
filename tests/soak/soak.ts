import { once } from "node:events";
import { cpSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { cpus } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { table } from "../../cli/shared/table.ts";
import { copyOfProject, eventually, ROOT, TestStack, trackedSettings } from "../e2e/harness.ts";
import { Load } from "./load.ts";
import { failed, type Seen } from "./tally.ts";

// make soak [seconds=60] [rate=40]: the web stack in prod shape under a steady load through its proxy: at rest, then over releases
// good and bad, a scale up and down, a release that is killed, and another proxy. Prints what each costs. Its exit code is 1 where a
// request has failed over anything but the other proxy, whose port is closed meanwhile.

const REST_SECONDS = Number(process.env.seconds || 60);
/** Requests per second. */
const RATE = Number(process.env.rate || 40);
const MOST_MINUTES = 40;

const say = (text: string) => process.stdout.write(`${text}\n`);

const project = copyOfProject();
cpSync(join(ROOT, "examples/web"), join(project, "examples/web"), { recursive: true });
const stack = new TestStack(project);
const source = join(project, "examples/web/backend/app/main.py");
const tracked = readFileSync(source, "utf8");

/** What is wrong with a release: Python at the end of the backend. */
const FAULTS = {
  none: "",
  "does not start": 'raise SystemExit("this release does not start")',
  "is never ready": refusing('request.url.path == "/api/ready"'),
  "fails behind the proxy": refusing('"x-forwarded-for" in request.headers'),
};

function refusing(condition: string): string {
  return `
_create = create

def create():
    app = _create()

    @app.middleware("http")
    async def refuse(request, call_next):
        return Response(status_code=503) if ${condition} else await call_next(request)

    return app
`;
}

const RELEASES: readonly (keyof typeof FAULTS)[] = [
  "none",
  "does not start",
  "none",
  "none",
  "is never ready",
  "none",
  "fails behind the proxy",
  "fails behind the proxy",
  "none",
  "none",
];

let releases = 0;
function write(fault: keyof typeof FAULTS): void {
  writeFileSync(source, `${tracked}\n# Release ${++releases}.\n${FAULTS[fault]}\n`);
}

async function verb(name: string, given: NodeJS.ProcessEnv = {}): Promise<void> {
  const { code, output } = await stack.verb(name, given);
  if (code !== 0) throw new Error(`${name} ended with ${code}:\n${output}`);
}

async function release(fault: keyof typeof FAULTS): Promise<void> {
  write(fault);
  if (fault === "none") return verb("up");
  const { code, output } = await stack.verb("up");
  if (code === 0) throw new Error(`a release that ${fault} has succeeded:\n${output}`);
  const { stdout } = await stack.verb("ps");
  if (!stdout.includes("The last release of backend has failed")) throw new Error(`ps says nothing of it:\n${stdout}`);
}

/** Kills a release once it has begun to start containers, with all of its processes; the next one cleans up. */
async function killed(): Promise<void> {
  write("none");
  const before = (await stack.containers({ "stackyard.service": "backend" })).length;
  const child = stack.startVerb("up");
  const ended = once(child, "close");
  child.stdout?.resume();
  child.stderr?.resume();
  try {
    await eventually(async () => {
      const now = (await stack.containers({ "stackyard.service": "backend" })).length;
      if (now <= before) throw new Error("the release that is to be killed has started no container");
    }, 180);
  } finally {
    if (child.pid !== undefined) process.kill(-child.pid, "SIGKILL");
  }
  await ended;
}

const settings = await trackedSettings("Pulumi.webapp-prod.yaml");
const { proxy = {}, backend = {} } = settings;
// A release that is never ready has failed soon.
Object.assign(backend, { readyTimeoutSeconds: 40 });

/** Each with what it is to be judged by: 0 failed requests where it is a release of an application. */
const EVENTS: readonly { name: string; judged: boolean; run: () => Promise<void> }[] = [
  ...RELEASES.map((fault, index) => ({
    name: `release ${index + 1}${fault === "none" ? "" : `, which ${fault}`}`,
    judged: true,
    run: () => release(fault),
  })),
  { name: "scale up, 3 to 5", judged: true, run: () => verb("scale", { s: "backend=5" }) },
  { name: "scale down, 5 to 2", judged: true, run: () => verb("scale", { s: "backend=2" }) },
  { name: "a release that is killed", judged: true, run: killed },
  { name: "the release after it", judged: true, run: () => release("none") },
  {
    name: "another proxy",
    judged: false,
    run: () => {
      stack.configure({ ...stack.settings, backend: { ...backend, replicas: 2 }, proxy: { ...proxy, cpus: 0.9 } });
      return verb("up");
    },
  },
];

/** Asked later: the share of the time since now in which this machine's processors have had nothing to do, in percent. */
function idle(): () => number {
  const now = () => {
    const times = cpus().map((each) => each.times);
    const of = (all: number[]) => all.reduce((sum, each) => sum + each, 0);
    return { idle: of(times.map((each) => each.idle)), all: of(times.flatMap((each) => Object.values(each))) };
  };
  const before = now();
  return () => {
    const after = now();
    return Math.round(((after.idle - before.idle) / (after.all - before.all)) * 100);
  };
}

const rows: string[][] = [];
let atRest: Seen | undefined;
let faults = 0;
function report(name: string, seen: Seen, seconds: number, idlePercent: number, judged: boolean): void {
  atRest ??= seen;
  const count = failed(seen);
  if (judged) faults += count;
  const ms = (value: number) => `${value.toFixed(1)} ms`;
  const ratio = (value: number, rest: number) => (value / rest).toFixed(2);
  const figures = [ms(seen.p50), ms(seen.p99), ratio(seen.p50, atRest.p50), ratio(seen.p99, atRest.p99)];
  const row = [name, `${seconds.toFixed(0)} s`, String(seen.requests), String(count), ...figures, `${idlePercent} %`];
  rows.push(row);
  say(row.join("  "));
  for (const [what, times] of Object.entries(seen.failures)) say(`  ${times} × ${what}`);
}

async function soak(): Promise<void> {
  await stack.create(settings);
  await verb("up");
  const load = new Load({ port: Number(proxy.hostPort), rate: RATE });
  // Connections are opened, and caches filled.
  await pause(3_000);
  await load.next();
  const measured = async (name: string, run: () => Promise<unknown>, judged: boolean) => {
    const [began, left] = [performance.now(), idle()];
    await run();
    report(name, await load.next(), (performance.now() - began) / 1_000, left(), judged);
  };
  try {
    await measured("at rest", () => pause(REST_SECONDS * 1_000), true);
    for (const { name, run, judged } of EVENTS) await measured(name, run, judged);
  } finally {
    await load.end();
  }
}

try {
  await Promise.race([
    soak(),
    pause(MOST_MINUTES * 60_000, undefined, { ref: false }).then(() => {
      throw new Error(`it has taken more than ${MOST_MINUTES} minutes`);
    }),
  ]);
} catch (error) {
  faults++;
  console.error(error);
} finally {
  const head = ["EVENT", "TOOK", "REQUESTS", "FAILED", "P50", "P99", "P50/REST", "P99/REST", "IDLE"];
  say(
    `\n${RATE} requests per second, one in ten writes, half of them over connections that are kept\n${table(head, rows)}`,
  );
  await stack.dispose();
  rmSync(project, { recursive: true });
}
process.exit(faults > 0 ? 1 : 0);
