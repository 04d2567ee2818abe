import { afterEach, expect, test, vi } from "vitest";
import { add, healthOf, items } from "../src/api.ts";

afterEach(() => vi.unstubAllGlobals());

/** Answers every request, and keeps what was asked. */
function answering(answer: () => Response | Promise<Response>) {
  const asked = vi.fn(async (_path: string, _request?: RequestInit) => answer());
  vi.stubGlobal("fetch", asked);
  return asked;
}

const WORDS = { good: "ready", bad: "not ready" };

test.each([
  [{ "x-cache": "hit" }, true],
  [{ "x-cache": "miss" }, false],
  [{}, false],
])("the list is what the backend answers, with %j", async (headers, cached) => {
  answering(() => Response.json([{ id: 1, text: "one" }], { headers }));
  expect(await items()).toEqual({ items: [{ id: 1, text: "one" }], cached });
});

test("an entry is sent as JSON", async () => {
  const asked = answering(() => Response.json({ id: 2, text: "two" }, { status: 201 }));
  await add("two");
  expect(asked.mock.calls[0]?.[0]).toBe("/api/items");
  expect(asked.mock.calls[0]?.[1]).toMatchObject({ method: "POST", body: '{"text":"two"}' });
});

test.each([
  [422, "The backend does not accept this entry."],
  [503, "The backend answers with 503."],
])("status %i is said in a sentence", async (status, sentence) => {
  answering(() => new Response("", { status }));
  await expect(add("three")).rejects.toThrow(sentence);
});

test("a backend that does not answer is said in a sentence", async () => {
  answering(() => Promise.reject(new TypeError("fetch failed")));
  await expect(items()).rejects.toThrow("The backend does not answer.");
});

test.each([
  [() => Response.json({}), true, /^ready, \d+ ms$/],
  [() => new Response("", { status: 503 }), false, /^not ready$/],
  [() => new Response("", { status: 502 }), false, /^answers with 502$/],
  [() => Promise.reject(new TypeError("fetch failed")), false, /^no answer$/],
])("health is told by the status (%#)", async (answer, well, word) => {
  const asked = answering(answer);
  expect(await healthOf("/api/ready", WORDS)).toEqual({ well, word: expect.stringMatching(word) });
  expect(asked.mock.calls[0]?.[1]).toMatchObject({ cache: "no-store" });
});
