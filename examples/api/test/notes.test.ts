import { beforeEach, describe, expect, test } from "vitest";
import { Unavailable } from "../src/errors.ts";
import { fakeApp } from "./fakes.ts";

let fake: ReturnType<typeof fakeApp>;

beforeEach(() => {
  // What else there is, is in other tests; without it nothing goes on behind a request.
  fake = fakeApp("graph", "vectors", "storage", "models");
});

async function create(title = "one", text = "first"): Promise<{ id: number }> {
  const response = await fake.app.inject({ method: "POST", url: "/notes", payload: { title, text } });
  expect(response.statusCode).toBe(201);
  return response.json();
}

test("a new note", async () => {
  const response = await fake.app.inject({ method: "POST", url: "/notes", payload: { title: " one " } });

  expect(response.statusCode).toBe(201);
  expect(response.headers.location).toBe("/notes/1");
  expect(response.json()).toEqual({
    id: 1,
    title: "one",
    text: "",
    tags: [],
    createdAt: expect.any(String),
    updatedAt: expect.any(String),
  });
});

test("tags are kept once each, in small letters", async () => {
  const payload = { title: "one", tags: [" Tea", "tea", "Cake"] };

  const response = await fake.app.inject({ method: "POST", url: "/notes", payload });

  expect(response.json().tags).toEqual(["cake", "tea"]);
});

test("the newest notes first, as many as asked for", async () => {
  for (const title of ["one", "two", "three"]) await create(title);

  const titles = async (url: string) =>
    (await fake.app.inject(url)).json().map((note: { title: string }) => note.title);

  expect(await titles("/notes")).toEqual(["three", "two", "one"]);
  expect(await titles("/notes?limit=2")).toEqual(["three", "two"]);
});

describe("the cache", () => {
  test("misses once, then hits with the same note", async () => {
    const note = await create();

    const miss = await fake.app.inject("/notes/1");
    const hit = await fake.app.inject("/notes/1");

    expect(miss.headers["x-cache"]).toBe("miss");
    expect(hit.headers["x-cache"]).toBe("hit");
    expect(miss.json()).toEqual(note);
    expect(hit.json()).toEqual(note);
    expect(fake.database.queries).toEqual(["insert", "select"]);
    expect(fake.cache.ttls).toEqual([60]);
  });

  test("forgets a note that changes", async () => {
    await create();
    await fake.app.inject("/notes/1");

    const put = await fake.app.inject({ method: "PUT", url: "/notes/1", payload: { title: "uno" } });
    const get = await fake.app.inject("/notes/1");

    expect(put.statusCode).toBe(200);
    expect(get.headers["x-cache"]).toBe("miss");
    expect(get.json()).toMatchObject({ title: "uno", text: "" });
  });

  test("forgets a note that is deleted", async () => {
    await create();
    await fake.app.inject("/notes/1");

    const deletion = await fake.app.inject({ method: "DELETE", url: "/notes/1" });

    expect(deletion.statusCode).toBe(204);
    expect(deletion.body).toBe("");
    expect((await fake.app.inject("/notes/1")).statusCode).toBe(404);
  });

  test("may fail, and says so once per change", async () => {
    await create();
    fake.cache.failure = new Error("connect ECONNREFUSED 10.0.0.2:6379");

    for (let i = 0; i < 3; i++) {
      const response = await fake.app.inject("/notes/1");
      expect(response.statusCode).toBe(200);
      expect(response.headers["x-cache"]).toBe("miss");
    }
    expect((await fake.app.inject({ method: "PUT", url: "/notes/1", payload: { title: "uno" } })).statusCode).toBe(200);
    fake.cache.failure = undefined;
    await fake.app.inject("/notes/1");

    expect(fake.log.filter(({ msg }) => msg.startsWith("cache"))).toEqual([
      expect.objectContaining({
        level: 40,
        msg: "cache failed, going on without it",
        reason: "connect ECONNREFUSED 10.0.0.2:6379",
      }),
      expect.objectContaining({ level: 30, msg: "cache works again" }),
    ]);
  });

  test("may hold nonsense", async () => {
    await create();
    fake.cache.entries.set("note:1", "{");

    const response = await fake.app.inject("/notes/1");

    expect(response.statusCode).toBe(200);
    expect(response.headers["x-cache"]).toBe("miss");
  });
});

test("without the database, a note in the cache is still served, another is not", async () => {
  await create();
  await fake.app.inject("/notes/1");
  fake.database.failure = new Unavailable("database", new Error("connect ECONNREFUSED 10.0.0.2:5432"));

  expect((await fake.app.inject("/notes/1")).statusCode).toBe(200);
  const response = await fake.app.inject("/notes/2");
  expect(response.statusCode).toBe(503);
  expect(response.json()).toEqual({ error: "database is unavailable" });
  expect(fake.log).toContainEqual(expect.objectContaining({ level: 40, reason: "connect ECONNREFUSED 10.0.0.2:5432" }));
});

test("without a cache, a note comes from the database; without a database, nothing does", async () => {
  fake = fakeApp("cache");
  await create();

  expect((await fake.app.inject("/notes/1")).headers["x-cache"]).toBe("miss");

  const { app } = fakeApp("database");
  for (const [method, url] of [
    ["GET", "/notes"],
    ["GET", "/notes/1"],
    ["POST", "/notes"],
  ] as const) {
    const response = await app.inject({ method, url, ...(method === "POST" && { payload: { title: "one" } }) });
    expect(response.statusCode).toBe(501);
    expect(response.json()).toEqual({
      error: "this API was not told of its database (DATABASE_URL_FILE), so it cannot do that",
    });
  }
});

test.each(["GET", "PUT", "DELETE"] as const)("%s of a note that does not exist", async (method) => {
  const payload = method === "PUT" ? { title: "one" } : undefined;

  const response = await fake.app.inject({ method, url: "/notes/7", ...(payload && { payload }) });

  expect(response.statusCode).toBe(404);
  expect(response.json()).toEqual({ error: "no note 7" });
});

test.each([
  [{}, "title: Invalid input: expected string, received undefined"],
  [{ title: " " }, "title: Too small: expected string to have >=1 characters"],
  [{ title: 5 }, "title: Invalid input: expected string, received number"],
  [{ title: "x".repeat(201) }, "title: Too big: expected string to have <=200 characters"],
  [{ title: "one", text: "a\0b" }, "text: should not hold U+0000"],
  [{ title: "one", tags: ["a", ""] }, "tags.1: Too small: expected string to have >=1 characters"],
  [{ title: "one", tyop: 1 }, 'request: Unrecognized key: "tyop"'],
  [[], "request: Invalid input: expected object, received array"],
])("a note should not be %j", async (payload, error) => {
  for (const [method, url] of [
    ["POST", "/notes"],
    ["PUT", "/notes/1"],
  ] as const) {
    const response = await fake.app.inject({ method, url, payload });
    expect(response.statusCode).toBe(400);
    expect(response.json()).toEqual({ error });
  }
});

test("a body that is no JSON", async () => {
  const headers = { "content-type": "application/json" };

  const response = await fake.app.inject({ method: "POST", url: "/notes", headers, payload: "{" });

  expect(response.statusCode).toBe(400);
  expect(response.json()).toEqual({ error: expect.stringContaining("not valid JSON") });
});

test.each(["0", "-1", "1.5", "abc", "1e3", "9".repeat(19)])("an id should not be %s", async (id) => {
  const response = await fake.app.inject(`/notes/${id}`);

  expect(response.statusCode).toBe(400);
  expect(response.json()).toEqual({ error: "id: should be a positive whole number" });
});

test.each(["0", "101", "1.5", "abc", ""])("a limit should not be %j", async (limit) => {
  const response = await fake.app.inject(`/notes?limit=${limit}`);

  expect(response.statusCode).toBe(400);
  expect(response.json()).toEqual({ error: expect.stringContaining("limit: ") });
});
