import { expect, test } from "vitest";
import { Ollama, type OllamaArgs } from "../../../components/index.ts";
import { deploy, type Options, refusedBy } from "../helpers/stack.ts";

const ollama = (args: Partial<OllamaArgs>, options: Options = {}) =>
  deploy((platform) => new Ollama("models", { platform, ...args }), options);

test.each([
  [false, ["models"]],
  [true, ["models", "models-outside"]],
])("with egress %s its networks are %j", async (egress, networks) => {
  const stack = await ollama({ egress });
  expect([
    stack
      .of("Network")
      .map(({ name }) => name)
      .sort(),
    stack.made.egress,
  ]).toEqual([networks, egress]);
});

test.each([
  ["all", "all"],
  [2, "2"],
] as const)("may use GPUs: %s", async (gpus, expected) => {
  expect((await ollama({ gpus })).get("Container models").inputs.gpus).toBe(expected);
});

test("has no GPUs where its server is built from package registries", async () => {
  expect(await refusedBy(() => ollama({ gpus: "all" }, { imageSource: "packages" }))).toEqual([
    'Ollama "models" has bad arguments\n  gpus: The server built from package registries uses the CPU alone: leave gpus ' +
      "out, or use imageSource: registry.",
  ]);
});
