import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { builtImage } from "../../components/core/support/built-image.ts";
import { engineApi } from "../../components/engines/containers/api.ts";
import { eventually, freePorts, ROOT, TestStack } from "./harness.ts";
import { OwnEngine } from "./own-engine.ts";

// What stands behind the proxy is found again after the engine, or its machine, has ended: on an engine that only this test has.

const engine = new OwnEngine();
const api = engineApi({ host: engine.host });
const stack = new TestStack(join(ROOT, "tests/e2e/programs/releases"));
let port = 0;

beforeAll(async () => {
  [port = 0] = await freePorts(1);
  await Promise.all([engine.boot(), stack.create({ proxyPort: port })]);
  await engine.copyImages(["busybox", "nginx", "node"]);
  await up("1");
});
afterAll(async () => {
  await engine.dispose();
  await stack.dispose();
});

const settings = (version: string) => ({
  DOCKER_HOST: engine.host,
  STACKYARD_IMAGE_SOURCE: "packages",
  VERSION: version,
});

async function up(version: string, ...flags: string[]): Promise<void> {
  const { code, output } = await stack.up(settings(version), ...flags);
  expect(code, output).toBe(0);
}

async function docker(...args: string[]): Promise<string> {
  const { code, stdout, output } = await engine.docker(...args);
  expect(code, output).toBe(0);
  return stdout.trim();
}

const answers = (path: string, answer: string | RegExp, seconds?: number) =>
  eventually(async () => expect(await engine.ask(port, path)).toMatch(answer), seconds);

const containersOf = (service: string) => api.list({ "stackyard.stack": stack.name, "stackyard.service": service });
const idsOf = async (service: string) => (await containersOf(service)).map(({ id }) => id).sort();

/** Address on the network of the application, by container. */
async function addresses(network: string): Promise<Record<string, string>> {
  const found = await docker("network", "inspect", "--format", "{{json .Containers}}", network);
  const containers = JSON.parse(found) as Record<string, { IPv4Address: string }>;
  const app = (await idsOf("app")).filter((id) => containers[id]);
  return Object.fromEntries(app.map((id) => [id, String(containers[id]?.IPv4Address.replace(/\/.*/, ""))]));
}

test("after a restart of the engine, the proxy finds the application again by itself", async () => {
  await answers("/api/work", "200 1");
  await engine.restart();
  await answers("/api/work", "200 1");
});

test("the proxy starts before the application, which then has other addresses", async () => {
  const labels = { "stackyard.stack": stack.name, "stackyard.service": "app", "stackyard.kind": "network" };
  const [{ name: network } = { name: "" }] = await api.networks(labels);
  const before = await addresses(network);
  expect(Object.keys(before)).toHaveLength(2);
  await docker("stop", ...Object.keys(before));
  await engine.restart();
  await answers("/health", "200 ok");
  await answers("/api/work", /^50[24] /);
  // Where the proxy has taken an address of theirs, it is in use already.
  const squat = (address: string) => ["run", "--detach", "--rm", "--network", network, "--ip", address];
  const sleep = ["--stop-signal", "KILL", "--entrypoint", "busybox", builtImage("busybox").ref, "sleep", "3600"];
  const squatters = await Promise.all(
    Object.values(before).map((address) => engine.docker(...squat(address), ...sleep)),
  );
  await docker("start", ...Object.keys(before));
  // Nginx's own time-out for names would be 30 s.
  await answers("/api/work", "200 1", 20);
  const after = Object.values(await addresses(network));
  expect(after).toHaveLength(2);
  expect(Object.values(before).filter((address) => after.includes(address))).toEqual([]);
  const squatting = squatters.flatMap(({ code, stdout }) => (code === 0 ? [stdout.trim()] : []));
  if (squatting.length > 0) await docker("stop", ...squatting);
  await stack.unchanged(settings("1"));
});

test("after the engine was killed, an up has everything answer again", async () => {
  await engine.kill();
  const states = async () => (await containersOf("app")).map(({ state }) => state);
  expect(await states()).toEqual(["exited", "exited"]);
  await up("1", "--refresh");
  await answers("/api/work", "200 1");
});

test("after a power cut, it answers by itself", async () => {
  await engine.cutPower();
  await engine.boot();
  await answers("/api/work", "200 1");
});

const inProxy = async (script: string) => docker("exec", String(await idsOf("proxy")), "sh", "-ec", script);
const restartProxy = async () => docker("restart", String(await idsOf("proxy")));

test("a configuration that was damaged is mended by its copy when the proxy starts", async () => {
  await inProxy("echo damaged >/proxy/current/nginx.conf");
  await restartProxy();
  await answers("/api/work", "200 1");
  await up("2");
  await answers("/api/work", "200 2");
});

const damaged = "for each in /proxy/generations/*; do echo damaged >$each/nginx.conf; done";

test("where that is damaged too, it is found again at the first start at which it is right", async () => {
  await inProxy(`cp -R /proxy/generations/copy /proxy/right; ${damaged}`);
  await restartProxy();
  await answers("/health", /^503 /);
  await inProxy("cp /proxy/right/nginx.conf /proxy/generations/copy/");
  await restartProxy();
  await answers("/api/work", "200 2");
});

test("where it stays damaged, the proxy is not well and says what to do, which helps", async () => {
  await inProxy(damaged);
  await restartProxy();
  await answers("/health", /^503 /);
  await answers("/api/work", /^503 /);
  const { code, output } = await stack.up(settings("3"));
  expect(code).not.toBe(0);
  const [advice, command = ""] = /its configuration was lost, .*: `docker ([^`]+)`/.exec(output) ?? [];
  expect(advice, output).toBeDefined();
  expect((await engine.docker("logs", String(await idsOf("proxy")))).output).toContain(advice);
  await docker(...command.split(" "));
  await up("3", "--refresh");
  await answers("/api/work", "200 3");
});
