import { type ChildProcess, spawn } from "node:child_process";
import { readdirSync, readFileSync, rmSync } from "node:fs";
import { createInterface } from "node:readline";
import { createClient } from "redis";
import { afterAll, beforeAll, expect, test } from "vitest";
import { copyOfProject, ended, polyglotSettings, signalledAt, TestStack } from "./harness.ts";

// `make dev`, `make down` and `make clean` are ended by SIGKILL in the middle of every kind of thing that they do. Each time the
// next `make dev` has to get on from there by itself. The stack is the project's own, with one job more: it takes seconds, and
// what it does is not idempotent.
//
// Kills come in chains: what recovers from one is itself killed further on, and at the end of each chain `make dev` is left to
// finish. Every other kill leaves pulumi's plugins and the program alive for as long as they like, as the kernel's does when
// memory runs out; the rest end them as well, as a loss of power does.

const COUNT = `
  const count = new SetupJob("count", {
    platform,
    image: { registry: "redis:8", packages: "redis" },
    command: ["sh", "-ec", 'redis() { redis-cli --no-auth-warning -u "$(cat "$CACHE_URL_FILE")" "$@"; }; redis rpush marks start; sleep 4; redis incr runs; redis rpush marks end'],
    uses: { cache },
  });
`;

const project = copyOfProject({
  "stacks/polyglot.ts": (before) =>
    replaced(
      replaced(replaced(before, "Redis }", "Redis, SetupJob }"), "\n  const api =", `${COUNT}\n  const api =`),
      "cache, schema }",
      "cache, schema, count }",
    ),
});
const stack = new TestStack(project);
let ports: { postgres: number; redis: number; api: number };
let settings: Record<string, Record<string, unknown>>;
let watched: Watched;

beforeAll(async () => {
  const chosen = await polyglotSettings();
  ports = chosen.ports;
  settings = chosen.settings as typeof settings;
  await stack.create(settings);
  watched = watch(stack.name);
});

afterAll(async () => {
  watched?.stop();
  await stack.dispose();
  rmSync(project, { recursive: true, force: true });
});

let nothingThere = true;

/** Nothing is there, nor in state: also after a test that failed. */
async function fromNothing(): Promise<void> {
  if (!nothingThere) {
    const { code, output } = await stack.verb("clean", { YES: "1" });
    expect(code, output).toBe(0);
  }
  nothingThere = false;
  watched.forget();
}

let kills = 0;

/** Ends a verb as soon as it has written what is looked for, and then some time later. Answers what it had written. */
async function kill(verb: string, looked: RegExp, laterMs = 0, env: NodeJS.ProcessEnv = {}): Promise<string> {
  const child = stack.startVerb(verb, env);
  const everything = kills++ % 2 === 1;
  let seen = "";
  let killing: NodeJS.Timeout | undefined;
  child.stdout?.on("data", (text: Buffer | string) => {
    seen += String(text);
    if (looked.test(seen)) killing ??= setTimeout(() => killed(child, everything), laterMs);
  });
  const { code, output } = await ended(child);
  clearTimeout(killing);
  // It did not come to an end by itself.
  expect({ looked, killed: child.signalCode, code }, output).toEqual({ looked, killed: "SIGKILL", code: -1 });
  expect(output.slice(output.search(/^(Updating|Destroying) /m)), "it had finished").not.toContain("Duration:");
  return output;
}

function killed(child: ChildProcess, everything: boolean): void {
  if (child.pid === undefined || child.exitCode !== null) return;
  const others = everything ? inSession(child.pid) : [];
  process.kill(-child.pid, "SIGKILL");
  for (const pid of others) {
    try {
      process.kill(pid, "SIGKILL");
    } catch {
      // It is gone already.
    }
  }
}

/** Pulumi gives its plugins process groups of their own, so that only their session is the same. */
function inSession(session: number): number[] {
  return readdirSync("/proc").flatMap((name) => {
    try {
      // `pid (command) state ppid pgrp session …`, and the command may hold anything.
      const fields = readFileSync(`/proc/${name}/stat`, "utf8").split(") ").at(-1)?.split(" ") ?? [];
      return Number(fields[3]) === session ? [Number(name)] : [];
    } catch {
      return [];
    }
  });
}

/** `make dev`, and all that it promises. */
async function converges(): Promise<void> {
  nothingThere = false;
  const { code, output } = await stack.verb("up");
  expect(code, output).toBe(0);
  expect((await fetch(`http://127.0.0.1:${ports.api}/ready`)).status).toBe(200);
  const { code: changes, output: preview } = await stack.pulumi(["preview", "--diff", "--expect-no-changes"]);
  expect(changes, preview).toBe(0);

  // The effect of the job is there once, and so is each container.
  expect(await redis("LRANGE", "marks", "0", "-1")).toEqual(["start", "end"]);
  expect(await redis("GET", "runs")).toBe("1");
  const there = (await stack.containers()).map(({ labels, state }) => `${labels["stackyard.service"]} ${state}`);
  expect(there.sort()).toEqual(
    ["api running", "count", "postgres running", "postgres-setup", "redis running"].map((each) =>
      each.includes(" ") ? each : expect.stringMatching(`^${each} (created|exited)$`),
    ),
  );
  expect(watched.starts("count")).toBe(1);
  expect(watched.besideEachOther()).toEqual([]);
}

async function redis(...command: string[]): Promise<unknown> {
  const client = createClient({ url: (await stack.outputs<{ redis: string }>("urls")).redis });
  await client.connect();
  try {
    return await client.sendCommand(command);
  } finally {
    client.destroy();
  }
}

async function destroyed(): Promise<void> {
  const { code, output } = await stack.pulumi(["destroy", "--yes", "--skip-preview"]);
  expect(code, output).toBe(0);
  expect(await stack.leftovers()).toEqual([]);
  nothingThere = true;
}

const notes = () => `http://127.0.0.1:${ports.api}/notes`;

async function writeNote(title: string): Promise<void> {
  const body = JSON.stringify({ title });
  const { status } = await fetch(notes(), { method: "POST", body, headers: { "content-type": "application/json" } });
  expect(status).toBe(201);
}

async function titles(): Promise<string[]> {
  const found = (await (await fetch(notes())).json()) as { title: string }[];
  return found.map(({ title }) => title).sort();
}

// Each chain ends a first `make dev` again and again, always further on: by then what was looked for earlier is there.
const CHAINS: { name: string; at: (RegExp | [RegExp, number])[] }[] = [
  {
    name: "identity, provider, password",
    at: [
      /Stash identity creating/,
      /providers:docker docker creating/,
      /RandomPassword \S+ creating/,
      /RandomPassword \S+ created/,
    ],
  },
  {
    name: "volume, image, network",
    at: [
      /Volume postgres-data creating/,
      /RemoteImage api creating/,
      /Network postgres creating/,
      /Network \S+ created/,
    ],
  },
  {
    name: "volume and image that are there, the containers of a job and a database",
    at: [
      /Volume \S+ created/,
      /RemoteImage api created/,
      /Container postgres-setup creating/,
      /Container postgres creating/,
      /Container postgres created/,
    ],
  },
  {
    name: "the gates of a database and a job",
    at: [
      /Stash postgres-ready creating/,
      /Stash postgres-ready created/,
      /Stash postgres-setup-done creating/,
      /Stash postgres-setup-done created/,
    ],
  },
  {
    name: "a job in its middle, and at its end; an app's container and gate",
    at: [
      [/Stash count-done creating/, 2_000],
      /Stash count-done created/,
      /Container api creating/,
      /Container api created/,
      /Stash api-ready creating/,
      /Stash api-ready created/,
    ],
  },
];

for (const { name, at } of CHAINS) {
  test(`killed while creating: ${name}`, async () => {
    await fromNothing();
    for (const each of at) {
      const [looked, laterMs] = Array.isArray(each) ? each : [each, 0];
      await kill("up", looked, laterMs);
      if (laterMs > 0) expect((await stack.container("count")).state).toBe("running");
    }
    await converges();
    await destroyed();
  });
}

test("ended by Ctrl-C while a database gets ready", async () => {
  await fromNothing();
  const { hit, code, output } = await signalledAt(stack.startVerb("up"), "SIGINT", /Stash postgres-ready creating/);
  expect(hit).toBe(true);
  expect(code, output).not.toBe(0);
  expect(output).toContain("interrupted");
  await converges();
});

test("killed while a database is replaced: what was written is there", async () => {
  await converges();
  await writeNote("first");
  const written = await titles();
  for (const [at, looked] of [
    /Container postgres deleting/,
    /Container postgres deleted/,
    /Container postgres creating replacement/,
    /Container postgres created replacement/,
    /Stash postgres-ready creating replacement/,
  ].entries()) {
    // Another port on the host: the server is stopped and made anew over its volume.
    ports.postgres += 1;
    settings = { ...settings, postgres: { ...settings.postgres, hostPort: ports.postgres } };
    stack.configure(settings);
    await kill("up", looked);
    await converges();
    expect(await titles()).toEqual(written);
    written.push(`after ${at}`);
    await writeNote(`after ${at}`);
    written.sort();
  }
});

test("killed in the middle of down: what was written is there", async () => {
  await converges();
  await writeNote("before down");
  const written = await titles();
  for (const looked of [/Container api deleting/, /Container postgres deleted/]) {
    await kill("down", looked);
    await converges();
    expect(await titles()).toEqual(written);
  }
  // And down itself gets on from there.
  await kill("down", /Container redis deleting/);
  const { code, output } = await stack.verb("down");
  expect(code, output).toBe(0);
  expect(await stack.containers()).toEqual([]);
  await converges();
  expect(await titles()).toEqual(written);
});

test("killed in the middle of a clean slate: a new start gets on from there, and so does the next clean slate", async () => {
  await converges();
  await kill("clean", /Container postgres deleting/, 0, { YES: "1" });
  // What was there is partly gone, so a job may have to run again: no more is asked than that all is up.
  const { code, output } = await stack.verb("up");
  expect(code, output).toBe(0);
  await kill("clean", /Volume \S+ deleted/, 0, { YES: "1" });
  const { code: cleaned, output: said } = await stack.verb("clean", { YES: "1" });
  expect(cleaned, said).toBe(0);
  expect(await stack.leftovers()).toEqual([]);
  watched.forget();
  await converges();
  await destroyed();
});

interface Watched {
  starts(service: string): number;
  /** Services and jobs of which two containers ran at the same time. */
  besideEachOther(): string[];
  forget(): void;
  stop(): void;
}

/** Follows the engine's own account of what starts and ends. */
function watch(name: string): Watched {
  const filters = ["type=container", "event=start", "event=die", `label=stackyard.stack=${name}`];
  const args = ["events", ...filters.flatMap((each) => ["--filter", each]), "--format", "{{json .}}"];
  const child = spawn("docker", args, { stdio: ["ignore", "pipe", "inherit"] });
  let started: string[] = [];
  const beside = new Set<string>();
  const running = new Map<string, Set<string>>();
  createInterface({ input: child.stdout }).on("line", (line) => {
    const { Action, Actor } = JSON.parse(line) as {
      Action: string;
      Actor: { ID: string; Attributes: Record<string, string> };
    };
    const service = Actor.Attributes["stackyard.service"] ?? "";
    const ids = running.get(service) ?? new Set();
    running.set(service, ids);
    if (Action === "die") ids.delete(Actor.ID);
    else {
      started.push(service);
      ids.add(Actor.ID);
      // Of the API, two may: it has a port on the host here, so that even of it only one does.
      if (ids.size > 1) beside.add(service);
    }
  });
  return {
    starts: (service) => started.filter((each) => each === service).length,
    besideEachOther: () => [...beside].sort(),
    forget: () => {
      started = [];
    },
    stop: () => child.kill(),
  };
}

function replaced(text: string, from: string, to: string): string {
  if (!text.includes(from)) throw new Error(`no "${from}" to replace`);
  return text.replace(from, to);
}
