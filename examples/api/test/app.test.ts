import { expect, test } from "vitest";
import { fakeApp } from "./fakes.ts";

const OK = { state: "ok", latencyMs: expect.any(Number) };

test("health asks no database", async () => {
  const { app, database, cache } = fakeApp();
  database.failure = cache.failure = new Error("down");

  const response = await app.inject("/health");

  expect(response.statusCode).toBe(200);
  expect(response.json()).toEqual({ status: "ok" });
});

const NAMES = ["database", "cache", "graph", "vectors", "storage", "models"] as const;
const ALL_OK = Object.fromEntries(NAMES.map((name) => [name, OK]));

test("ready, when all answer", async () => {
  const { app } = fakeApp();

  const response = await app.inject("/ready");

  expect(response.statusCode).toBe(200);
  expect(response.json()).toEqual({ status: "ok", checks: ALL_OK });
});

test("ready without those that it was not told of", async () => {
  const { app } = fakeApp("graph", "vectors", "storage", "models");

  const response = await app.inject("/ready");

  expect(response.statusCode).toBe(200);
  const absent = { state: "absent" };
  expect(response.json().checks).toEqual({
    database: OK,
    cache: OK,
    graph: absent,
    vectors: absent,
    storage: absent,
    models: absent,
  });
});

test.each(NAMES)("not ready without the %s, then ready again", async (name) => {
  const fake = fakeApp();
  fake[name].failure = new Error("connect ECONNREFUSED 10.0.0.2:1234");

  const response = await fake.app.inject("/ready");

  expect(response.statusCode).toBe(503);
  expect(response.json()).toEqual({
    status: "unavailable",
    checks: {
      ...ALL_OK,
      [name]: { state: "failed", latencyMs: expect.any(Number), error: "connect ECONNREFUSED 10.0.0.2:1234" },
    },
  });

  fake[name].failure = undefined;
  expect((await fake.app.inject("/ready")).statusCode).toBe(200);
});

test("a probe leaves no line in the log", async () => {
  const { app, log } = fakeApp();

  await app.inject("/health");
  await app.inject("/ready");

  expect(log).toEqual([]);
});

test("an unknown route", async () => {
  const { app } = fakeApp();

  const response = await app.inject("/nope");

  expect(response.statusCode).toBe(404);
  expect(response.json()).toEqual({ error: "no route GET /nope" });
});

test("an unexpected error is logged, and told to nobody", async () => {
  const { app, database, log } = fakeApp();
  database.failure = new Error('relation "notes" does not exist');

  const response = await app.inject("/notes");

  expect(response.statusCode).toBe(500);
  expect(response.json()).toEqual({ error: "internal error" });
  expect(log).toContainEqual(expect.objectContaining({ level: 50, msg: "request failed" }));
});

test("a request in flight at the stop is answered, and its connection closed", async () => {
  const { app, database } = fakeApp("graph", "vectors", "storage");
  const stopping = new Promise<void>((resolve) => app.addHook("preClose", async () => resolve()));
  let answer = (_rows: []) => {};
  const asked = new Promise<void>((resolve) => {
    database.query = () => {
      resolve();
      return new Promise<[]>((rows) => (answer = rows));
    };
  });

  const inFlight = app.inject("/notes").then((response) => response);
  await asked;
  const closed = app.close();
  await stopping;
  answer([]);

  const response = await inFlight;
  expect(response.statusCode).toBe(200);
  expect(response.headers.connection).toBe("close");
  await closed;
});
