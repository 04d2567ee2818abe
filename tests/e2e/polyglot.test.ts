import { createHash } from "node:crypto";
import { readFileSync, statSync } from "node:fs";
import { join, relative } from "node:path";
import { Ollama } from "ollama";
import { afterAll, beforeAll, expect, test } from "vitest";
import { attach, done, expectAttachment, expectFound, expectRelated, getNote, postNote } from "./checks.ts";
import { docker, eventually, ROOT, TestStack, trackedSettings } from "./harness.ts";
import { tinyModel } from "./tiny-model.ts";

// The whole stack as Pulumi.dev.yaml sets it, with all six databases and their jobs, used through the API over HTTP.

const stack = new TestStack();
const DATABASES = ["minio", "neo4j", "ollama", "postgres", "qdrant", "redis"];
const JOBS = ["minio-setup", "neo4j-setup", "postgres-setup", "qdrant-setup"];
let settings: Record<string, Record<string, unknown>>;
let urls: Record<string, string>;
let api: string;
let shown: string;
let roses: number;
let garden: number;

beforeAll(async () => {
  settings = await trackedSettings("Pulumi.dev.yaml");
  // Java starts beside all the others, on a small machine.
  settings.neo4j = { ...settings.neo4j, readyTimeoutSeconds: 300 };
  await stack.create(settings);
});
afterAll(() => stack.dispose());

/** A note that the search is for; the others are only compared with it. */
interface Answer {
  notes?: { note: { id: number } }[];
}

const ask = async (path: string, options: RequestInit = {}) => {
  const response = await fetch(`${api}${path}`, options);
  return { status: response.status, body: (await response.json()) as Answer };
};

test("up brings up all six databases, their jobs and the API, and shows their addresses", async () => {
  shown = (await done(stack.verb("up"))).stdout;
  urls = await stack.outputs("urls");
  api = urls.api ?? "";

  const rows = JSON.parse((await done(stack.verb("ps", { json: "1" }))).stdout) as Record<string, string>[];
  expect(rows.map(({ service, state }) => `${service} ${state}`)).toEqual([
    ...["api", ...DATABASES].map((name) => `${name} ready`),
    ...JOBS.map((name) => `${name} done`),
  ]);
  const addresses = await stack.outputs<Record<string, { host: string }>>("addresses");
  const hosts = Object.entries(addresses).map(([name, { host }]) => [name, host]);
  expect(Object.fromEntries(hosts)).toEqual(
    Object.fromEntries(["api", ...DATABASES].map((name) => [name, `127.0.0.1:${settings[name]?.hostPort}`])),
  );
});

test("ready: each of the six has answered a real question", async () => {
  await expectReady();
});

test("a stand-in for another server is marked as such", async () => {
  const { image } = await stack.container("qdrant");
  const standsIn = (await docker(["image", "inspect", image])).stdout.includes("stackyard.stand-in-for");
  for (const table of [shown, (await done(stack.verb("ps"))).stdout]) {
    const marked = table.split("\n").filter((line) => line.includes("stand-in"));
    expect(marked).toEqual(standsIn ? [expect.stringMatching(/^qdrant \(stand-in\) +ready /)] : []);
  }
});

test("env writes all URLs, and the key that is not in one", async () => {
  const file = join(stack.folder, "all.env");
  const { stdout } = await done(stack.verb("env", { file: relative(ROOT, file) }));
  expect(stdout).toContain(": api, minio, neo4j, ollama, postgres, qdrant, redis\n");
  const lines = readFileSync(file, "utf8").split("\n");
  for (const [name, url] of Object.entries(urls)) expect(lines).toContain(`${name.toUpperCase()}_URL=${url}`);
  const key = lines.find((line) => line.startsWith("QDRANT_API_KEY="))?.split("=")[1] ?? "";
  const collection = await fetch(`${urls.qdrant}/collections/notes`, { headers: { "api-key": key } });
  expect(collection.status).toBe(200);
  expect(statSync(file).mode & 0o777).toBe(0o600);
});

test("a note is kept by PostgreSQL and cached by Redis", async () => {
  ({ id: roses } = await postNote(api, "Water the roses", { text: "Every evening.", tags: ["garden", "evening"] }));
  ({ id: garden } = await postNote(api, "Rose garden", { tags: ["garden"] }));
  await postNote(api, "Pay the rent", { tags: ["money"] });
  expect(await getNote(api, roses)).toEqual({ status: 200, cache: "miss", title: "Water the roses" });
  expect(await getNote(api, roses)).toEqual({ status: 200, cache: "hit", title: "Water the roses" });
});

test("Neo4j knows which notes share a tag", async () => {
  await expectRelated(api, roses, { id: garden, tags: ["garden"] });
});

test("Qdrant finds notes like a text", async () => {
  await expectFound(api, "rose", [garden, roses]);
});

test("MinIO keeps attachments", async () => {
  await attach(api, roses);
  await expectAttachment(api, roses);
  expect(await ask(`/notes/${garden}/attachment`)).toMatchObject({ status: 404 });
});

test("Ollama sums a note up, once it has a model", async () => {
  const without = await ask(`/notes/${roses}/summary`, { method: "POST" });
  expect(without).toEqual({ status: 503, body: { error: expect.stringContaining("Ollama has no model") } });

  const model = tinyModel(["Roses", "want", "water."]);
  const digest = `sha256:${createHash("sha256").update(model).digest("hex")}`;
  expect((await fetch(`${urls.ollama}/api/blobs/${digest}`, { method: "POST", body: model })).status).toBe(201);
  // `files` is missing in the client's types.
  const request = { model: "tiny", files: { "tiny.gguf": digest } };
  await new Ollama({ host: urls.ollama ?? "" }).create(request);
  await expectSummary();
});

test("a database gets what it has missed while it was down", async () => {
  const { id } = await stack.container("qdrant");
  await done(docker(["stop", id]));
  const { id: late } = await postNote(api, "Sow the thyme", { tags: ["garden"] });
  expect((await getNote(api, late)).status).toBe(200);
  expect(await ask("/notes/search?q=thyme")).toEqual({ status: 503, body: { error: "vectors is unavailable" } });
  const { body } = await ask("/ready");
  expect(body).toMatchObject({
    status: "unavailable",
    checks: { vectors: { state: "failed" }, graph: { state: "ok" } },
  });

  await done(docker(["start", id]));
  await eventually(() => expectFound(api, "thyme", [late]));
  await fetch(`${api}/notes/${late}`, { method: "DELETE" });
  await eventually(async () => {
    const { body } = await ask("/notes/search?q=thyme");
    expect(body.notes?.map(({ note }) => note.id)).not.toContain(late);
  });
  await eventually(expectReady);
});

test("the API stops in order, with the clients of all six", async () => {
  await done(stack.verb("restart", { s: "api" }));
  const log = (await done(docker(["logs", (await stack.container("api")).id]))).stdout;
  // Sorted by its own times, because the engine sometimes sends the second line first.
  const [stopping = Number.NaN, stopped = Number.NaN] = [
    /"time":(\d+)[^\n]*"signal":"SIGTERM","msg":"stopping"/,
    /"time":(\d+)[^\n]*"msg":"stopped"/,
  ].map((line) => Number(line.exec(log)?.[1]));
  expect(stopped, log).toBeGreaterThanOrEqual(stopping);
  await expectReady();
});

test.each([false, true])("a second preview finds nothing to do, refreshed: %j", (refreshed) => {
  return stack.unchanged({}, refreshed);
});

test("leaving out a database would lose its data: that is refused, and nothing is touched", async () => {
  const before = await stack.state();
  stack.configure({ ...settings, ollama: { enabled: false } });
  const { code, output } = await stack.up();
  expect(code, output).not.toBe(0);
  expect(output).toContain(
    `ollama: this change would delete its volume ${before["Volume ollama-data"]} and all data in it. ` +
      "To lose its data on purpose: make … DISCARD=ollama (STACKYARD_DISCARD=ollama for plain pulumi).",
  );
  stack.configure(settings);
  expect(await stack.state()).toEqual(before);
  await expectReady();
});

// That an `up` finds it again is proved in prod.test.ts, over the volumes of all six.
test("down keeps the data, and nothing else", async () => {
  await done(stack.verb("down"));
  const kept = (await stack.leftovers()).sort();
  expect(kept).toEqual(DATABASES.map((name) => expect.stringContaining(`-${name}-data-`)));
});

test("destroy leaves nothing", async () => {
  await done(stack.pulumi(["destroy", "--yes", "--skip-preview"]));
  expect(await stack.leftovers()).toEqual([]);
  expect(await stack.state()).toEqual({});
});

async function expectReady(): Promise<void> {
  const ok = { state: "ok", latencyMs: expect.any(Number) };
  expect(await ask("/ready")).toEqual({
    status: 200,
    body: { status: "ok", checks: { database: ok, cache: ok, graph: ok, vectors: ok, storage: ok, models: ok } },
  });
}

async function expectSummary(): Promise<void> {
  expect(await ask(`/notes/${roses}/summary`, { method: "POST" })).toEqual({
    status: 200,
    body: { model: "tiny:latest", summary: "Roses want water." },
  });
}
