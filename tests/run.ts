// node tests/run.ts [format|lint|types|unit|e2e ...]: runs these steps (all of them by default) up to the first that fails.
import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("..", import.meta.url));
const EXAMPLES = ["examples/api", "examples/web/frontend"];

interface Counts {
  passed: number;
  failed: number;
}

const STEPS: Record<string, () => Promise<Counts>> = {
  // Import order counts as format. `npm run format` mends both.
  format: () => quiet([tool("biome"), "check", "--linter-enabled=false", "."]),
  lint: () => quiet([tool("biome"), "lint", "--error-on-warnings", "."]),
  types: () =>
    quiet(
      [tool("tsc"), "--project", "."],
      ...EXAMPLES.filter((example) => existsSync(join(ROOT, example, "tsconfig.json"))).map((example) => [
        tool("tsc"),
        "--noEmit",
        "--project",
        example,
      ]),
    ),
  unit: () => vitest("unit"),
  e2e: () => vitest("e2e"),
};

const tool = (name: string) => join(ROOT, "node_modules/.bin", name);

/** Commands whose output matters only when one fails. Together they count as one. */
async function quiet(...commands: string[][]): Promise<Counts> {
  for (const command of commands) {
    const { code, said } = await run(command, true);
    if (code === 0) continue;
    process.stdout.write(said);
    return { passed: 0, failed: 1 };
  }
  return { passed: 1, failed: 0 };
}

/** Vitest's own output as it comes; its counts from its report. */
async function vitest(project: string): Promise<Counts> {
  const folder = mkdtempSync(join(tmpdir(), "stackyard-tests-"));
  try {
    const report = join(folder, "report.json");
    const reporters = [
      "--reporter=default",
      "--reporter=./tests/failures-at-once.ts",
      "--reporter=json",
      `--outputFile.json=${report}`,
    ];
    const { code } = await run([tool("vitest"), "run", "--project", project, ...reporters], false);
    if (!existsSync(report))
      console.error(`vitest ended before its end, with exit code ${code}: what has passed is not known`);
    const counts = existsSync(report)
      ? (JSON.parse(readFileSync(report, "utf8")) as { numPassedTests: number; numFailedTests: number })
      : { numPassedTests: 0, numFailedTests: 0 };
    const { numPassedTests: passed, numFailedTests: failed } = counts;
    // A file that does not load, an error outside of any test, or no test at all is a failure too.
    const broken = failed === 0 && (code !== 0 || passed === 0);
    return { passed, failed: broken ? 1 : failed };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function run([command = "", ...args]: string[], capture: boolean): Promise<{ code: number; said: string }> {
  const { promise, resolve, reject } = Promise.withResolvers<{ code: number; said: string }>();
  const output = capture ? "pipe" : "inherit";
  const child = spawn(command, args, {
    cwd: ROOT,
    stdio: ["ignore", output, output],
    env: { ...(process.stdout.isTTY ? {} : { NO_COLOR: "1" }), ...process.env },
  });
  let said = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding("utf8").on("data", (text: string) => {
      said += text;
    });
  }
  child.once("error", reject);
  child.once("close", (code) => resolve({ code: code ?? 1, said }));
  return promise;
}

async function main(wanted: readonly string[]): Promise<void> {
  const unknown = wanted.filter((name) => !Object.hasOwn(STEPS, name));
  if (unknown.length > 0)
    throw new Error(`No such step: ${unknown.join(", ")}. There are ${Object.keys(STEPS).join(", ")}.`);
  const total: Counts = { passed: 0, failed: 0 };
  for (const [name, step] of Object.entries(STEPS)) {
    if (wanted.length > 0 && !wanted.includes(name)) continue;
    const started = performance.now();
    const { passed, failed } = await step();
    total.passed += passed;
    total.failed += failed;
    console.log(`${name}: ${failed > 0 ? "failed" : "ok"} in ${((performance.now() - started) / 1000).toFixed(1)} s`);
    if (failed > 0) break;
  }
  console.log(`${total.passed} passed, ${total.failed} failed`);
  if (total.failed > 0 || total.passed === 0) process.exitCode = 1;
}

try {
  await main(process.argv.slice(2));
} catch (error) {
  console.error((error as Error).message);
  process.exitCode = 1;
}
