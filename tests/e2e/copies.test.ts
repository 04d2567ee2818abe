import { cpSync, existsSync, mkdirSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import { api, docker, SMALL, TestStack } from "./harness.ts";

// Copies of one program side by side on one machine, from the same settings; a part of one; and a required API key.

const SETTINGS = {
  ...SMALL,
  ports: "free",
  postgres: { hostPort: 5432, memoryMiB: 256 },
  redis: { hostPort: 6379 },
  api: { hostPort: 3000 },
};
const [alice, bob] = [new TestStack(), new TestStack()];

beforeAll(async () => {
  for (const stack of [alice, bob]) await stack.create(SETTINGS);
});
afterAll(() => Promise.all([alice.dispose(), bob.dispose()]));

async function up(stack: TestStack, env: NodeJS.ProcessEnv = {}): Promise<string> {
  const { code, output } = await stack.verb("up", env);
  expect(code, output).toBe(0);
  return output;
}

const running = async (stack: TestStack) =>
  (await stack.containers({ "stackyard.kind": "service" })).map(({ labels }) => labels["stackyard.service"]).sort();

async function portsOf(stack: TestStack): Promise<Record<string, number>> {
  const { code, output, stdout } = await stack.verb("config", { json: "1" });
  expect(code, output).toBe(0);
  const rows = JSON.parse(stdout) as { key: string; value: string; from: string }[];
  const ports = rows.filter(({ key }) => key.endsWith(".hostPort"));
  for (const { from } of ports) expect(from).toBe("state");
  return Object.fromEntries(ports.map(({ key, value }) => [key.split(".")[0] ?? "", Number(value)]));
}

test("a part of a stack comes up with only what it refers to, and what runs stays up", async () => {
  const unknown = await alice.verb("up", { only: "redis,postgers" });
  expect(unknown.code).toBe(1);
  expect(unknown.output).toMatch(
    /^only=postgers: there is no such service or job .*; there are postgres, postgres-setup,/m,
  );

  await up(alice, { only: "redis" });
  expect(await running(alice)).toEqual(["redis"]);
  const { id } = await alice.container("redis");
  await up(alice, { only: "postgres-setup" });
  expect(await running(alice)).toEqual(["postgres", "redis"]);
  await up(alice);
  expect(await running(alice)).toEqual(["api", "postgres", "redis"]);
  await up(alice, { only: "redis" });
  expect(await running(alice)).toEqual(["api", "postgres", "redis"]);
  expect((await alice.container("redis")).id).toBe(id);
});

test("another copy comes up beside it, and both keep ports of their own", async () => {
  await up(bob);
  const [alicePorts, bobPorts] = [await portsOf(alice), await portsOf(bob)];
  const all = [...Object.values(alicePorts), ...Object.values(bobPorts)];
  expect(new Set([...all, 5432, 6379, 3000]).size).toBe(9);
  for (const [stack, ports] of [
    [alice, alicePorts],
    [bob, bobPorts],
  ] as const) {
    const { body, status } = await ready(ports.api ?? 0);
    expect(status, body).toBe(200);
    const { nodes } = JSON.parse((await stack.verb("graph", { json: "1" })).stdout) as {
      nodes: { name: string; hostPorts: number[] }[];
    };
    expect(nodes.find(({ name }) => name === "redis")?.hostPorts).toEqual([ports.redis]);
    expect((await stack.verb("ps")).stdout).toMatch(new RegExp(`^redis +ready +127\\.0\\.0\\.1:${ports.redis} `, "m"));
  }
  const down = await alice.verb("down");
  expect(down.code, down.output).toBe(0);
  expect((await ready(bobPorts.api ?? 0)).status).toBe(200);
  await up(alice);
  expect(await portsOf(alice)).toEqual(alicePorts);
  await Promise.all([alice.unchanged(), bob.unchanged()]);
});

test("a clone that was never brought up has nothing, even where another clone has a stack of that name", async () => {
  const stranger = new TestStack();
  onTestFinished(() => stranger.dispose());
  stranger.configure(SETTINGS);
  const startedAt = async () =>
    Object.fromEntries(
      await Promise.all(
        (await alice.containers()).map(async ({ id }) => [id, (await api.inspect(id))?.startedAt] as const),
      ),
    );
  const before = await startedAt();
  const verb = (name: string, env = {}) => stranger.verb(name, { PULUMI_STACK: alice.name, ...env });
  const UP = `\`make dev NAME=${alice.name}\` brings it up.\n`;
  for (const [name, env, message] of [
    ["restart", {}, `Nothing is up in stack ${alice.name} as a service. ${UP}`],
    ["restart", { s: "redis" }, `redis is not up in stack ${alice.name} as a service; up: nothing. ${UP}`],
    ["logs", {}, `Nothing is up in stack ${alice.name}. ${UP}`],
    ["logs", { s: "redis" }, `redis is not up in stack ${alice.name}; up: nothing. ${UP}`],
    ["env", {}, `stack ${alice.name} has nothing to tell yet; \`make dev NAME=${alice.name}\` brings it up\n`],
  ] as const) {
    const { code, output } = await verb(name, env);
    expect({ code, output }, name).toEqual({ code: 1, output: message });
  }
  expect(await verb("ps")).toMatchObject({
    code: 0,
    output: `Nothing of stack ${alice.name} is up. \`make dev NAME=${alice.name}\` brings it up.\n`,
  });
  for (const name of ["down", "clean"]) {
    const { code, output } = await verb(name, name === "clean" ? { YES: "1" } : {});
    expect({ code, output }, name).toMatchObject({
      code: 0,
      output: expect.stringContaining(`Nothing of stack ${alice.name} is there`),
    });
  }
  expect(existsSync(join(stranger.folder, "backend/.pulumi/stacks"))).toBe(false);
  expect(await startedAt()).toEqual(before);
});

test("a port that another program has taken is given up for another one, which is kept", async () => {
  const { redis = 0, ...others } = await portsOf(alice);
  const down = await alice.verb("down");
  expect(down.code, down.output).toBe(0);
  const server = createServer().listen(redis, "127.0.0.1");
  onTestFinished(() => void server.close());
  await new Promise((resolve) => server.once("listening", resolve));

  const refused = await alice.up();
  expect(refused.code).not.toBe(0);
  expect(refused.output).toContain(
    `port ${redis} on 127.0.0.1 is taken by another program. Stop that, or let another be chosen: \`make dev\` of this copy does, ` +
      "STACKYARD_NEW_PORTS=redis.hostPort for plain pulumi.",
  );
  const notice = `port ${redis}, kept for redis.hostPort, is taken by another program: choosing another one\n`;
  const preview = await alice.verb("preview");
  expect(preview.code, preview.output).toBe(0);
  expect(preview.output).toContain(notice);
  expect(await up(alice)).toContain(notice);
  const after = await portsOf(alice);
  expect(after).toEqual({ ...others, redis: after.redis });
  expect(after.redis).not.toBe(redis);
  // The new port stays after the other program has ended.
  await new Promise((resolve) => server.close(resolve));
  await up(alice);
  expect(await portsOf(alice)).toEqual(after);
  await alice.unchanged();
});

test("a required API key that is missing stops the preview; once it is set, only the API has it, in a file", async () => {
  bob.configure({ ...SETTINGS, apiKeys: { OPENAI_API_KEY: "required", OTHER_KEY: "optional" } });
  const missing = await bob.pulumi(["preview"]);
  expect(missing.code).not.toBe(0);
  expect(missing.output).toContain(
    `OPENAI_API_KEY: should be set, got nothing: make pulumi ARGS="config set -s ${bob.name} --secret OPENAI_API_KEY" asks for it`,
  );
  const key = "sk-0123456789abcdef";
  const set = await bob.pulumi(["config", "set", "--secret", "OPENAI_API_KEY", key]);
  expect(set.code, set.output).toBe(0);
  const pem = "One of:\n-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEIA0N\n-----END PRIVATE KEY-----\n";
  const more = await bob.pulumi(["config", "set", "--secret", "OTHER_KEY", pem]);
  expect(more.code, more.output).toBe(0);
  expect(await bob.planned()).toEqual(expect.arrayContaining(["replace Container api"]));
  const shownByUp = await up(bob);
  const { id } = await bob.container("api");
  expect((await docker(["exec", id, "cat", "/run/secrets/openai_api_key"])).stdout).toBe(key);
  expect((await docker(["exec", id, "cat", "/run/secrets/other_key"])).stdout).toBe(pem);
  const shown = await bob.verb("config");
  expect(shown.stdout).toMatch(/^OPENAI_API_KEY +\[secret\] /m);
  expect((await bob.verb("config", { show: "secrets" })).stdout).toContain(key);
  const inspected = await docker(["inspect", id]);
  for (const text of [shownByUp, shown.output, inspected.output]) {
    for (const secret of [key, ...pem.trim().split("\n")]) expect(text).not.toContain(secret);
  }
  await bob.unchanged();
});

test("a clone that was moved finds its volumes and its former state, adopts that, and has nothing to do", async () => {
  const home = join(alice.folder, "home");
  const [old, own] = [join(home, "stackyard/old"), join(home, "stackyard/own")];
  cpSync(join(alice.folder, "backend"), join(old, "backend"), { recursive: true });
  writeFileSync(join(old, "clone"), `${join(home, "nowhere")}\n`);
  writeFileSync(join(old, "passphrase"), "e2e");
  mkdirSync(join(own, "backend"), { recursive: true });
  const moved = { XDG_STATE_HOME: home, STACKYARD_STATE: own, PULUMI_BACKEND_URL: `file://${own}/backend` };

  const before = (await alice.leftovers()).sort();
  const refused = await alice.verb("up", moved);
  expect(refused.code, refused.output).toBe(1);
  for (const { name } of await api.volumes({ "stackyard.stack": alice.name, "stackyard.kind": "data" }))
    expect(refused.output).toContain(`  ${name}, made 20`);
  expect(refused.output).toContain(`  make adopt from=${old}\n`);
  // Nor does any other verb only report that nothing exists.
  for (const name of ["ps", "preview", "down", "clean", "restart", "job", "build"]) {
    const { output } = await alice.verb(name, { ...moved, ...(name === "clean" ? { YES: "1" } : {}) });
    expect(output, name).toContain(`  make adopt from=${old}\n`);
  }
  expect(refused.output).not.toContain(bob.name);
  expect((await alice.leftovers()).sort()).toEqual(before);

  const adopted = await alice.verb("adopt", { ...moved, from: old });
  expect(adopted.code, adopted.output).toBe(0);
  expect(existsSync(old)).toBe(false);
  await alice.unchanged(moved);
});

test("destroy leaves nothing of both", async () => {
  for (const stack of [alice, bob]) {
    const { code, output } = await stack.pulumi(["destroy", "--yes", "--skip-preview"]);
    expect(code, output).toBe(0);
    expect(await stack.leftovers()).toEqual([]);
  }
});

async function ready(port: number): Promise<{ status: number; body: string }> {
  const response = await fetch(`http://127.0.0.1:${port}/ready`);
  return { status: response.status, body: await response.text() };
}
