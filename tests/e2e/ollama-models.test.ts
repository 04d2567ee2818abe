import { join } from "node:path";
import { Ollama } from "ollama";
import { afterAll, beforeAll, expect, test } from "vitest";
import { ROWS } from "../contract/rows.ts";
import { freePorts, ROOT, TestStack } from "./harness.ts";

// The promises of OllamaModels for models that derive from others, with programs/ollama-models and the models of its settings.
// Pulling is not proved, because that takes a registry of models.

const stack = new TestStack(join(ROOT, "tests/e2e/programs/ollama-models"));
let hostPort: number;

const up = (models: object, env: NodeJS.ProcessEnv = {}) => {
  stack.configure({ hostPort, models });
  return stack.up(env);
};
const client = async () => new Ollama({ host: await stack.outputs<string>("url") });

beforeAll(async () => {
  [hostPort = 0] = await freePorts(1);
  await stack.create({ hostPort, models: {} });
  const { code, output } = await up({});
  expect(code, output).toBe(0);
  await ROWS.find(({ kind }) => kind === "Ollama")?.write(await stack.outputs<string>("url"), "as it came");
});
afterAll(() => stack.dispose());

test("a model derives from another one, which does not change; the next `up` has nothing to do", async () => {
  const { code, output } = await up({ tutor: { from: "kept", system: "Explain.", parameters: { temperature: 0.5 } } });
  expect(code, output).toBe(0);
  expect(output).toContain("model tutor: success");
  const { system, parameters } = await (await client()).show({ model: "tutor" });
  expect({ system, parameters: parameters.split(/\s+/) }).toEqual({
    system: "Explain.",
    parameters: ["temperature", "0.5"],
  });
  const lists = { pair: { from: "kept", parameters: { stop: ["END", "it's <|end|>\n\""], num_ctx: 64 } } };
  const made = await up({ tutor: { from: "kept", system: "Explain.", parameters: { temperature: 0.5 } }, ...lists });
  expect(made.code, made.output).toBe(0);
  const pair = (await (await client()).show({ model: "pair" })).parameters;
  expect(pair.match(/^stop\b.*/gm), pair).toHaveLength(2);
  expect((await (await client()).show({ model: "kept" })).system).toBe("as it came");
  await stack.unchanged();
});

test("one that derives from a missing model fails `up` with the server's message, and the next `up` makes it", async () => {
  const failed = await up({ helper: { from: "none" } });
  expect(failed.code, failed.output).not.toBe(0);
  expect(failed.output).toMatch(/OllamaModels "models" failed with exit code 1.*model helper: \S/s);
  const { code, output } = await up({ helper: { from: "tutor" } });
  expect(code, output).toBe(0);
  await expectAll();
});

test("the models are there again after down and up", async () => {
  for (const STACKYARD_DOWN of ["1", "0"]) {
    const { code, output } = await up({ helper: { from: "tutor" } }, { STACKYARD_DOWN });
    expect(code, output).toBe(0);
  }
  await expectAll();
});

async function expectAll(): Promise<void> {
  const { models } = await (await client()).list();
  expect(models.map(({ name }) => name).sort()).toEqual([
    "helper:latest",
    "kept:latest",
    "pair:latest",
    "tutor:latest",
  ]);
}
