import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { freePorts, ROOT, run, TestStack } from "./harness.ts";
import { loadOn, request } from "./load.ts";

// Releases of an application behind the proxy, under requests that go on all the time.

const stack = new TestStack(join(ROOT, "tests/e2e/programs/releases"));
let port = 0;

beforeAll(async () => {
  [port = 0] = await freePorts(1);
  await stack.create({ proxyPort: port });
});
afterAll(() => stack.dispose());

const ask = (path: string) => request({ port, path });
const load = () => loadOn(port, [{ method: "POST", path: "/api/work", body: "text" }, WORK, WORK]);
const WORK = { path: "/api/work" };

async function up(env: NodeJS.ProcessEnv): Promise<string> {
  const { code, output } = await stack.up(env);
  expect(code, output).toBe(0);
  return output;
}

test("an application in two replicas comes up behind the proxy, and a second up changes nothing", async () => {
  await up({ VERSION: "1" });
  expect(await ask("/api/work")).toBe("200 1");
  expect(await ask("/other/")).toMatch(/^404 /);
  expect(await stack.containers({ "stackyard.service": "app" })).toHaveLength(2);
  await stack.unchanged({ VERSION: "1" });
});

test("a release drops no request, and what was in flight on the one before is answered by it", async () => {
  const stop = load();
  const slow = ask("/api/slow");
  await up({ VERSION: "2" });
  expect(await slow).toBe("200 1");
  expect(await ask("/api/work")).toBe("200 2");
  const answers = await stop();
  expect(Object.keys(answers)).toEqual(["200 1", "200 2"]);
  expect(await stack.containers({ "stackyard.service": "app" })).toHaveLength(2);
});

test("a release whose probe fails gets no request, and the one before serves on", async () => {
  const stop = load();
  const { code, output } = await stack.up({ VERSION: "bad", HEALTH: "500" });
  expect(code).not.toBe(0);
  expect(output).toMatch(/Api "app" (is unhealthy|did not get ready)/);
  const { code: again, output: failed } = await stack.up({ VERSION: "worse", CHECK: "503" });
  expect(again).not.toBe(0);
  expect(failed).toContain('the new "app" does not answer /api/check through the proxy');
  expect(Object.keys(await stop())).toEqual(["200 2"]);

  const ps = await run("node", [join(ROOT, "cli/stackyard.ts"), "ps"], { cwd: stack.program, env: stack.env });
  expect(ps.code, ps.output).toBe(1);
  const serving = [...ps.stdout.matchAll(/^app(?:\.2)? +ready .* (\S+)$/gm)].map(([, container]) => container);
  expect(serving).toHaveLength(2);
  expect(ps.stdout).toMatch(/^app +failed /m);
  expect(ps.stdout).toContain(`The last release of app has failed: requests go to ${serving.join(", ")}, none to `);
});

test("the next good one cleans up after it", async () => {
  const stop = load();
  await up({ VERSION: "3" });
  expect(await ask("/api/work")).toBe("200 3");
  expect(Object.keys(await stop())).toEqual(["200 2", "200 3"]);
  expect(await stack.containers({ "stackyard.service": "app" })).toHaveLength(2);
  await stack.unchanged({ VERSION: "3" });
});

test("more replicas, and fewer, only start and stop the difference", async () => {
  const idsOf = async () => (await stack.containers({ "stackyard.service": "app" })).map(({ id }) => id).sort();
  const before = await idsOf();
  const stop = load();
  await up({ VERSION: "3", REPLICAS: "4" });
  const more = await idsOf();
  expect(more).toHaveLength(4);
  expect(more).toEqual(expect.arrayContaining(before));
  await up({ VERSION: "3", REPLICAS: "2" });
  expect(await idsOf()).toEqual(before);
  expect(Object.keys(await stop())).toEqual(["200 3"]);
});

test("another route does not replace the proxy, which reaches the new application by it", async () => {
  const { id } = await stack.container("proxy");
  const stop = load();
  await up({ VERSION: "3", ROUTES: "two" });
  expect(await ask("/other/")).toBe("200 other");
  await up({ VERSION: "3" });
  expect(await ask("/other/")).toMatch(/^404 /);
  expect((await stack.container("proxy")).id).toBe(id);
  expect(Object.keys(await stop())).toEqual(["200 3"]);
});

test("a configuration that Nginx refuses fails the up with its reason, and the one before is in force", async () => {
  const { code, output } = await stack.up({ VERSION: "3", SNIPPET: "proxy_nonsense on;" });
  expect(code).not.toBe(0);
  expect(output).toContain("Nginx refuses its new configuration");
  expect(output).toContain('unknown directive "proxy_nonsense"');
  expect(await ask("/api/work")).toBe("200 3");
});

test("destroy leaves nothing", async () => {
  const { code, output } = await stack.pulumi(["destroy", "--yes", "--skip-preview"], { VERSION: "3" });
  expect(code, output).toBe(0);
  expect(await stack.leftovers()).toEqual([]);
});
