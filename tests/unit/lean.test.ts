import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));

/** Runs a program as Pulumi's runner is run, and returns what it wrote. */
const lean = (program: string, env: NodeJS.ProcessEnv = {}) =>
  execFileSync(process.execPath, ["--import", "./infra/lean.mjs", "--eval", program], {
    cwd: ROOT,
    encoding: "utf8",
    env: { ...process.env, ...env },
  });

test("what is left out or loaded later is not loaded with the SDK", () => {
  const loaded = lean(
    'require("@pulumi/pulumi"); require("dockerode"); console.log(Object.keys(require.cache).join("\\n"))',
  ).split("\n");
  const heavy =
    /\/(typescript\/lib|arborist|source-map-support\/source-map-support|automation\/(?!index\.js)|proto-loader|ssh2\/|semver\/|js-yaml|normalize-package-data)/;
  expect(loaded.length).toBeGreaterThan(50);
  expect(loaded.filter((path) => heavy.test(path))).toEqual([]);
});

test("a function is still serialized, as dynamic providers need it", () => {
  const text = lean(`
    const captured = { greeting: "hello" };
    require("@pulumi/pulumi").runtime
      .serializeFunction(() => captured.greeting + " there", { isFactoryFunction: false })
      .then(({ text }) => console.log(text));`);
  expect(text).toContain('greeting: "hello"');
  expect(text).toContain('captured.greeting + " there"');
});

test("lines for --debug and stack traces of promises are kept where a variable asks for them, and only there", () => {
  const program = `
    const { log } = require("@pulumi/pulumi");
    const { debuggablePromise } = require("@pulumi/pulumi/runtime/debuggable.js");
    console.log(log.debug.length > 0, String(debuggablePromise).includes("new Error().stack"));`;
  expect(lean(program)).toBe("false false\n");
  const asked = lean(program, { STACKYARD_DEBUG: "1", PULUMI_DEBUG_PROMISE_LEAKS: "1" });
  expect(asked).toContain("true true\n");
});
