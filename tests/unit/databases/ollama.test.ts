import { expect, test } from "vitest";
import { Ollama, type OllamaArgs } from "../../../components/index.ts";
import { deploy } from "../helpers/stack.ts";

const ollama = (args: Partial<OllamaArgs>) => deploy((platform) => new Ollama("models", { platform, ...args }));

test.each([
  [false, true],
  [true, false],
])("with egress %s its network is closed: %s", async (egress, closed) => {
  const stack = await ollama({ egress });
  expect([stack.get("Network models").inputs.internal ?? false, stack.made.egress]).toEqual([closed, egress]);
});
