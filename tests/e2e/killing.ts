import { type ChildProcess, spawn } from "node:child_process";
import { readdirSync, readFileSync, rmSync } from "node:fs";
import { createInterface } from "node:readline";
import { afterAll, beforeAll, expect } from "vitest";
import { redis } from "../contract/rows.ts";
import { copyOfProject, ended, freePorts, polyglotSettings, TestStack } from "./harness.ts";

// What the suites that kill runs have in common: the project's own stack, with one more job. The job takes seconds and is not
// idempotent, so that a second run, or a second copy beside the first, is noticed.

const COUNT = `
  const count = new SetupJob("count", {
    platform,
    image: { registry: "redis:8", packages: "redis" },
    command: ["sh", "-ec", 'redis() { redis-cli --no-auth-warning -u "$(cat "$CACHE_URL_FILE")" "$@"; }; redis rpush marks start; sleep 4; redis incr runs; redis rpush marks end'],
    uses: { cache },
  });
`;

/** A stack whose runs are killed, for the tests of one file. */
export class Victim {
  readonly #project = copyOfProject({
    "stacks/polyglot.ts": (before) =>
      replaced(
        replaced(
          replaced(before, "  Redis,", "  Redis,\n  SetupJob,"),
          "\n  const databases =",
          `${COUNT}\n  const databases =`,
        ),
        "enabledOf({ schema,",
        "enabledOf({ schema, count,",
      ),
  });
  readonly stack = new TestStack(this.#project);
  #ports = { postgres: 0, redis: 0, api: 0 };
  #settings: Record<string, Record<string, unknown>> = {};
  #watched: Watched | undefined;
  #nothingThere = true;
  #kills = 0;

  constructor() {
    beforeAll(async () => {
      const { ports, settings } = await polyglotSettings();
      this.#ports = ports;
      this.#settings = settings as Record<string, Record<string, unknown>>;
      await this.stack.create(settings);
      this.#watched = watch(this.stack.name);
    });
    afterAll(async () => {
      this.#watched?.stop();
      await this.stack.dispose();
      rmSync(this.#project, { recursive: true, force: true });
    });
  }

  /** Removes everything from engine and state, even after a test that failed. */
  async fromNothing(): Promise<void> {
    if (!this.#nothingThere) await this.cleaned();
    this.#nothingThere = false;
  }

  /** A clean slate, which leaves nothing. */
  async cleaned(): Promise<void> {
    const { code, output } = await this.stack.verb("clean", { YES: "1" });
    expect(code, output).toBe(0);
    expect(await this.stack.leftovers()).toEqual([]);
    this.#watched?.forget();
  }

  async destroyed(): Promise<void> {
    const { code, output } = await this.stack.pulumi(["destroy", "--yes", "--skip-preview"]);
    expect(code, output).toBe(0);
    expect(await this.stack.leftovers()).toEqual([]);
    this.#watched?.forget();
    this.#nothingThere = true;
  }

  /** Gives a database another port on the host: its server is stopped and made anew over its volume. */
  async republish(database: "postgres" | "redis"): Promise<void> {
    const [port = 0] = await freePorts(1);
    this.#ports[database] = port;
    this.#settings = {
      ...this.#settings,
      [database]: { ...this.#settings[database], hostPort: this.#ports[database] },
    };
    this.stack.configure(this.#settings);
  }

  /**
   * Kills a verb some time after it has written a given text. Every other time everything that it has started is killed as well, as
   * by a loss of power; otherwise pulumi's plugins and the program live on, as when the kernel kills a process because memory has
   * run out.
   */
  async kill(verb: string, looked: RegExp, laterMs = 0, env: NodeJS.ProcessEnv = {}): Promise<void> {
    const child = this.stack.startVerb(verb, { ...env, show: "resources" });
    const everything = this.#kills++ % 2 === 1;
    let seen = "";
    let killing: NodeJS.Timeout | undefined;
    child.stdout?.on("data", (text: Buffer | string) => {
      seen += String(text);
      if (looked.test(seen)) killing ??= setTimeout(() => killed(child, everything), laterMs);
    });
    const { code, output } = await ended(child);
    clearTimeout(killing);
    // It was killed, and did not end by itself.
    expect({ looked, killed: child.signalCode, code }, output).toEqual({ looked, killed: "SIGKILL", code: -1 });
    expect(output.slice(output.search(/^(Updating|Destroying) /m)), "it had finished").not.toContain("Duration:");
  }

  /** Runs `make dev` and checks all that it promises; that nothing is left to do then, only where it is the last of a chain. */
  async converges({ last = true } = {}): Promise<void> {
    this.#nothingThere = false;
    const { code, output } = await this.stack.verb("up");
    expect(code, output).toBe(0);
    expect((await fetch(`http://127.0.0.1:${this.#ports.api}/ready`)).status).toBe(200);
    if (last) await this.stack.unchanged({}, false);

    // The job had its effect once, and each container exists once.
    const { redis: url } = await this.stack.outputs<{ redis: string }>("urls");
    expect(await redis(url, "LRANGE", "marks", "0", "-1")).toEqual(["start", "end"]);
    expect(await redis(url, "GET", "runs")).toBe("1");
    const found = (await this.stack.containers()).map(({ labels, state }) => `${labels["stackyard.service"]} ${state}`);
    expect(found.sort()).toEqual(
      ["api running", "count", "postgres running", "postgres-setup", "redis running"].map((each) =>
        each.includes(" ") ? each : expect.stringMatching(`^${each} (created|exited)$`),
      ),
    );
    expect(this.#watched?.starts("count")).toBe(1);
    expect(this.#watched?.besideEachOther()).toEqual([]);
  }

  async writeNote(title: string): Promise<void> {
    const body = JSON.stringify({ title });
    const headers = { "content-type": "application/json" };
    const { status } = await fetch(`http://127.0.0.1:${this.#ports.api}/notes`, { method: "POST", body, headers });
    expect(status).toBe(201);
  }

  async titles(): Promise<string[]> {
    const found = (await (await fetch(`http://127.0.0.1:${this.#ports.api}/notes`)).json()) as { title: string }[];
    return found.map(({ title }) => title).sort();
  }
}

function killed(child: ChildProcess, everything: boolean): void {
  if (child.pid === undefined || child.exitCode !== null) return;
  const descendants = everything ? inSession(child.pid) : [];
  process.kill(-child.pid, "SIGKILL");
  for (const pid of descendants) {
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

interface Watched {
  starts(service: string): number;
  /** Services and jobs of which two containers ran at the same time. */
  besideEachOther(): string[];
  forget(): void;
  stop(): void;
}

/** Follows the engine's events of what starts and ends. */
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
      // Two of the API could, but it has a port on the host here, so that only one of it runs, too.
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
