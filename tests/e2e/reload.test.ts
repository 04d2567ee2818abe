import { readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import { BUILT } from "../../components/core/support/built-image.ts";
import { api, copyOfProject, docker, eventually, inspect, polyglotSettings, TestStack } from "./harness.ts";

// Changes of an application while its stack is up, and when they take effect.

const project = copyOfProject();
const stack = new TestStack(project);
let settings: Record<string, unknown>;
let url: string;

beforeAll(async () => {
  const chosen = await polyglotSettings();
  settings = chosen.settings;
  url = `http://127.0.0.1:${chosen.ports.api}/health`;
  await stack.create(settings);
  await done(stack.verb("up"));
});
afterAll(async () => {
  await stack.dispose();
  rmSync(project, { recursive: true });
});

// Each test begins with the original sources, which answer "ok".
let failed = false;
beforeEach(async () => {
  if (readFileSync(SOURCE, "utf8") !== source) replace(source);
  if (failed || stack.settings !== settings) {
    stack.configure(settings);
    await done(stack.verb("up"));
  }
  await answers("ok");
});
afterEach(({ task }) => {
  failed = task.result?.state === "fail";
});

async function done(running: Promise<{ code: number; output: string }>): Promise<void> {
  const { code, output } = await running;
  expect(code, output).toBe(0);
}

const SOURCE = join(project, "examples/api/src/app.ts");
const ROUTE = /app\.get\("\/health".*$/m;
const source = readFileSync(SOURCE, "utf8");
const answering = (word: string) =>
  source.replace(ROUTE, `app.get("/health", quiet, async () => ({ status: "${word}" }));`);

/** Replaces the file by another one, as many editors do. */
function replace(text: string): void {
  writeFileSync(`${SOURCE}.new`, text);
  renameSync(`${SOURCE}.new`, SOURCE);
}

/** Waits until the API gives an answer. */
async function answers(word: string): Promise<void> {
  for (const deadline = Date.now() + 120_000; ; ) {
    const answer = await fetch(url).then(
      async (response) => ((await response.json()) as { status: string }).status,
      () => "nothing",
    );
    if (answer === word) return;
    if (Date.now() > deadline) throw new Error(`${url}: should be ${word}, got ${answer}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

/** All that a container has logged from a time on, in the order in which it came. */
const logged = async (id: string, since: Date) => (await api.logs(id, undefined, { since })).join("\n");

/** Sorted, because the engine lists images of the same second in any order. */
const images = async () => (await api.imageNames(`${BUILT}*-${stack.name}-*:*`)).sort();

/** What must not change: image, container, and its run. */
async function running() {
  const { id } = await stack.container("api");
  const { State, Image } = await inspect<{ State: { StartedAt: string; Pid: number }; Image: string }>(id);
  return { id, started: State.StartedAt, pid: State.Pid, image: Image, images: await images() };
}

test("changed sources are live at once: no new image, no new container, nothing for `up` to do", async () => {
  const before = await running();
  const took: number[] = [];
  const changes: [string, (text: string) => void][] = [
    ["replaced", replace],
    ["replaced again", replace],
    ["in place", (text) => writeFileSync(SOURCE, text)],
    ["at last", replace],
  ];
  for (const [word, change] of changes) {
    const began = performance.now();
    change(answering(word));
    await answers(word);
    took.push(Math.round(performance.now() - began));
  }
  console.log(`live after ${took.join(", ")} ms`);
  expect(await running()).toEqual(before);
  await stack.unchanged();
  await done(stack.verb("up"));
  expect(await running()).toEqual(before);
});

test("sources that do not run do not end the container: it shows the error, and waits for the next change", async () => {
  const before = await running();
  const since = new Date();
  replace("const = (");
  // All lines, because the number of the error's lines can change.
  const reported = /SyntaxError[\s\S]*^ended with exit code 1: waiting for the next change$/m;
  await eventually(async () => expect(await logged(before.id, since)).toMatch(reported), 120);
  await answers("nothing");
  expect(await running()).toEqual(before);
  replace(source);
  await answers("ok");
  await eventually(async () => expect((await stack.container("api")).status).toContain("(healthy)"), 120);
});

test("its sources can be read in the container, and not be written", async () => {
  const { id } = await stack.container("api");
  const { Mounts } = await inspect<{ Mounts: { Type: string }[] }>(id);
  expect(Mounts.filter(({ Type }) => Type === "bind")).toEqual([
    expect.objectContaining({ Destination: "/app/src", RW: false }),
  ]);
});

test("it stops in order", async () => {
  const { id } = await stack.container("api");
  const since = new Date();
  await docker(["stop", id]);
  expect((await api.inspect(id))?.exitCode).toBe(0);
  expect(await logged(id, since)).toContain('"stopped"');
  await api.start(id);
  await answers("ok");
});

test("other files of the image change the image, at the next up", async () => {
  const before = await running();
  const file = join(project, "examples/api/package.json");
  writeFileSync(file, readFileSync(file, "utf8").replace('"0.1.0"', '"0.1.1"'));
  await done(stack.verb("up"));
  const after = await running();
  expect([after.id === before.id, after.image === before.image, after.images.length]).toEqual([false, false, 2]);
  await answers("ok");
  await stack.unchanged();
});

test("build rebuilds the image even without a change, replaces its containers, and leaves no old image", async () => {
  const before = { ...(await running()), state: await stack.state() };
  expect(await stack.verb("build", { s: "redis,api" })).toMatchObject({
    code: 1,
    output: expect.stringContaining(`redis is not up in stack ${stack.name} on an image that is built here; up: api\n`),
  });
  await done(stack.verb("build", { s: "api" }));
  const { images, ...after } = await running();
  expect(images).toEqual(before.images);
  expect([after.image === before.image, after.id === before.id]).toEqual([false, false]);
  expect((await api.allImages()).map(({ id }) => id)).not.toContain(before.image);
  const state = await stack.state();
  expect(Object.keys(state).filter((key) => state[key] !== before.state[key])).toEqual([
    "Container api",
    "RemoteImage api",
    "Stash api-ready",
  ]);
  await answers("ok");
  await stack.unchanged();
});

test("without hot reload the image has the present sources", async () => {
  stack.configure({ ...settings, api: { ...(settings.api as object), hotReload: false } });
  await done(stack.up());
  const { id, image } = await running();
  const { Mounts, Config } = await inspect<{ Mounts: { Type: string }[]; Config: { Cmd: string[] } }>(id);
  expect({ mounts: Mounts.filter(({ Type }) => Type === "bind"), command: Config.Cmd }).toEqual({
    mounts: [],
    command: ["node", "src/server.ts"],
  });
  await answers("ok");
  replace(answering("in the image"));
  expect(await stack.planned()).toEqual(expect.arrayContaining(["replace RemoteImage api"]));
  await done(stack.up());
  await answers("in the image");
  expect((await running()).image).not.toBe(image);
});
