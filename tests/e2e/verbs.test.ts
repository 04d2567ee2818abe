import { readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { BUILT } from "../../components/core/support/built-image.ts";
import { api, copyOfProject, docker, inspect, polyglotSettings, type Ran, run, SMALL, TestStack } from "./harness.ts";

// The daily commands, on a stack that is up.

const project = copyOfProject();
const stack = new TestStack(project);
let ports: { postgres: number; redis: number; api: number };

beforeAll(async () => {
  const chosen = await polyglotSettings();
  ports = chosen.ports;
  await stack.create(chosen.settings);
  await verb("up");
});
afterAll(async () => {
  await stack.dispose();
  rmSync(project, { recursive: true });
});

/** The advice of `make env` where a file must not be written. */
const another = `make env NAME=${stack.name} file=.env.stackyard`;

async function verb(name: string, given: NodeJS.ProcessEnv = {}): Promise<string> {
  const { code, output, stdout } = await stack.verb(name, given);
  expect(code, output).toBe(0);
  return stdout;
}

function expectRefused({ code, output }: Ran, message: string): void {
  expect({ code, output }).toEqual({ code: 1, output: message });
}

const started = async (service: string) =>
  (await inspect<{ State: { StartedAt: string } }>((await stack.container(service)).id)).State.StartedAt;

test("ps lists what is up, and its exit code tells whether everything is as it should be", async () => {
  expect(await verb("ps")).toMatch(
    new RegExp(`^postgres +ready +127\\.0\\.0\\.1:${ports.postgres} +Up .*\\(healthy\\)`, "m"),
  );
  await api.kill((await stack.container("redis")).id);
  const { code, stdout } = await stack.verb("ps", { json: "1" });
  expect(code).toBe(1);
  const states = (JSON.parse(stdout) as Record<string, string>[]).map(({ service, state }) => `${service} ${state}`);
  expect(states).toEqual(["api ready", "postgres ready", "redis stopped", "postgres-setup done"]);
});

test("graph shows what refers to what, and the state of each", async () => {
  expect(await verb("graph", { format: "text" })).toMatch(/^├─ ready ▸ redis +Redis +failed +127\.0\.0\.1:\d+$/m);
  const { nodes } = JSON.parse(await verb("graph", { json: "1" })) as { nodes: { name: string; status: string }[] };
  expect(Object.fromEntries(nodes.map(({ name, status }) => [name, status]))).toEqual({
    postgres: "ready",
    redis: "failed",
    "postgres-setup": "ready",
    api: "ready",
  });
  expect(await verb("graph", { file: "now.svg" })).toBe("now.svg\n");
  const picture = readFileSync(join(project, "now.svg"), "utf8");
  expect(picture).toContain('class="shape database outline-failed"');
  expect(picture).toContain(`>:${ports.postgres}</text>`);
});

test("restart also starts what is stopped, waits until it is ready, and leaves everything else alone", async () => {
  const before = { redis: await started("redis"), postgres: await started("postgres") };
  const container = await stack.container("redis");
  expect(await verb("restart", { s: "redis" })).toMatch(/^redis: ready after \d+\.\d s\n$/);
  expect(await stack.container("redis")).toMatchObject({
    id: container.id,
    status: expect.stringContaining("(healthy)"),
  });
  expect(await started("redis")).not.toBe(before.redis);
  expect(await started("postgres")).toBe(before.postgres);
  await stack.unchanged();
});

test("an up over a failing service ends with 1 and names it, doctor finds it, and their advice repairs it", async () => {
  await docker(["pause", (await stack.container("redis")).id]);
  const { code, output } = await stack.verb("up");
  expect(code, output).toBe(1);
  expect(output).toMatch(/^redis +paused/m);
  expect(output).toMatch(/^redis is paused\n(last probe: .*\n)?last log lines:$/m);
  expect(output).toContain(`\`make restart NAME=${stack.name} s=redis\` starts it anew`);
  const doctor = await stack.verb("doctor", { json: "1" });
  expect(doctor.code).toBe(1);
  expect(JSON.parse(doctor.stdout)).toContainEqual(
    expect.objectContaining({ about: "redis", ok: false, found: expect.stringMatching(/^redis is paused/) }),
  );
  await verb("restart", { s: "redis" });
  expect((await stack.container("redis")).status).toContain("(healthy)");
});

test("logs shows the services that s= names", async () => {
  const lines = (await verb("logs", { s: "postgres-setup", tail: "2" })).trimEnd().split("\n");
  expect(lines).toEqual(["postgres-setup | examples/api/schema.sql"]);
  expectRefused(
    await stack.verb("logs", { s: "postgres,nobody" }),
    `nobody is not up in stack ${stack.name}; up: api, postgres, redis, postgres-setup\n`,
  );
});

test("logs shows the time that since= names, also as lines of JSON", async () => {
  const records = async (env: NodeJS.ProcessEnv) =>
    (await verb("logs", { s: "postgres-setup", json: "1", ...env }))
      .split("\n")
      .slice(0, -1)
      .map((line) => JSON.parse(line) as { service: string; time: string; line: string });
  const all = await records({});
  expect(all.map(({ service, line }) => `${service}: ${line}`)).toEqual(["postgres-setup: examples/api/schema.sql"]);
  expect(await records({ since: "1h" })).toEqual(all);
  expect(await records({ since: "1h", follow: "1", tail: "1" })).toEqual(all.slice(-1));
  const after = new Date(Date.parse(all.at(-1)?.time ?? "") + 1_000).toISOString();
  expect(await records({ since: after })).toEqual([]);
  expectRefused(
    await stack.verb("logs", { since: "10 min" }),
    "since= should be a duration (30s, 10m, 2h) or a time (2026-01-02T03:04:05Z), got 10 min\n",
  );
  expectRefused(await stack.verb("logs", { tail: "all" }), "tail= should be a number of lines, got all\n");
});

test("clients are signed in", async () => {
  expect(await verb("psql", { c: "select current_user || ' ' || 1" })).toContain("app 1");
  expect(await verb("redis-cli", { c: "incr counted" })).toBe("1\n");
  expect(await verb("shell", { s: "api", c: "id -u" })).toBe("1000\n");
  expectRefused(await stack.verb("shell"), "s= should say which: api, postgres, redis, postgres-setup\n");
  expectRefused(
    await stack.verb("psql", { s: "redis" }),
    `There is nothing in stack ${stack.name} that psql is a client of by the name of redis.\n`,
  );
});

test("c= reaches a client exactly as it was typed, and the client's exit code comes back", async () => {
  expect(await verb("psql", { c: `select $$a "b" 'c' *$$` })).toContain(`a "b" 'c' *`);
  expect(await verb("redis-cli", { c: 'set g "hello * world"' })).toBe("OK\n");
  expect(await verb("redis-cli", { c: "get g" })).toBe("hello * world\n");
  expect(await verb("redis-cli", { c: "keys *" })).toContain("g\n");
  expect(await verb("redis-cli", { c: 'set bytes "\\xff\\x00 $x" ex 60' })).toBe("OK\n");
  expect(await verb("redis-cli", { c: "strlen bytes" })).toBe("5\n");
  expect(await verb("shell", { s: "api", c: `printf '%s|' "a  b" '$HOME' "$0"` })).toBe("a  b|$HOME|sh|");
  for (const [client, c, message] of [
    ["redis-cli", "set g", "ERR wrong number of arguments"],
    ["redis-cli", 'get "g', 'The quote " should be closed, got get "g'],
    ["psql", "select 1/0", "division by zero"],
  ] as const) {
    const { code, output } = await stack.verb(client, { c });
    expect(code, client).not.toBe(0);
    expect(output).toContain(message);
  }
});

test("faults outside of the program are reported in one sentence", async () => {
  const bare = { STACKYARD_DEBUG: "" };
  expectRefused(
    await stack.verb("graph", { ...bare, file: "/nonexistent/x" }),
    "/nonexistent/x: no such file or directory (open)\n",
  );
  for (const verb of ["graph", "ps", "logs"]) {
    expectRefused(
      await stack.verb(verb, { ...bare, DOCKER_HOST: "", DOCKER_CONTEXT: "nosuch" }),
      'Docker context "nosuch" is not there. Choose one of `docker context ls` by `docker context use`.\n',
    );
  }
  const { settings } = stack;
  stack.configure({ ...settings, redis: { hostPort: 0 } });
  try {
    const { code, output } = await stack.verb("up", { ...bare, only: "redis" });
    expect(code).toBe(1);
    expect(output).toContain("has bad settings\n  redis.hostPort: should be 1 to 65535, got 0\n");
    expect(output).not.toMatch(/^ +at /m);
  } finally {
    stack.configure(settings);
  }
});

test("a job runs again on request, and nothing else changes", async () => {
  const before = await stack.state();
  expect(await verb("job", { s: "postgres-setup" })).toContain("examples/api/schema.sql");
  const after = await stack.state();
  const changed = Object.keys(after).filter((key) => after[key] !== before[key]);
  expect(changed).toEqual(["Container postgres-setup", "Stash postgres-setup-done"]);
  await stack.unchanged();
  const { code, output } = await stack.verb("job", { s: "postgres" });
  expect(code).toBe(1);
  expect(output).toContain(`s= should be a job of stack ${stack.name} that is done (postgres-setup), got postgres\n`);
});

test("a refused verb has removed nothing", async () => {
  const stray = `stray-${stack.name}`;
  const { image, labels } = await stack.container("redis");
  const named = Object.entries({ ...labels, "stackyard.service": "stray" }).flatMap((each) => [
    "--label",
    each.join("="),
  ]);
  await docker(["create", "--name", stray, ...named, image]);
  for (const [verb, env] of [
    ["up", { only: "apy" }],
    ["job", { s: "seed" }],
    ["build", { s: "redis" }],
    ["rebuild", { only: "apy", YES: "1" }],
  ] as const) {
    expect((await stack.verb(verb, env)).code, verb).toBe(1);
    expect((await stack.container("stray")).name, verb).toBe(stray);
  }
  expect((await stack.verb("restart", { s: "postgres-setup" })).output).toContain("is not up in");
  await verb("up");
  expect(await stack.containers({ "stackyard.service": "stray" })).toEqual([]);
});

test("env writes what an application outside of Docker needs, readable only by its owner", async () => {
  expect(await verb("env")).toBe(".env: api, postgres, redis\n");
  const file = join(project, ".env");
  expect(statSync(file).mode & 0o777).toBe(0o600);
  const urls = await stack.outputs<Record<string, string>>("urls");
  expect(readFileSync(file, "utf8").split("\n").slice(1)).toEqual([
    `API_URL=${urls.api}`,
    `POSTGRES_URL=${urls.postgres}`,
    `REDIS_URL=${urls.redis}`,
    "",
  ]);
  await verb("env");
  writeFileSync(file, "MINE=1\n");
  expectRefused(
    await stack.verb("env"),
    `.env is somebody's own: it was not written by \`make env\`. Name another one: ${another}\n`,
  );
  expect(readFileSync(file, "utf8")).toBe("MINE=1\n");
  expectRefused(await stack.verb("env", { file: "cli" }), `cli is a folder: name a file, as in ${another}\n`);
  const elsewhere = join(stack.folder, "it's .env");
  expect(await verb("env", { file: elsewhere })).toBe(`${elsewhere}: api, postgres, redis\n`);
  expect(statSync(elsewhere).mode & 0o777).toBe(0o600);
});

test("env writes no passwords where git would track them", async () => {
  const git = (...args: string[]) => run("git", ["-C", project, ...args], { cwd: project, env: process.env });
  await git("init", "--quiet");
  try {
    writeFileSync(join(project, ".gitignore"), ".env*\n");
    writeFileSync(join(project, ".env.tracked"), "# Written by `make env`\n");
    await git("add", "--force", ".env.tracked");
    expectRefused(
      await stack.verb("env", { file: ".env.tracked" }),
      `.env.tracked is tracked by git, and would hold passwords. Name another one: ${another}\n`,
    );
    expectRefused(
      await stack.verb("env", { file: "urls" }),
      `urls is not ignored by git, and would hold passwords: name it in .gitignore, or take another one: ${another}\n`,
    );
    expect(await verb("env", { file: ".env.stackyard" })).toBe(".env.stackyard: api, postgres, redis\n");
  } finally {
    rmSync(join(project, ".git"), { recursive: true });
  }
});

test("config shows the settings in force, and where they come from", async () => {
  const rows = JSON.parse(await verb("config", { json: "1" })) as Record<string, string>[];
  const file = `Pulumi.${stack.name}.yaml`;
  const defaults = rows.filter(({ from }) => from === "default");
  expect(defaults).toEqual(
    expect.arrayContaining([
      { key: "ports", value: "fixed", from: "default" },
      { key: "postgres.enabled", value: "true", from: "default" },
      { key: "postgres.version", value: "17", from: "default" },
      { key: "redis.memoryMiB", value: "128", from: "default" },
      { key: "redis.maxMemoryPolicy", value: "allkeys-lru", from: "default" },
    ]),
  );
  expect(rows.filter((row) => !defaults.includes(row))).toEqual([
    { key: "program", value: "polyglot", from: "Pulumi.yaml" },
    { key: "environment", value: "dev", from: "Pulumi.yaml" },
    { key: "postgres.hostPort", value: String(ports.postgres), from: file },
    { key: "postgres.memoryMiB", value: "256", from: file },
    { key: "redis.hostPort", value: String(ports.redis), from: file },
    ...Object.keys(SMALL).map((name) => ({ key: `${name}.enabled`, value: "false", from: file })),
    { key: "api.hostPort", value: String(ports.api), from: file },
  ]);
});

test("doctor finds nothing where all is well, and advises where it is not", async () => {
  const { code, stdout } = await stack.verb("doctor", { json: "1" });
  const findings = JSON.parse(stdout) as { about: string; ok: boolean; found: string; advice?: string }[];
  expect(findings.filter(({ ok }) => !ok)).toEqual([]);
  expect(code).toBe(0);
  expect(findings.map(({ about, found }) => `${about}: ${found}`)).toEqual(
    expect.arrayContaining([`port ${ports.redis}: redis's`, "images: 4 in state, all on the engine"]),
  );

  await api.kill((await stack.container("redis")).id);
  const sick = await stack.verb("doctor");
  expect(sick.code).toBe(1);
  // Another verb shows the log.
  expect(sick.stdout).not.toContain("last log lines");
  expect(sick.stdout).toMatch(
    new RegExp(
      `^What to do:\nredis: .*\`make restart NAME=${stack.name} s=redis\` starts it anew\n` +
        `drift: \`make dev NAME=${stack.name}\` puts it back$`,
      "m",
    ),
  );

  const engineless = await stack.verb("doctor", { DOCKER_HOST: "unix:///nonexistent/docker.sock" });
  expect(engineless.code).toBe(1);
  expect(engineless.stdout).toContain("engine: No Docker engine answers at unix:///nonexistent/docker.sock");
  expect(await verb("up")).toMatch(/^redis +ready/m);
});

test("scale sets how many of a service run, and brings them up; each can be asked for by its own name", async () => {
  const published = stack.settings;
  const before = readFileSync(stack.configFile, "utf8");
  const refused = await stack.verb("scale", { s: "api=2" });
  expect(refused.code).toBe(1);
  expect(refused.output).toContain("It has a published port, which one container has: leave this out.");
  expect((await stack.verb("scale", { s: "postgres=2" })).output).toBe(
    `postgres of stack ${stack.name} cannot be scaled: its settings have no \`replicas\`; those of api have \`replicas\`. ` +
      "Nothing was touched.\n",
  );
  expect(readFileSync(stack.configFile, "utf8")).toBe(before);

  stack.configure({ ...published, api: {} });
  expect(await verb("scale", { s: "api=2" })).toMatch(/^api +ready.*\napi\.2 +ready/m);
  expect(await verb("ps")).toMatch(/^api +ready.*\napi\.2 +ready/m);
  const rows = JSON.parse(await verb("config", { json: "1" })) as Record<string, string>[];
  expect(rows.find(({ key }) => key === "api.replicas")?.value).toBe("2");
  const prefixes = async (s: string) => {
    const lines = (await verb("logs", { s })).trimEnd().split("\n");
    return [...new Set(lines.map((line) => line.replace(/ .*/, "")))].sort();
  };
  expect(await prefixes("api")).toEqual(["api", "api.2"]);
  expect(await prefixes("api.2")).toEqual(["api.2"]);
  expect(await verb("restart", { s: "api.2" })).toMatch(/^api\.2: ready after \d+\.\d s\n$/);
  expect(await verb("restart", { s: "api" })).toMatch(/^api: ready after .*\napi\.2: ready after .*\n$/);
  expect(await verb("run", { s: "api.2", c: "echo here" })).toBe("here\n");
  expect(await verb("scale", { s: "api=1" })).not.toContain("api.2");
  stack.configure(published);
});

test("after down, a job starts only what it refers to; the rest stays down", async () => {
  await verb("down");
  expect((await stack.verb("build", { s: "api" })).output).toContain(
    `api is not up in stack ${stack.name} on an image that is built here; up: nothing\n`,
  );
  expect(await verb("job", { s: "postgres-setup" })).toContain("examples/api/schema.sql");
  const found = (await stack.containers()).map(({ labels, state }) => `${labels["stackyard.service"]} ${state}`);
  expect(found.sort()).toEqual(["postgres running", "postgres-setup exited"]);
});

test("clean asks first, needs YES=1 without a terminal, and then leaves nothing", async () => {
  const { code, output } = await stack.verb("clean");
  expect(code).toBe(1);
  expect(output).toContain(`postgres-data (${(await stack.state())["Volume postgres-data"]})`);
  expect(output).toContain("There is no terminal to ask on: YES=1 confirms.\n");
  expect((await stack.containers()).length).toBe(2);
  // rebuild removes everything, and starts again with new data.
  const before = await stack.state();
  expect((await stack.verb("rebuild")).output).toContain("There is no terminal to ask on: YES=1 confirms.\n");
  expect((await stack.verb("rebuild", { YES: "1", only: "apy" })).output).toContain("only=apy: there is no such");
  expect(await stack.state()).toEqual(before);
  expect(await verb("rebuild", { YES: "1", only: "postgres" })).toMatch(/^postgres +ready/m);
  const after = await stack.state();
  for (const key of ["Volume postgres-data", "Stash identity"]) expect(after[key]).not.toBe(before[key]);

  await verb("clean", { YES: "1" });
  expect(await verb("clean", { YES: "1" })).toBe(`Nothing of stack ${stack.name} is there to be removed.\n`);
  expect(await verb("down")).toBe(`Nothing of stack ${stack.name} is there to be taken down.\n`);
  expect(await stack.leftovers()).toEqual([]);
  expect(await api.imageNames(`${BUILT}*-${stack.name}-*:*`)).toEqual([]);
});
