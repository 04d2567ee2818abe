import { expect, test } from "vitest";
import { runProgram } from "../helpers/program.ts";

const DONE = { status: "success" };

/** Runs it against a server that has the model `there`, and answers to the others with these lines. */
async function run(wanted: object, answers: Record<string, object[]>) {
  const asked: unknown[] = [];
  const files = { "models.json": JSON.stringify(wanted) };
  const ran = await runProgram("components/jobs/ollama-models.mts", files, async (request, answer) => {
    let text = "";
    for await (const chunk of request) text += chunk;
    const body = JSON.parse(text) as { model: string };
    if (request.url === "/api/show") return answer.writeHead(body.model === "there" ? 200 : 404).end("{}");
    asked.push([request.url, body]);
    return answer.end((answers[body.model] ?? []).map((line) => `${JSON.stringify(line)}\n`).join(""));
  });
  return { ...ran, asked };
}

test("pulls a missing model, and shows the progress in tenths", async () => {
  const part = (completed: number) => ({ status: "pulling a1", digest: "a1", total: 5e6, completed });
  expect(await run({ there: {}, tiny: {} }, { tiny: [part(0), part(1e5), part(2.6e6), part(5e6), DONE] })).toEqual({
    code: 0,
    output: [
      "model there: there already",
      "model tiny: pulling a1 0 % of 5 MB",
      "model tiny: pulling a1 50 % of 5 MB",
      "model tiny: pulling a1 100 % of 5 MB",
      "model tiny: success",
    ],
    asked: [["/api/pull", { model: "tiny", stream: true }]],
  });
});

test("makes a model from another one, whether it exists or not", async () => {
  const derived = { from: "base", system: "Explain.", parameters: { num_ctx: 512 } };
  expect(await run({ there: derived }, { there: [DONE] })).toEqual({
    code: 0,
    output: ["model there: success"],
    asked: [["/api/create", { model: "there", stream: true, ...derived }]],
  });
});

test("reports each model at fault, and goes on with the others", async () => {
  const answers = {
    none: [{ error: "pull model manifest: file does not exist" }],
    cut: [{ status: "a" }],
    tiny: [DONE],
  };
  const { code, output } = await run({ none: {}, cut: {}, tiny: {} }, answers);
  expect({ code, output }).toEqual({
    code: 1,
    output: [
      "model cut: a",
      "model tiny: success",
      "model none: pull model manifest: file does not exist",
      "model cut: the answer broke off",
    ],
  });
});
