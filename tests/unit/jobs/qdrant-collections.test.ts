import { expect, test } from "vitest";
import { runProgram } from "../helpers/program.ts";

const PROGRAM = "components/jobs/qdrant-collections.mts";
const ENV = { API_KEY_FILE: "key" };
const NOTES = { size: 4, distance: "Dot" };

const filesOf = (wanted: object) => ({ "collections.json": JSON.stringify(wanted), key: "k3y" });

/** Runs it against a server that has these collections, and wants the key. */
async function run(wanted: object, there: Record<string, object>) {
  const made: Record<string, unknown> = {};
  const ran = await runProgram(
    PROGRAM,
    filesOf(wanted),
    ({ method, url = "", headers }, answer) => {
      const name = decodeURIComponent(url.replace("/collections/", ""));
      if (headers["api-key"] !== "k3y") return answer.writeHead(401).end("Invalid API key or JWT");
      if (method === "GET" && !(name in there)) return answer.writeHead(404).end('{"status":{"error":"none"}}');
      if (method === "GET") return answer.end(JSON.stringify({ result: { config: { params: there[name] } } }));
      if (name === "bad") return answer.writeHead(400).end('{"status":{"error":"bad"}}');
      return answer.end('{"result":true}', () => {
        made[name] = true;
      });
    },
    ENV,
  );
  return { ...ran, made: Object.keys(made) };
}

test("creates what is missing, and leaves what exists as it is", async () => {
  expect(await run({ notes: NOTES, kept: NOTES }, { kept: { vectors: NOTES } })).toEqual({
    code: 0,
    output: ["collection notes: made, with size 4 and distance Dot", "collection kept: there already"],
    made: ["notes"],
  });
});

test("reports each collection at fault, and creates the others", async () => {
  const existing = {
    small: { vectors: { size: 2, distance: "Dot" } },
    far: { vectors: { size: 4, distance: "Euclid" } },
    named: { vectors: { title: NOTES } },
  };
  const should = "should have vectors of size 4 and distance Dot, got";
  const fit = "Its data would not fit: delete it, or use another name.";
  expect(await run({ small: NOTES, far: NOTES, named: NOTES, bad: NOTES, notes: NOTES }, existing)).toEqual({
    code: 1,
    output: [
      "collection notes: made, with size 4 and distance Dot",
      `collection small: ${should} size 2 and distance Dot. ${fit}`,
      `collection far: ${should} size 4 and distance Euclid. ${fit}`,
      `collection named: ${should} others, by name. ${fit}`,
      'collection bad: 400 {"status":{"error":"bad"}}',
    ],
    made: ["notes"],
  });
});

test("says why it cannot reach the server", async () => {
  const { code, output } = await runProgram(PROGRAM, filesOf({ notes: NOTES }), undefined, ENV);
  expect({ code, lines: output.length, said: output[0] }).toEqual({
    code: 1,
    lines: 1,
    said: expect.stringContaining("fetch failed"),
  });
});
