import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { BUILT } from "../../components/core/support/built-image.ts";
import { api, copyOfProject, docker, polyglotSettings, type Ran, ROOT, run, TestStack } from "./harness.ts";

// What `make prune` removes, and what it never does. Only names that contain this run's count, because others use this engine too.

const project = copyOfProject();
const stack = new TestStack(project);
/** Gives the image a content of its own, because one image can have several names; in its last layer, so that the others are cached. */
const DOCKERFILE = join(project, "examples/api/Dockerfile");
const before = readFileSync(DOCKERFILE, "utf8");
const version = (text: string) => writeFileSync(DOCKERFILE, `${before}LABEL version="${text}-${stack.name}"\n`);
const planted: string[] = [];
const volume = `stackyard-${stack.name}-data`;

beforeAll(async () => {
  version("0.1.1");
  await stack.create((await polyglotSettings()).settings);
  await done(stack.verb("up"));
  await done(
    docker(["volume", "create", "--label", "stackyard.id=deadbeef", "--label", "stackyard.kind=data", volume]),
  );
});
afterAll(async () => {
  await stack.dispose();
  await Promise.all((await carriers()).map(({ id }) => api.remove(id, 0)));
  await Promise.all(planted.map((name) => api.removeImage(name)));
  await docker(["network", "rm", ...["deadbeef", "0badcafe"].map((id) => `stackyard-${stack.name}-${id}`)]);
  await api.removeVolume(volume);
  rmSync(project, { recursive: true });
});

async function done(running: Promise<Ran>): Promise<Ran> {
  const ran = await running;
  expect(ran.code, ran.output).toBe(0);
  return ran;
}

const carriers = async () =>
  (await api.labelled("stackyard.id")).filter(({ kind, name }) => kind === "container" && name.includes(stack.name));
const prune = (env: NodeJS.ProcessEnv = {}) => stack.verb("prune", { match: stack.name, hours: "0", ...env });
const images = async () =>
  (await api.allImages())
    .flatMap(({ names }) => names)
    .filter((name) => name.includes(stack.name))
    .sort();

/** Makes an empty image with an id of its own. */
async function plant(...names: string[]): Promise<void> {
  const [first = "", ...others] = names;
  const change = ["--change", `LABEL planted=${first}`];
  await done(
    run("docker", ["import", ...change, "-", first], { cwd: ROOT, env: process.env, input: "\0".repeat(10_240) }),
  );
  for (const name of others) await done(docker(["tag", first, name]));
  planted.push(...names);
}

/** Makes a container that is never started, and a network, of a stack that does not exist any more. */
async function strand(id: string, kind: string, image: string): Promise<string[]> {
  const name = `stackyard-${stack.name}-${id}`;
  const labels = ["--label", `stackyard.id=${id}`, "--label", `stackyard.kind=${kind}`];
  await done(docker(["create", "--name", name, ...labels, image, "true"]));
  await done(docker(["network", "create", ...labels, name]));
  return [`container ${name}`, `network ${name}`];
}

test("what is in use is not pruned", async () => {
  expect(await prune({ hours: "x" })).toMatchObject({
    code: 1,
    output: "hours= should be a number, 0 or more, got x\n",
  });
  expect((await done(prune())).stdout).toContain("There is nothing else that nothing uses.\n");
});

test("removes older builds and leftovers of stacks that are gone, once confirmed, and nothing else", async () => {
  const older = await images();
  version("0.1.2");
  await done(stack.verb("up"));
  const current = (await images()).filter((name) => !older.includes(name));
  expect([older.length, current.length]).toEqual([1, 1]);

  const gone = [`${BUILT}shop-${stack.name}-api:deadbeef-0123456789ab`, `${BUILT}${stack.name}:0123456789ab`];
  const kept = [`${BUILT}${stack.name}-used:0123456789ab`, `${stack.name}.invalid/api:deadbeef-0123456789ab`];
  for (const name of [...gone, ...kept]) await plant(name);
  const stranded = await strand("deadbeef", "job", kept[0] ?? "");
  const services = await strand("0badcafe", "service", kept[0] ?? "");

  const asked = await prune();
  expect(asked).toMatchObject({
    code: 1,
    output: expect.stringContaining("There is no terminal to ask on: YES=1 confirms."),
  });
  const named = (lines: string) =>
    [...lines.matchAll(/^(\w+) +(\S+) +(?:-|\d+ MB) /gm)].map(([, kind, name]) => `${kind} ${name}`);
  expect(named(asked.stdout).sort()).toEqual(
    [...stranded, ...[...older, ...gone].map((name) => `image ${name}`)].sort(),
  );
  expect(await images()).toEqual([...older, ...current, ...gone, ...kept].sort());
  expect((await done(prune({ hours: "1", YES: "1" }))).stdout).toContain("There is nothing else");

  const { stdout } = await done(prune({ YES: "1" }));
  expect(stdout).toContain(`Removed ${stranded.length + older.length + gone.length}, at least `);
  expect(await images()).toEqual([...current, ...kept].sort());
  const left = await api.labelled("stackyard.id");
  expect(left.filter(({ name }) => name.startsWith(`stackyard-${stack.name}-deadbeef`))).toEqual([]);
  expect(left.flatMap(({ kind, name }) => (name.includes("0badcafe") ? [`${kind} ${name}`] : []))).toEqual(
    expect.arrayContaining(services),
  );
  expect(await api.hasVolume(volume)).toBe(true);
  await stack.unchanged();
});

test("keeps what the next up of a stack that is down may need", async () => {
  version("0.1.3");
  await done(stack.verb("up"));
  await done(stack.verb("down"));
  const before = await images();
  expect((await done(prune({ YES: "1" }))).stdout).toContain("There is nothing else");
  expect(await images()).toEqual(before);
});
