import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { FakeDaemon } from "../unit/helpers/daemon.ts";
import { up } from "./checks.ts";
import {
  copyOfProject,
  docker,
  freePorts,
  inspect,
  localImage,
  polyglotSettings,
  type Ran,
  type Recorded,
  ROOT,
  TestStack,
} from "./harness.ts";

// Refusals by the real CLI: in the documented words, without a stack trace, and without a change.

const NO_ENGINE = { DOCKER_HOST: "unix:///nonexistent/docker.sock" };

describe("before the first up", () => {
  const stack = new TestStack();
  let settings: Record<string, unknown>;

  beforeAll(async () => {
    ({ settings } = await polyglotSettings());
    await stack.create(settings);
  });
  afterAll(() => stack.dispose());

  test("bad settings: all faults at once", async () => {
    stack.configure({
      environment: "staging",
      imageMirror: "https://registry.example.com",
      subnetPool: "10.213.0.0",
      postgres: { hostPort: 70_000, memoryMiB: 1.5, memory: 1 },
      redis: { cpus: 0.05 },
      enviroment: "prod",
    });
    const message = `stack ${stack.name} has bad settings
      environment: should be one of dev, prod, got "staging"
      imageMirror: should be a registry's host, with port and path where it has them, got "https://registry.example.com"
      subnetPool: should be an IPv4 network of addresses for hosts, from /8 to /28, as 10.214.0.0/16, got "10.213.0.0"
      postgres.hostPort: should be 1 to 65535, got 70000
      postgres.memoryMiB: should be whole MiB, 6 or more, got 1.5
      postgres.memory: should not be there; did you mean \`memoryMiB\`?
      redis.cpus: should be CPUs in tenths, 0.1 to 128, got 0.05
      enviroment: should not be there; did you mean \`environment\`?\n\n`;
    expectRefused(await stack.pulumi(["preview"]), message);
    expectRefused(await stack.up(), message);
    expect(await stack.leftovers()).toEqual([]);
    stack.configure(settings);
  });

  test("no engine: one sentence, for every command", async () => {
    const message =
      "No Docker engine answers at unix:///nonexistent/docker.sock (connect ENOENT /nonexistent/docker.sock). " +
      "Start it, or point DOCKER_HOST or `docker context use` at one that runs; `make dev` starts one where it can.\n";
    expectRefused(await stack.pulumi(["preview"], NO_ENGINE), message);
    expectRefused(await stack.up(NO_ENGINE), message);
    for (const verb of ["preview", "down"]) expect((await stack.verb(verb, NO_ENGINE)).output, verb).toContain(message);
    expect(await stack.leftovers()).toEqual([]);
  });

  test.each(["up", "ps", "logs"])("no engine: one sentence, for the verb %s", async (verb) => {
    const { code, output } = await stack.verb(verb, NO_ENGINE);
    expect(code).not.toBe(0);
    expect(output).toContain("No Docker engine answers at unix:///nonexistent/docker.sock");
    expectNoTrace(output);
  });

  test("no engine: one sentence, for set-up too where it builds no image", async () => {
    stack.configure({ ...settings, imageSource: "registry" });
    onTestFinished(() => stack.configure(settings));
    const { code, output } = await stack.verb("setup", NO_ENGINE);
    expect(output).toContain("No Docker engine answers at unix:///nonexistent/docker.sock");
    expect(code).toBe(1);
    expectNoTrace(output);
  });

  test("an image from package registries that was not built", async () => {
    const copy = copyOfProject({ "infra/airgap/images/redis/Dockerfile": (before) => `${before}# Changed.\n` });
    const changed = new TestStack(copy);
    onTestFinished(async () => {
      await changed.dispose();
      rmSync(copy, { recursive: true });
    });
    await changed.create({ ...settings, imageSource: "packages" });
    const message =
      /The image stackyard\.invalid\/redis:\w{12} is not on this engine\. It is built from package registries: run `make images`, then this again\.\n/;
    expectRefused(await changed.pulumi(["preview"]), message);
    expectRefused(await changed.up(), message);
    expect(await changed.containers()).toEqual([]);
  });

  test("a port that is taken: with its holder's name, until it is free", async () => {
    const { hostPort } = settings.redis as { hostPort: number };
    const message = (by: string) =>
      `Redis "redis": port ${hostPort} on 127.0.0.1 is taken by ${by}. Stop that, or set another hostPort.\n`;
    const server = createServer().listen(hostPort, "127.0.0.1");
    await new Promise((resolve) => server.once("listening", resolve));
    expectRefused(await stack.pulumi(["preview"]), message("another program"));
    expect(await stack.leftovers()).toEqual([]);
    expectRefused(await stack.up(), message("another program"));
    await new Promise((resolve) => server.close(resolve));

    const foreign = await foreignContainer(hostPort);
    expectRefused(await stack.pulumi(["preview"]), message(`container ${foreign}`));
    expectRefused(await stack.up(), message(`container ${foreign}`));
    expect(await stack.containers({ "stackyard.service": "redis" })).toEqual([]);
    await docker(["rm", "--force", foreign]);

    const { code, output } = await stack.up();
    expect(code, output).toBe(0);
    await stack.unchanged();
  });
});

describe("over data", () => {
  const stack = new TestStack(join(ROOT, "tests/e2e/programs/databases"));
  const postgres = { main: {} };
  const redis = { cache: { password: "given-once" } };
  let running: Awaited<ReturnType<typeof snapshot>>;

  beforeAll(async () => {
    const [hostPort] = await freePorts(1);
    Object.assign(redis.cache, { hostPort });
    await stack.create({ postgres, redis });
    const { code, output } = await stack.up();
    expect(code, output).toBe(0);
    running = await snapshot(stack);
  });
  afterAll(() => stack.dispose());

  /** Checks that a preview and an `up` are refused, and that nothing has changed. */
  async function expectNothingDone(message: string | RegExp, env: NodeJS.ProcessEnv = {}): Promise<void> {
    expectRefused(await stack.pulumi(["preview"], env), message);
    expectRefused(await stack.up(env), message);
    expect(await snapshot(stack)).toMatchObject(running);
  }

  test.each([
    ["at once", "failed at once\n"],
    ["later", "failed later\n"],
    ["never ending", "The function that platform.declare was given does not end: it awaits something that `up` makes"],
  ])("a program that fails while it declares: %s", async (FAIL, message) => {
    stack.configure({ postgres, redis });
    const before = recorded(stack);
    for (const ran of [await stack.pulumi(["preview"], { FAIL }), await stack.up({ FAIL })]) {
      expectRefused(ran, message);
      // The message comes once, without refusals about data.
      expect(ran.output.match(/^ {4}error: /gm)).toHaveLength(1);
      expect(ran.output).not.toMatch(/would delete|DISCARD/);
    }
    expect(recorded(stack)).toEqual(before);
    expect(await snapshot(stack)).toMatchObject(running);
  });

  const allow = (name: string) =>
    `To lose its data on purpose: make … DISCARD=${name} (STACKYARD_DISCARD=${name} for plain pulumi).`;
  const volumeOf = (name: string) => String(running.state[`Volume ${name}-data`]);

  test("another engine, but not the same one by another path", async () => {
    stack.configure({ postgres, redis });
    const { host: here } = identityOf(stack);
    const moved = ["update docker docker"];
    expect(await stack.planned({ DOCKER_HOST: "unix:///var/run/../run/docker.sock" })).toEqual(moved);

    // By a context, in another configuration folder.
    const DOCKER_CONFIG = join(stack.folder, "docker");
    mkdirSync(DOCKER_CONFIG);
    const made = await docker(["context", "create", "mine", "--docker", `host=${here}`], { DOCKER_CONFIG });
    expect(made.code, made.output).toBe(0);
    await stack.unchanged({ DOCKER_HOST: "", DOCKER_CONTEXT: "mine", DOCKER_CONFIG });

    // By an ssh that leads to this machine.
    const ssh = join(stack.folder, "ssh");
    writeFileSync(ssh, `#!/bin/sh\nDOCKER_HOST=${here} exec docker system dial-stdio\n`, { mode: 0o755 });
    const over = { DOCKER_HOST: "ssh://build", PATH: `${stack.folder}:${process.env.PATH}` };
    expect(await stack.planned(over, "--refresh")).toEqual(moved);

    const other = await new FakeDaemon().ready();
    onTestFinished(() => other.close());
    other.routes["GET /_ping"] = { headers: { "Api-Version": "1.45" } };
    other.routes["GET /info"] = { body: { ID: "another" } };
    other.routes["GET /volumes"] = { body: { Volumes: [] } };
    await expectNothingDone(
      `This Pulumi stack lives on the engine at ${here}, got ${other.host}: its volumes are not there. ` +
        `Set DOCKER_HOST=${here}, or use another stack (NAME=…) for the other engine.\n`,
      { DOCKER_HOST: other.host },
    );
  });

  test("a database left out", async () => {
    stack.configure({ postgres });
    await expectNothingDone(
      `cache: this change would delete its volume ${volumeOf("cache")} and all data in it. ${allow("cache")}\n`,
    );
  });

  test("a database renamed", async () => {
    stack.configure({ postgres: { other: {} }, redis });
    await expectNothingDone(
      `main: this change would delete its volume ${volumeOf("main")} and all data in it. ${allow("main")}\n`,
      // The name that may be discarded is another one.
      { STACKYARD_DISCARD: "other,cache" },
    );
  });

  test("another name for the database in it", async () => {
    stack.configure({ postgres: { main: { database: "other" } }, redis });
    await expectNothingDone(
      "main: database should be app, got other: its data was first made so, and what is there cannot be made otherwise. " +
        `Keep it; or load a dump into a new database. ${allow("main")}\n`,
    );
  });

  test("more CPUs than the machine has, while the server that has fewer still runs", async () => {
    stack.configure({ postgres: { main: { cpus: 128 } }, redis });
    await expectNothingDone(/Postgres "main": cpus should be \d+ or less, which the engine's machine has, got 128/);
  });

  test("images from another source", async () => {
    const { imageSource } = identityOf(stack);
    const other = imageSource === "packages" ? "registry" : "packages";
    stack.configure({ imageSource: other, postgres, redis });
    await expectNothingDone(
      `imageSource: should be ${imageSource}, got ${other}: it was decided when this Pulumi stack was first brought up, and its ` +
        "volumes were written by those images. Set it back, or use another stack (NAME=…); `make clean` gives this one up, " +
        "with its data, and the next `up` decides anew.\n",
    );
  });

  test("an image of something else: at once, or once it is built and before the server that runs is replaced", async () => {
    const NODE = { registry: "node:24-slim", packages: "node" };
    const refused = (image: string, instead: string) =>
      `Postgres "main": ${image} is not an image of Postgres: it has no variable PGDATA, as postgres:17 and images made from it do. ` +
      `${instead}, or leave it out.\n`;
    stack.configure({ postgres: { main: { image: NODE } }, redis });
    await expectNothingDone(refused("node:24-slim", "Set `image` to such a one"));

    const context = join(stack.folder, "image");
    mkdirSync(context);
    writeFileSync(join(context, "Dockerfile"), "ARG BASE\nFROM $BASE\n");
    stack.configure({ postgres: { main: { build: { context, images: { BASE: NODE } } } }, redis });
    expectRefused(await stack.up(), refused("what its `build` makes", "Base its Dockerfile on postgres:17"));
    expect((await snapshot(stack)).running).toEqual(running.running);
    stack.configure({ postgres, redis });
    await up(stack);
    expect((await snapshot(stack)).running).toEqual(running.running);
  });

  test("another major version", async () => {
    stack.configure({ postgres, redis });
    stack.rewriteState((text) => text.replaceAll('"major":"17"', '"major":"16"'));
    const message =
      "main: its data was written by version 16, which version 17 does not read. Keep 16; or dump with 16 and load into a new " +
      `database. ${allow("main")}\n`;
    expectRefused(await stack.pulumi(["preview"]), message);
    expectRefused(await stack.up(), message);
    stack.rewriteState((text) => text.replaceAll('"major":"16"', '"major":"17"'));
    expect(await snapshot(stack)).toMatchObject(running);
  });

  test("a taken port, which leaves what runs alone", async () => {
    const [hostPort = 0] = await freePorts(1);
    const foreign = await foreignContainer(hostPort);
    stack.configure({ postgres, redis: { cache: { ...redis.cache, hostPort } } });
    await expectNothingDone(
      `Redis "cache": port ${hostPort} on 127.0.0.1 is taken by container ${foreign}. Stop that, or set another hostPort.\n`,
    );
  });

  test("one port of the host for two", async () => {
    const { hostPort } = redis.cache as { hostPort?: number };
    stack.configure({ postgres: { main: { hostPort } }, redis });
    await expectNothingDone(
      `Redis "cache": hostPort ${hostPort} is asked for by Postgres "main" and by it: a port of the host leads to one place only. ` +
        "Set another one.\n",
    );
  });

  const published = async () => {
    const all = await stack.containers({ "stackyard.kind": "service" });
    return Object.fromEntries(
      all.map(({ labels, state, ports }) => [
        labels["stackyard.service"],
        [state, ...ports.map((each) => each.hostPort)],
      ]),
    );
  };

  test("after an `up` that failed in the middle, both the former program and the repaired one come up", async () => {
    const { hostPort } = redis.cache as { hostPort?: number };
    const [other] = await freePorts(1);
    const moved = { postgres, redis: { cache: { ...redis.cache, hostPort: other } } };
    for (const [settings, port] of [
      [{ postgres, redis }, hostPort],
      [moved, other],
    ] as const) {
      stack.configure(moved);
      const { code, output } = await stack.up({ FAIL: "in the middle of up" });
      expect(code, output).not.toBe(0);
      expect(output).toContain("failed in the middle");
      stack.configure(settings);
      await up(stack);
      expect(await published()).toEqual({ main: ["running"], cache: ["running", port] });
    }
  });

  test("the next `up` repairs half a program that an older version recorded", async () => {
    const { hostPort } = redis.cache as { hostPort?: number };
    stack.rewriteState((text) => {
      const state = JSON.parse(text) as { checkpoint: { latest: { resources: Recorded[] } } };
      const ledger = state.checkpoint.latest.resources.find(({ urn }) => urn.endsWith("::ledger"));
      for (const each of [ledger?.inputs, ledger?.outputs])
        Object.assign(each?.input as object, { ports: {}, volumes: {} });
      return JSON.stringify(state);
    });
    stack.configure({ postgres, redis });
    await up(stack);
    expect(await published()).toEqual({ main: ["running"], cache: ["running", hostPort] });
    const [mended] = stack.resources().filter(({ urn }) => urn.endsWith("::ledger"));
    expect(mended?.inputs).toMatchObject({ input: { ports: { [String(hostPort)]: 'Redis "cache"' } } });
    await stack.unchanged();
  });

  test("a port moves from one service to another, and two swap theirs, each by one `up`", async () => {
    const { hostPort } = redis.cache as { hostPort?: number };
    const [other] = await freePorts(1);
    const { hostPort: _, ...unpublished } = redis.cache as { hostPort?: number };
    for (const [main, cache] of [
      [hostPort, undefined],
      [hostPort, other],
      [other, hostPort],
    ]) {
      stack.configure({
        postgres: { main: { ...(main && { hostPort: main }) } },
        redis: { cache: { ...unpublished, ...(cache && { hostPort: cache }) } },
      });
      expect(await stack.planned()).toContain("replace Container cache");
      await up(stack);
      expect(await published()).toEqual({ main: ["running", main], cache: ["running", ...(cache ? [cache] : [])] });
    }
    await stack.unchanged();
  });

  test("a database renamed, with its old name as an alias, keeps its data and password; and back", async () => {
    const passwordOf = async (name: string) => {
      const url = (await stack.outputs<Record<string, string>>("inside"))[name] ?? "";
      return new URL(url).password;
    };
    const { main: _, ...others } = postgres;
    stack.configure({ postgres, redis });
    await up(stack);
    const password = await passwordOf("main");
    for (const [name, alias] of [
      ["other", "main"],
      ["main", "other"],
    ] as const) {
      stack.configure({ postgres: { ...others, [name]: { alias } }, redis });
      await up(stack);
      expect((await stack.state())[`Volume ${name}-data`]).toBe(volumeOf("main"));
      expect(await passwordOf(name)).toBe(password);
    }
    await stack.unchanged();
  });

  test("a database whose data may be lost is removed with it", async () => {
    stack.configure({ postgres });
    const discard = { STACKYARD_DISCARD: "cache" };
    expect(await stack.planned(discard)).toContain("delete Volume cache-data");
    const { code, output } = await stack.up(discard);
    expect(code, output).toBe(0);
    const left = await stack.leftovers();
    expect(left).toContain(volumeOf("main"));
    expect(left.filter((name) => name.includes("cache"))).toEqual([]);
    await stack.unchanged();
  });
});

function expectRefused({ code, output }: Ran, message: string | RegExp): void {
  expect(code, output).not.toBe(0);
  const diagnostics = output.slice(output.indexOf("Diagnostics:"));
  const hook = String.raw`(?:Preview failed: )?(?:before hook "[\w:-]+" failed: )?`;
  const text = typeof message === "string" ? message.replace(/[.*+?^${}()|[\]\\]/g, "\\$&") : message.source;
  expect(diagnostics).toMatch(new RegExp(`^ {4}error: ${hook}${text}`, "m"));
  expectNoTrace(output);
}

function expectNoTrace(output: string): void {
  expect(output).not.toMatch(/^\s+at |node:internal|\.ts:\d+/m);
}

/** Runs a container outside of the stack that has a port. */
async function foreignContainer(hostPort: number): Promise<string> {
  const name = `e2e-foreign-${hostPort}`;
  onTestFinished(async () => void (await docker(["rm", "--force", name])));
  const program = ["node", "--eval", "setTimeout(() => {}, 600_000)"];
  const published = ["--publish", `127.0.0.1:${hostPort}:80`];
  const { code, output } = await docker([
    "run",
    "--detach",
    "--name",
    name,
    ...published,
    "--entrypoint",
    "",
    await localImage("node"),
    ...program,
  ]);
  expect(code, output).toBe(0);
  return name;
}

/** Everything in the state, without secrets, which are encrypted differently each time. */
function recorded(stack: TestStack): unknown {
  return JSON.parse(JSON.stringify(stack.resources()).replaceAll(/"ciphertext":"[^"]*"/g, '"ciphertext":""'));
}

/** The state, the engine's address in it, and the start of everything that runs. */
async function snapshot(stack: TestStack) {
  const containers = await stack.containers();
  const started = containers.map(async ({ id }) => {
    return [id, (await inspect<{ State: { StartedAt: string } }>(id)).State.StartedAt] as const;
  });
  return {
    state: await stack.state(),
    engine: stack.resources().find(({ type }) => type === "pulumi:providers:docker")?.inputs?.host,
    running: Object.fromEntries(await Promise.all(started)),
  };
}

const identityOf = (stack: TestStack) =>
  stack.resources().find(({ urn }) => urn.endsWith("::identity"))?.outputs?.output as {
    host: string;
    imageSource: string;
  };
