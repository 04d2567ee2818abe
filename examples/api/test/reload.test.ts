import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { copyFileSync, mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test, vi } from "vitest";

// Each wait has an end of its own; on a busy machine a test has several long ones.
vi.setConfig({ testTimeout: 120_000 });

let folder: string;
let running: ChildProcess;
/** Of both streams, as far as it was not waited for yet. */
let said = "";
/** All of standard error. */
let errors = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "stackyard-reload-"));
  copyFileSync(new URL("../src/reload.ts", import.meta.url), join(folder, "reload.ts"));
  writeFileSync(join(folder, "package.json"), '{"type":"module"}');
});
afterEach(() => {
  running.kill("SIGKILL");
  rmSync(folder, { recursive: true });
  rmSync(`${folder}-end`, { force: true });
});

/** A server that says a word at its start and one at its end, and never ends by itself, unless the file `end` tells it to. */
const saying = (word: string) => `
  import { existsSync } from "node:fs";
  process.once("SIGTERM", () => { console.log("${word} stops"); process.exit(0); });
  process.send("listening");
  console.log("${word} runs");
  setInterval(() => existsSync(import.meta.dirname + "-end") && process.exit(3), 50);
`;

function start(server: string): Promise<number | null> {
  said = errors = "";
  write("server.ts", server);
  running = spawn(process.execPath, [join(folder, "reload.ts")]);
  for (const stream of [running.stdout, running.stderr]) stream?.on("data", (text: Buffer) => (said += text));
  running.stderr?.on("data", (text: Buffer) => (errors += text));
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
  await expect.poll(() => said, { timeout: 30_000 }).toContain(`${line}\n`);
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
  // In one stream, or a container's log may have it before the error that it is about.
  expect(errors).toMatch(/SyntaxError[\s\S]*\nended with exit code 1: waiting for the next change\n$/);
  write("server.ts", saying("mended"));
  await says("mended runs");
  write("server.ts", "const = (");
  await says("ended with exit code 1: waiting for the next change");
  running.kill("SIGTERM");
  expect(await end).toBe(0);
});

test.each(["first", "changed"])(
  "ends with one that has served and ends by itself, as without it: the %s",
  async (which) => {
    const end = start(saying("first"));
    await says("first runs");
    if (which === "changed") {
      write("server.ts", saying("changed"));
      await says("changed runs");
    }
    writeFileSync(`${folder}-end`, "");
    expect(await end).toBe(3);
  },
);

test("ends with a first one that does not start", async () => {
  expect(await start("process.exit(3)")).toBe(3);
});

test("ends with one that is told to stop while it starts, as without it", async () => {
  const end = start('console.log("starts"); setInterval(() => {}, 1000);');
  await says("starts");
  running.kill("SIGTERM");
  expect(await end).toBe(128 + 15);
});

test("many changes at once, and folders that come and go, end with what was written last", async () => {
  const end = start(saying("first"));
  await says("first runs");
  for (let round = 0; round < 3; round++) {
    for (let change = 0; change < 40; change++) {
      mkdirSync(join(folder, `lib${change}/below`), { recursive: true });
      replace("server.ts", "const = (");
      await new Promise((resolve) => setTimeout(resolve, change % 7));
      rmSync(join(folder, `lib${change}`), { recursive: true });
    }
    replace("server.ts", saying(`round ${round}`));
    await says(`round ${round} runs`);
  }
  running.kill("SIGTERM");
  await says("round 2 stops");
  expect(await end).toBe(0);
});
