import { readdirSync, readFileSync } from "node:fs";
import { expect, test } from "vitest";

// The command-line program asks engines by `components/engines/inspection.ts`, and knows none of them.

const FILES = readdirSync("cli", { recursive: true, encoding: "utf8" })
  .filter((path) => path.endsWith(".ts"))
  .map((path) => `cli/${path}`);
const containing = (text: RegExp) => FILES.filter((path) => text.test(readFileSync(path, "utf8")));

test("only the file that finds the engine imports from one", () => {
  expect(containing(/from ".*\/engines\/containers\//).sort()).toEqual(["cli/shared/engine.ts"]);
});

test("no file names the type of an engine's resource, nor asks an engine past the interface", () => {
  expect(containing(/docker:index|dockerode|EngineApi/)).toEqual([]);
});
