import { afterEach, beforeEach, expect, test } from "vitest";
import { Unavailable } from "../src/errors.ts";
import { eventually, fakeApp } from "./fakes.ts";

// What Neo4j, Qdrant, MinIO and Ollama add to the notes.

let fake: ReturnType<typeof fakeApp>;

beforeEach(() => {
  fake = fakeApp();
});
afterEach(() => fake.app.close());

async function create(title: string, ...tags: string[]): Promise<void> {
  const response = await fake.app.inject({ method: "POST", url: "/notes", payload: { title, tags } });
  expect(response.statusCode).toBe(201);
}

/** All that is to be brought to other databases is there. */
const brought = () => eventually(() => expect([...fake.database.changes.keys()]).toEqual([]));

const get = async (url: string) => {
  const response = await fake.app.inject(url);
  return { status: response.statusCode, body: response.json() };
};

const away = (name: string) => new Unavailable(name, new Error("connect ECONNREFUSED 10.0.0.2:1234"));

test("notes that share a tag are related", async () => {
  await create("one", "tea", "cake");
  await create("two", "tea");
  await create("three", "rain");
  await brought();

  expect(await get("/notes/1/related")).toMatchObject({
    status: 200,
    body: [{ tags: ["tea"], note: { id: 2, title: "two" } }],
  });
  expect((await get("/notes/3/related")).body).toEqual([]);
  expect(await get("/notes/9/related")).toEqual({ status: 404, body: { error: "no note 9" } });
});

test("a search finds the note that is most like it, and says what its vectors are", async () => {
  for (const title of ["Water the roses", "Pay the rent", "Rose garden"]) await create(title);
  await brought();

  const { body } = await get("/notes/search?q=roses&limit=2");
  expect(body.embedding).toMatch(/^hashed words .* not in meaning$/);
  expect(body.notes.map(({ note }: { note: { title: string } }) => note.title)).toEqual([
    "Water the roses",
    "Rose garden",
  ]);
  expect(body.notes[0].score).toBeGreaterThan(body.notes[1].score);
  expect((await get("/notes/search")).status).toBe(400);
});

test("what changed and what is deleted is found as it is now", async () => {
  await create("one", "tea");
  await create("two", "tea");
  await create("three", "tea");
  await brought();
  await fake.app.inject({ method: "PUT", url: "/notes/2", payload: { title: "two" } });
  await fake.app.inject({ method: "DELETE", url: "/notes/3" });
  await brought();

  expect((await get("/notes/1/related")).body).toEqual([]);
  expect([...fake.graph.tags.keys()]).toEqual([1, 2]);
  expect([...fake.vectors.vectors.keys()]).toEqual([1, 2]);
});

test("one that is gone from PostgreSQL only is left out", async () => {
  await create("one", "tea");
  await fake.graph.put([{ id: 7, tags: ["tea"] }]);
  await brought();

  expect(await get("/notes/1/related")).toEqual({ status: 200, body: [] });
});

test("an attachment comes back as it was, and goes with its note", async () => {
  await create("one");
  const [url, payload] = ["/notes/1/attachment", '{"not": parsed'];
  const headers = { "content-type": "application/json" };

  expect((await fake.app.inject({ method: "PUT", url, headers, payload })).statusCode).toBe(204);
  const response = await fake.app.inject(url);
  expect(response.statusCode).toBe(200);
  expect(response.body).toBe(payload);
  expect(response.headers).toMatchObject({
    "content-type": expect.stringContaining("application/json"),
    "content-disposition": "attachment",
    "x-content-type-options": "nosniff",
  });

  await fake.app.inject({ method: "DELETE", url: "/notes/1" });
  await brought();
  expect(fake.storage.files.size).toBe(0);
  expect(await get(url)).toEqual({ status: 404, body: { error: "no attachment of note 1" } });
});

test.each([
  ["of a note that does not exist", "/notes/9/attachment", "x", 404, "no note 9"],
  ["without a body", "/notes/1/attachment", undefined, 400, "request: should have a body and say its content-type"],
  ["that is too large", "/notes/1/attachment", "x".repeat(10 * 1024 * 1024 + 1), 413, "Request body is too large"],
])("an attachment %s", async (_, url, payload, status, error) => {
  await create("one");

  const file = payload && { payload, headers: { "content-type": "text/plain" } };
  const response = await fake.app.inject({ method: "PUT", url, ...file });

  expect([response.statusCode, response.json()]).toEqual([status, { error }]);
});

const summary = (id: number) => fake.app.inject({ method: "POST", url: `/notes/${id}/summary` });

test("a summary is a model's", async () => {
  await create("one");
  fake.models.model = "llama";

  const response = await summary(1);

  expect(response.statusCode).toBe(200);
  expect(response.json()).toEqual({ model: "llama", summary: expect.stringMatching(/^llama read: .*\n\none\n\n$/) });
  expect((await summary(9)).statusCode).toBe(404);
});

test("without a model there is no summary, and the answer says what to do", async () => {
  await create("one");

  const response = await summary(1);

  expect(response.statusCode).toBe(503);
  expect(response.json()).toEqual({ error: expect.stringMatching(/^Ollama has no model: bring one .*ollama\.models/) });
});

test("a summary that is being made does not hold up the stop", async () => {
  await create("one");
  fake.models.model = "slow";
  const asked = summary(1).then((response) => response);
  await eventually(() => expect(fake.models.asked).toBe(true));

  await fake.app.close();

  expect((await asked).statusCode).toBe(503);
});

const ROUTES = [
  ["graph", "GET", "/notes/1/related"],
  ["vectors", "GET", "/notes/search?q=one"],
  ["storage", "GET", "/notes/1/attachment"],
  ["storage", "PUT", "/notes/1/attachment"],
  ["models", "POST", "/notes/1/summary"],
] as const;
const body = { PUT: { headers: { "content-type": "text/plain" }, payload: "x" } } as Record<string, object>;

test.each(ROUTES)("without the %s that it was not told of: 501 for %s %s", async (name, method, url) => {
  fake = fakeApp(name);
  await create("one");

  const response = await fake.app.inject({ method, url, ...body[method] });

  const error = `this API was not told of its ${name} (${name.toUpperCase()}_URL_FILE), so it cannot do that`;
  expect([response.statusCode, response.json()]).toEqual([501, { error }]);
});

test.each(ROUTES)("while the %s is away: 503 for %s %s, and no note is lost", async (name, method, url) => {
  fake[name].failure = away(name);
  await create("one", "tea");

  const response = await fake.app.inject({ method, url, ...body[method] });

  expect([response.statusCode, response.json()]).toEqual([503, { error: `${name} is unavailable` }]);
  expect((await get("/notes/1")).status).toBe(200);
});

test("what a database misses while it is away is brought when it is back, and is said once", async () => {
  fake.graph.failure = away("graph");
  await create("one", "tea");
  await create("two", "tea");
  await eventually(() => expect([...fake.database.changes.keys()]).toEqual(["graph 1", "graph 2"]));
  expect(fake.vectors.vectors.size).toBe(2);

  fake.graph.failure = undefined;
  await create("three", "tea");
  await brought();

  expect((await get("/notes/1/related")).body).toHaveLength(2);
  const said = fake.log.filter(({ msg }) => msg.startsWith("graph"));
  expect(said.map(({ msg }) => msg)).toEqual(["graph failed, trying again every 2 s", "graph works again"]);
});

test("it is tried again without another change", async () => {
  fake.graph.failure = away("graph");
  await create("one", "tea");
  await eventually(() => expect(fake.log.some(({ msg }) => msg.startsWith("graph failed"))).toBe(true));

  fake.graph.failure = undefined;

  await brought();
  expect(fake.graph.tags.size).toBe(1);
});

test("what an earlier process left is brought at the start", async () => {
  await fake.database.query("insert into notes (title, text, tags) values ($1, $2, $3) returning *", [
    "one",
    "",
    ["tea"],
  ]);
  expect(fake.graph.tags.size).toBe(0);

  await fake.app.ready();

  await brought();
  expect(fake.graph.tags.get(1)).toEqual(["tea"]);
});

test("a note that changes while it is brought is brought again", async () => {
  const { graph } = fake;
  const put = graph.put.bind(graph);
  graph.put = async (notes) => {
    graph.put = put;
    await fake.app.inject({ method: "PUT", url: "/notes/1", payload: { title: "one", tags: ["new"] } });
    return put(notes);
  };

  await create("one", "old");

  await eventually(() => expect(graph.tags.get(1)).toEqual(["new"]));
  await brought();
});
