import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { copyFileSync, mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";

let folder: string;
let running: ChildProcess;
let said = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "stackyard-reload-"));
  copyFileSync(new URL("../src/reload.ts", import.meta.url), join(folder, "reload.ts"));
  writeFileSync(join(folder, "package.json"), '{"type":"module"}');
});
afterEach(() => {
  running.kill("SIGKILL");
  rmSync(folder, { recursive: true });
});

/** A server that says a word at its start and one at its end, and never ends by itself. */
const saying = (word: string) => `
  setInterval(() => {}, 1000);
  process.once("SIGTERM", () => { console.log("${word} stops"); process.exit(0); });
  console.log("${word} runs");
`;

function start(server: string): Promise<number | null> {
  said = "";
  write("server.ts", server);
  running = spawn(process.execPath, [join(folder, "reload.ts")]);
  for (const stream of [running.stdout, running.stderr]) stream?.on("data", (text: Buffer) => (said += text));
  return once(running, "close").then(([code]: (number | null)[]) => code ?? null);
}

const write = (name: string, text: string) => writeFileSync(join(folder, name), text);

/** As many editors do: the file is another one then. */
function replace(name: string, text: string): void {
  write(`${name}.new`, text);
  renameSync(join(folder, `${name}.new`), join(folder, name));
}

/** Waits until a line was said, and forgets what was said until then. */
async function says(line: string): Promise<void> {
  await expect.poll(() => said, { timeout: 8_000 }).toContain(`${line}\n`);
  said = said.slice(said.indexOf(`${line}\n`) + line.length);
}

test("a change starts it anew, after it has stopped in order: written in place or replaced, again and again", async () => {
  const end = start(saying("first"));
  await says("first runs");
  const changes: [string, () => void][] = [
    ["replaced", () => replace("server.ts", saying("replaced"))],
    ["replaced again", () => replace("server.ts", saying("replaced again"))],
    ["in place", () => write("server.ts", saying("in place"))],
  ];
  let before = "first";
  for (const [word, change] of changes) {
    change();
    await says(`${before} stops`);
    await says(`${word} runs`);
    before = word;
  }
  mkdirSync(join(folder, "lib"));
  await says("in place runs");
  write("lib/word.ts", "");
  await says("in place runs");
  running.kill("SIGTERM");
  await says("in place stops");
  expect(await end).toBe(0);
});

test("one that does not start for a change waits for the next one", async () => {
  const end = start(saying("good"));
  await says("good runs");
  write("server.ts", "const = (");
  await says("ended with exit code 1: waiting for the next change");
  write("server.ts", saying("mended"));
  await says("mended runs");
  write("server.ts", "const = (");
  await says("ended with exit code 1: waiting for the next change");
  running.kill("SIGTERM");
  expect(await end).toBe(0);
});

test("ends with one that ends by itself, as without it", async () => {
  expect(await start("process.exit(3)")).toBe(3);
});
