import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { expect, onTestFinished, test } from "vitest";
import { describeError } from "../../../cli/shared/faults.ts";
import { ArgsError } from "../../../components/core/support/args.ts";

const caught = (run: () => unknown): unknown => {
  try {
    return run();
  } catch (error) {
    return error;
  }
};

test.each<[unknown, string]>([
  [new Error('Docker context "nosuch" is not there.'), 'Docker context "nosuch" is not there.'],
  [
    new ArgsError("stack dev has bad settings", ["a: should not be there"]),
    "stack dev has bad settings\n  a: should not be there",
  ],
  [caught(() => readFileSync("/nonexistent/x")), "/nonexistent/x: no such file or directory (open)"],
  [caught(() => readFileSync("/")), "EISDIR: illegal operation on a directory, read"],
  [spawnSync("nosuch-program").error, "nosuch-program is not on PATH"],
  ["a text", "a text"],
])("an error outside of the program is shown in one sentence: %s", (error, text) =>
  expect(describeError(error)).toBe(text),
);

test("a mistake in the program is shown with its stack trace", () => {
  const error = caught(() => (undefined as unknown as string).length);
  expect(describeError(error)).toMatch(/^TypeError: Cannot read .*\n +at .*faults\.test\.ts/);
});

test("a stack program that is not TypeScript is shown by its place, without a trace of Node.js", async () => {
  const folder = mkdtempSync(join(tmpdir(), "stackyard-faults-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  mkdirSync(join(folder, "stacks"));
  writeFileSync(join(folder, "stacks/shop.ts"), "import { z } from 'zod';\nexport const settings = z.strictObject({);");
  // By Node.js itself: Vitest has another parser.
  const code = `
    import { describeError } from "./cli/shared/faults.ts";
    import { loadProgram } from "./components/program/program.ts";
    await loadProgram(process.argv[1], "shop").catch((error) => console.log(describeError(error)));`;
  const { stdout, stderr } = spawnSync(
    process.execPath,
    ["--input-type=module", "--eval", code, join(folder, "stacks")],
    { encoding: "utf8" },
  );
  expect(stdout, stderr).toMatch(/^.*\/stacks\/shop\.ts:2: .*\n$/);
});

test("an error that a stack program throws is shown with its file and line, a refusal of the library without", () => {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), "stackyard-faults-")));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  mkdirSync(join(folder, "stacks"));
  writeFileSync(
    join(folder, "stacks/shop.ts"),
    `// The program's own.
export const wrong = () => { throw new Error("no such shop"); };
export const refused = (Refusal: typeof Error) => { throw new Refusal("bad arguments"); };
export const missing = async () => (await import("node:fs")).readFileSync("gone.txt");`,
  );
  const code = `
    import { describeError } from "./cli/shared/faults.ts";
    import { ArgsError } from "./components/core/support/args.ts";
    process.env.STACKYARD_PROJECT = process.argv[1];
    const { wrong, refused, missing } = await import(process.argv[1] + "/stacks/shop.ts");
    for (const run of [wrong, () => refused(class extends ArgsError { constructor(text) { super(text, []); } }), missing])
      await Promise.resolve().then(run).catch((error) => console.log(describeError(error)));`;
  const { stdout, stderr } = spawnSync(process.execPath, ["--input-type=module", "--eval", code, folder], {
    encoding: "utf8",
  });
  expect(stdout, stderr).toBe(
    "stacks/shop.ts:2: no such shop\nbad arguments\nstacks/shop.ts:4: gone.txt: no such file or directory (open)\n",
  );
});

test("output that nobody reads any more is lost, and does not end the verb", async () => {
  const env = { ...process.env, PULUMI_OPTION_CONFIG_FILE: "Pulumi.dev.yaml" };
  const child = spawn(process.execPath, ["cli/stackyard.ts", "config"], { env });
  child.stdout.destroy();
  const [said, [code]] = await Promise.all([text(child.stderr), once(child, "close")]);
  expect([code, said]).toEqual([0, ""]);
});
