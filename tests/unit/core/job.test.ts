import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as pulumi from "@pulumi/pulumi";
import { beforeEach, describe, expect, test, vi } from "vitest";
import type { Dependency } from "../../../components/core/dependency.ts";
import { Job, type JobArgs } from "../../../components/core/job.ts";
import { password } from "../../../components/core/secret.ts";
import type { Platform } from "../../../components/index.ts";
import { deploy, held, idOf, labels, type Options, passwordOf, type Stack } from "../helpers/stack.ts";

const SUBJECT = 'Thing "seed"';
const CONTAINER = "Container seed";
const DONE = "Stash seed-done";
const MEND = "Mend the cause and run `up` again: it will be tried again.";
const HASH = expect.stringMatching(/^[0-9a-f]{64}$/);

class Thing extends pulumi.ComponentResource {
  readonly job: Job;
  constructor(platform: Platform, args: Partial<JobArgs>) {
    super("test:index:Thing", "seed");
    this.job = new Job("seed", this, {
      platform,
      subject: SUBJECT,
      image: () => ({ key: pulumi.output("sha256:seed"), resource: this }),
      command: ["sh", "seed.sh"],
      uses: {},
      user: "65534:65534",
      timeoutSeconds: 300,
      memoryMiB: 64,
      ...args,
    });
  }
}
const job = (args: Partial<JobArgs> = {}, options: Options = {}) =>
  deploy((platform) => new Thing(platform, args).job, options);

/** A database: a gate, a network and a volume. */
function database(volume = "db-1"): Dependency {
  const network = new pulumi.Stash("db-network", { input: 1 });
  return {
    gate: new pulumi.Stash("db-ready", { input: 1 }),
    container: new pulumi.Stash("db", { input: 1 }),
    network: { key: pulumi.output("n1"), resource: network },
    data: pulumi.output(volume),
  };
}
const withDatabase = (volume?: string, options: Options = {}) =>
  deploy((platform) => new Thing(platform, { uses: { database: database(volume) } }).job, options);

let shown: string[];
beforeEach(() => {
  shown = [];
  vi.spyOn(pulumi.log, "info").mockImplementation(async (line) => void shown.push(line));
});

const KEY = { image: "sha256:seed", command: ["sh", "seed.sh"], files: HASH, env: HASH, volumes: [] };

test("is a container that is made but not started, and a gate that starts it", async () => {
  const stack = await job();
  expect(stack.keys).toEqual([
    CONTAINER,
    "Platform platform",
    "Provider docker",
    "Stash identity",
    "Stash ledger",
    DONE,
    "Thing seed",
  ]);
  expect(stack.get(CONTAINER).inputs).toEqual({
    image: "sha256:seed",
    command: ["sh", "seed.sh"],
    envs: [],
    user: "65534:65534",
    capabilities: { drops: ["ALL"] },
    securityOpts: ["no-new-privileges:true"],
    readOnly: true,
    init: true,
    tmpfs: { "/tmp": "mode=1777,size=64m" },
    memory: 64,
    memorySwap: 64,
    networkMode: "none",
    networksAdvanced: [],
    labels: [...labels("seed", "job"), { label: "stackyard.key", value: HASH }],
    logDriver: "json-file",
    logOpts: { "max-size": "10m", "max-file": "3" },
    start: false,
    mustRun: false,
    restart: "no",
    destroyGraceSeconds: 10,
    volumes: [],
  });
  const { inputs, dependsOn, replaceOnChanges, parent } = stack.get(DONE);
  expect({ inputs, dependsOn, replaceOnChanges, parent }).toEqual({
    inputs: { input: KEY },
    dependsOn: [CONTAINER],
    replaceOnChanges: ["input"],
    parent: "Thing seed",
  });
});

test("has the folders in memory that are asked for, beside /tmp", async () => {
  const { inputs } = (await job({ tmpfs: { "/conf": "size=1m" } })).get(CONTAINER);
  expect(inputs.tmpfs).toEqual({ "/tmp": "mode=1777,size=64m", "/conf": "size=1m" });
});

test("starts when what it refers to is ready, and reaches nothing else; its container is made earlier", async () => {
  const stack = await withDatabase();
  expect(stack.get(DONE).dependsOn).toEqual([CONTAINER, "Stash db-ready"]);
  // Making this container must not slow down the start of the database, which takes long.
  expect(stack.get(CONTAINER).dependsOn).toEqual(["Stash db"]);
  expect(stack.get(CONTAINER).inputs.networksAdvanced).toEqual([{ name: "n1", aliases: [] }]);
});

describe("runs again", () => {
  /** @returns what decides whether the gate runs again and what decides whether the container is replaced: both change, or neither. */
  const key = async (made: Promise<Stack<Job>>) => {
    const stack = await made;
    const labels = stack.get(CONTAINER).inputs.labels as { label: string; value: string }[];
    return {
      gate: stack.get(DONE).inputs.input,
      container: labels.find(({ label }) => label === "stackyard.key")?.value,
    };
  };

  test.each<[string, Partial<JobArgs>]>([
    ["its command changes", { command: ["sh", "other.sh"] }],
    ["its entry point changes", { entrypoint: ["sh", "-c"] }],
    ["a file changes", { files: { "seed.sh": "two", dump: Buffer.from([0xff]) } }],
    ["a byte of a binary file changes", { files: { "seed.sh": "one", dump: Buffer.from([0xfe]) } }],
    ["its environment changes", { env: { A: "2" } }],
    ["its image changes", { image: () => ({ key: pulumi.output("sha256:other"), resource: undefined as never }) }],
  ])("when %s", async (_, change) => {
    const files = { "seed.sh": "one", dump: Buffer.from([0xff]) };
    const before: Partial<JobArgs> = { files, env: { A: "1" } };
    const [first, second] = [await key(job(before)), await key(job({ ...before, ...change }))];
    expect(second.gate).not.toEqual(first.gate);
    expect(second.container).not.toEqual(first.container);
  });

  test("when the volume of its database is new", async () => {
    const [first, second] = [await key(withDatabase("db-1")), await key(withDatabase("db-2"))];
    expect([first.gate, second.gate]).toEqual([
      { ...KEY, volumes: ["db-1"] },
      { ...KEY, volumes: ["db-2"] },
    ]);
    expect(second.container).not.toEqual(first.container);
  });

  test.each<[string, Partial<JobArgs>]>([
    ["nothing", {}],
    ["a secret", { secrets: { password: "another" } }],
    ["its time-out", { timeoutSeconds: 1 }],
    ["its memory", { memoryMiB: 128 }],
    ["its user", { user: "1:1" }],
    ["the order of its files", { files: { "b.sql": "2", "a.sql": "1" } }],
    ["the order of its environment", { env: { B: "2", A: "1" } }],
  ])("not when %s changes", async (_, change) => {
    const before: Partial<JobArgs> = {
      files: { "a.sql": "1", "b.sql": "2" },
      env: { A: "1", B: "2" },
      secrets: { password: "one" },
    };
    expect(await key(job({ ...before, ...change }))).toEqual(await key(job(before)));
  });

  test("its key does not reveal files or environment", async () => {
    const stack = await job({ files: { a: "hunter22" }, env: { A: pulumi.secret("sesame11") } });
    expect(JSON.stringify(stack.get(DONE).inputs)).not.toMatch(/hunter22|sesame11/);
  });
});

describe("done", () => {
  test("passes when the job succeeds, and shows the output as it comes", async () => {
    const stack = await job();
    stack.engine.container(idOf("seed")).onStart((it) => it.writes("one", "two").exits(0));
    stack.engine.follow = async (id, _since, line) => {
      for (const each of await stack.engine.logs(id, 10)) line(each);
    };
    await expect(stack.run("seed-done")).resolves.toBeUndefined();
    expect(stack.engine.acts).toEqual([
      ["limitPids", idOf("seed"), 256],
      ["start", idOf("seed")],
    ]);
    expect(shown).toEqual(["one", "two"]);
    expect(vi.mocked(pulumi.log.info).mock.calls[0]?.[1]).toMatchObject({ job: stack.made });
  });

  test("puts secrets and files into the container before it starts", async () => {
    const stack = await job({ secrets: { token: pulumi.secret("hunter22") }, files: { "a.sql": "select 1" } });
    stack.engine.container(idOf("seed")).onStart((it) => it.exits(0));
    await stack.run("seed-done");
    expect(stack.engine.acts).toEqual([
      ["limitPids", idOf("seed"), 256],
      [
        "putFiles",
        idOf("seed"),
        "/run/secrets",
        [{ name: "token", content: "hunter22", mode: 0o400, uid: 65_534, gid: 65_534 }],
      ],
      ["putFiles", idOf("seed"), "/run/files", [{ name: "a.sql", content: "select 1", mode: 0o444, uid: 0, gid: 0 }]],
      ["start", idOf("seed")],
    ]);
  });

  test("fails with the job's exit code and log, and runs the job again the next time", async () => {
    const stack = await job();
    const container = stack.engine.container(idOf("seed")).onStart((it) => it.writes("ERROR: no such table").exits(3));
    await expect(stack.run("seed-done")).rejects.toThrow(
      new Error(`${SUBJECT} failed with exit code 3\nlast log lines:\n  ERROR: no such table\n${MEND}`),
    );
    container.onStart((it) => it.exits(0));
    await stack.run("seed-done").catch(() => {});
    expect(stack.engine.acts.filter(([method]) => method === "start")).toHaveLength(2);
  });

  test("fails at its own time-out", async () => {
    const stack = await job({ timeoutSeconds: 7 });
    stack.engine.container(idOf("seed"));
    vi.useFakeTimers();
    const failed = stack.run("seed-done").catch((error: Error) => error.message);
    await vi.advanceTimersByTimeAsync(7_000);
    vi.useRealTimers();
    expect(await failed).toBe(`${SUBJECT} was ended: it took longer than 7 s\nit wrote no log\n${MEND}`);
  });

  test("hides every secret of the platform", async () => {
    const stack = await deploy((platform) => {
      password("db-password", platform, { parent: platform });
      return new Thing(platform, {});
    });
    stack.engine.container(idOf("seed")).onStart((it) => it.writes(`using ${passwordOf("db-password")}`).exits(1));
    await expect(stack.run("seed-done")).rejects.toThrow(
      new Error(`${SUBJECT} failed with exit code 1\nlast log lines:\n  using [secret]\n${MEND}`),
    );
  });

  test.each([
    ["is this machine's", 0],
    ["is two hours ahead", 7_200_000],
    ["is two hours behind", -7_200_000],
  ])("notes when the job was started, by an engine whose clock %s", async (_, aheadMs) => {
    const folder = mkdtempSync(join(tmpdir(), "stackyard-job-"));
    vi.stubEnv("STACKYARD_TIMINGS", join(folder, "timings"));
    const stack = await job();
    stack.engine.aheadMs = aheadMs;
    const at = Date.UTC(2026, 0, 2, 3, 4, 5);
    const createdAt = new Date(at + aheadMs - 1_000);
    stack.engine.container(idOf("seed"), { createdAt }).onStart((it) => it.exits(0));
    vi.useFakeTimers({ toFake: ["Date"], now: at });
    await stack.run("seed-done");
    vi.useRealTimers();
    const noted = readFileSync(join(folder, "timings"), "utf8").trim().split("\n");
    expect(noted.map((line) => JSON.parse(line))).toEqual([
      { service: "seed", kind: "job", waitsFor: [] },
      { service: "seed", createdAt: at - 1_000, startedAt: at },
      { service: "seed", tookMs: 0 },
    ]);
    rmSync(folder, { recursive: true });
  });

  test("reports a container that somebody has removed", async () => {
    const stack = await job();
    await expect(stack.run("seed-done")).rejects.toThrow(
      new Error(`${SUBJECT} is gone: somebody removed its container. Run \`make dev\`, or \`pulumi up --refresh\`.`),
    );
  });
});

describe("down", () => {
  test("the gate stays as it is, without a container", async () => {
    const stack = await withDatabase("db-1", { down: true });
    expect(stack.keys).toEqual([
      "Platform platform",
      "Provider docker",
      "Stash db",
      "Stash db-network",
      "Stash db-ready",
      "Stash identity",
      "Stash ledger",
      DONE,
      "Thing seed",
    ]);
    const { inputs, ignoreChanges, replaceOnChanges } = stack.get(DONE);
    expect({ inputs, ignoreChanges, replaceOnChanges }).toEqual({
      inputs: { input: { pending: "made while down" } },
      ignoreChanges: ["input"],
      replaceOnChanges: ["input"],
    });
  });

  test("a gate that never passed is made with a key that no job has, and runs nothing", async () => {
    const stack = await job({}, { down: true });
    await expect(stack.run("seed-done")).resolves.toBeUndefined();
    expect(stack.engine.acts).toEqual([]);
    expect(await held((stack.made.done as pulumi.Stash).output)).toEqual({ pending: "made while down" });
  });
});
