import { join } from "node:path";
import { createClient } from "redis";
import { afterAll, beforeAll, expect, test } from "vitest";
import { docker, freePorts, ROOT, TestStack } from "./harness.ts";

// A database that is not in the library, as examples/component has it: the real server, through a real client.

const stack = new TestStack(join(ROOT, "tests/e2e/programs/component"));
/** An empty value, and one of several words. */
const SETTINGS = { "maxmemory-policy": "allkeys-lru", save: "", "oom-score-adj-values": "0 100 200" };
let hostPort: number;

beforeAll(async () => {
  const [page = 0, port = 0] = await freePorts(2);
  hostPort = page;
  await stack.create({ hostPort, cache: { hostPort: port, settings: SETTINGS } });
});
afterAll(() => stack.dispose());

async function up(env: NodeJS.ProcessEnv = {}): Promise<void> {
  const { code, output } = await stack.up(env);
  expect(code, output).toBe(0);
}

const clientOf = (url: string) => createClient({ url, socket: { reconnectStrategy: false } }).on("error", () => {});

async function inCache<T>(act: (client: ReturnType<typeof clientOf>) => Promise<T>): Promise<T> {
  const client = await clientOf(await stack.outputs<string>("url")).connect();
  try {
    return await act(client);
  } finally {
    client.destroy();
  }
}

const visit = async () => (await fetch(`http://127.0.0.1:${hostPort}/`)).text();

test("it comes up, and the next `up` has nothing to do", async () => {
  await up();
  await stack.unchanged();
});

test("it is the real server, and its settings are in force", async () => {
  await inCache(async (client) => {
    expect(await client.info("server")).toMatch(/^valkey_version:8\./m);
    for (const [name, value] of Object.entries(SETTINGS))
      expect(await client.configGet(name)).toEqual({ [name]: value });
  });
});

test("a client and what uses it in the stack write and read the same data", async () => {
  expect(await visit()).toBe("1\n");
  await inCache(async (client) => {
    expect(await client.get("visits")).toBe("1");
    await client.set("visits", 41);
  });
  expect(await visit()).toBe("42\n");
});

test("nobody gets in with a wrong password or without one, and it is not in what the engine shows", async () => {
  const url = new URL(await stack.outputs<string>("url"));
  const password = decodeURIComponent(url.password);
  expect(password.length).toBeGreaterThan(10);
  url.password = "wrong";
  await expect(clientOf(url.href).connect()).rejects.toThrow("WRONGPASS");
  await expect(clientOf(`redis://${url.host}`).connect()).rejects.toThrow("NOAUTH");
  const { id } = await stack.container("cache");
  for (const command of ["inspect", "logs", "top"]) {
    const { code, output } = await docker([command, id]);
    expect(code, output).toBe(0);
    expect(output).not.toContain(password);
  }
});

test("its data and its password outlive `down` and `up`", async () => {
  const before = await stack.outputs<string>("url");
  await up({ STACKYARD_DOWN: "1" });
  expect(await stack.containers()).toEqual([]);
  await up();
  expect(await stack.outputs<string>("url")).toBe(before);
  expect(await visit()).toBe("43\n");
});

test("destroy leaves nothing", async () => {
  const { code, output } = await stack.pulumi(["destroy", "--yes"]);
  expect(code, output).toBe(0);
  expect(await stack.leftovers()).toEqual([]);
});
