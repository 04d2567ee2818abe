import { join } from "node:path";
import { QdrantClient } from "@qdrant/js-client-rest";
import { afterAll, beforeAll, expect, test } from "vitest";
import { docker, freePorts, inspect, ROOT, TestStack } from "./harness.ts";

// The promises of QdrantSetup, and that no process and no inspection shows the key, with programs/qdrant-setup and the collections
// of its settings.

const stack = new TestStack(join(ROOT, "tests/e2e/programs/qdrant-setup"));
const NOTES = { notes: { size: 4 }, images: { size: 3, distance: "Dot" } };
let hostPort: number;

const up = (collections: object) => {
  stack.configure({ hostPort, collections });
  return stack.up();
};

async function client() {
  const [url, apiKey] = [await stack.outputs<string>("url"), await stack.outputs<string>("key")];
  return new QdrantClient({ url, apiKey, checkCompatibility: false });
}

async function paramsOf(name: string) {
  const { config } = await (await client()).getCollection(name);
  return config.params.vectors;
}

beforeAll(async () => {
  [hostPort = 0] = await freePorts(1);
  await stack.create({ hostPort, collections: NOTES });
});
afterAll(() => stack.dispose());

test("the first `up` makes the collections, and the next has nothing to do", async () => {
  const { code, output } = await up(NOTES);
  expect(code, output).toBe(0);
  expect(output).toContain("collection notes: made, with size 4 and distance Cosine");
  expect(await paramsOf("notes")).toEqual({ size: 4, distance: "Cosine" });
  expect(await paramsOf("images")).toEqual({ size: 3, distance: "Dot" });
  await stack.unchanged();
});

test("another collection is made, and the existing one keeps its points", async () => {
  await (await client()).upsert("notes", { wait: true, points: [{ id: 1, vector: [1, 2, 3, 4] }] });
  const { code, output } = await up({ ...NOTES, more: { size: 2 } });
  expect(code, output).toBe(0);
  expect(output).toContain("collection notes: there already");
  expect(await (await client()).count("notes")).toEqual({ count: 1 });
  expect(await paramsOf("more")).toEqual({ size: 2, distance: "Cosine" });
});

test("a collection of another size fails `up` with its name, and does not change", async () => {
  const { code, output } = await up({ ...NOTES, notes: { size: 5 } });
  expect(code, output).not.toBe(0);
  expect(output).toContain(
    "collection notes: should have vectors of size 5 and distance Cosine, got size 4 and distance Cosine.",
  );
  expect(await (await client()).count("notes")).toEqual({ count: 1 });
});

test("the key is in no process list, inspection or log", async () => {
  const key = await stack.outputs<string>("key");
  const { id } = await stack.container("qdrant");
  const job = (await stack.containers({ "stackyard.service": "setup" }))[0]?.id ?? "";
  // Runs probes as the engine does, so that processes are listed while some run.
  const { Config } = await inspect<{ Config: { Healthcheck: { Test: string[] } } }>(id);
  const probe = ["exec", id, ...Config.Healthcheck.Test.slice(1)];
  const [lists, probes] = await Promise.all([
    Promise.all(Array.from({ length: 20 }, () => docker(["top", id, "-eo", "pid,args"]))),
    Promise.all(Array.from({ length: 10 }, () => docker(probe))),
  ]);
  expect(probes.map(({ code, output }) => ({ code, output }))).toEqual(probes.map(() => ({ code: 0, output: "" })));
  const shown = [...lists, ...probes, await docker(["logs", id]), await docker(["logs", job])].map(
    ({ output }) => output,
  );
  shown.push(JSON.stringify(await inspect(id)), JSON.stringify(await inspect(job)));
  expect(shown.filter((text) => text.includes(key))).toEqual([]);
  expect(lists[0]?.output).toContain("--config-path /run/secrets/config.yaml");
});
