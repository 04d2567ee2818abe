import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, expect, onTestFinished, test } from "vitest";
import { PROJECT } from "../../../cli/shared/stack.ts";
import { holder, TOKEN_VARIABLE, take } from "../../../cli/shared/verb-lock.ts";

// What a run that was killed has left at work. Only Linux tells what a process was given.

const MODULE = fileURLToPath(new URL("../../../cli/shared/hold.ts", import.meta.url));
let folder: string;
let token: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "stackyard-hold-"));
  const file = join(folder, "verb-locks", PROJECT, "dev.json");
  const gone = holder(file, "make dev");
  token = gone.token;
  take(file, { ...gone, start: "1" });
});
afterEach(() => rmSync(folder, { recursive: true }));

/** One that the killed run had started. */
async function left(program: string, ...args: string[]): Promise<ChildProcess> {
  const env = { ...process.env, [TOKEN_VARIABLE]: token };
  const child = spawn(program, args, { env, stdio: "ignore", detached: true });
  onTestFinished(() => {
    try {
      // With what it had started itself.
      process.kill(-(child.pid ?? 0), "SIGKILL");
    } catch {
      // All of it has ended.
    }
  });
  await once(child, "spawn");
  return child;
}

/** Holds the stack in a process of its own. */
async function hold(): Promise<{ code: number; said: string }> {
  const env = { ...process.env, PULUMI_BACKEND_URL: `file://${folder}`, PULUMI_STACK: "dev" };
  const code = `await (await import(${JSON.stringify(MODULE)})).hold()`;
  const child = spawn(process.execPath, ["--input-type=module", "--eval", code], { env });
  const [said, [exit]] = await Promise.all([text(child.stderr), once(child, "close")]);
  return { code: exit, said };
}

test.each(["bin", "a folder"])("a pulumi in %s goes on, is named, and is left alone", async (name) => {
  mkdirSync(join(folder, name));
  const pulumi = join(folder, name, "pulumi");
  copyFileSync("/bin/sleep", pulumi);
  const child = await left(pulumi, "600");
  const { code, said } = await hold();
  expect(said).toBe(
    `pulumi (process ${child.pid}) is at work on stack dev: nothing was touched. wait=1 waits until it has ended, ` +
      `\`kill -INT ${child.pid}\` ends it in order.\n`,
  );
  expect([code, child.exitCode, child.signalCode]).toEqual([1, null, null]);
});

test.each<[string, boolean, string[]]>([
  ["a plugin", true, ["bin/pulumi-resource-docker", "600"]],
  ["the script that was about to become pulumi", true, ["/bin/sh", "bin/pulumi", "up"]],
  ["the program", true, ["/bin/sh", "bin/node_modules/@pulumi/pulumi/cmd/run"]],
  ["another program, in a folder of such a name", false, ["/bin/sh", "-c", "sleep 600; : /srv/my-pulumi/images"]],
])("%s: ended: %s", async (_, ends, [program = "", ...args]) => {
  mkdirSync(join(folder, "bin/node_modules/@pulumi/pulumi/cmd"), { recursive: true });
  copyFileSync("/bin/sleep", join(folder, "bin/pulumi-resource-docker"));
  for (const script of ["bin/pulumi", "bin/node_modules/@pulumi/pulumi/cmd/run"])
    writeFileSync(join(folder, script), "sleep 600\n");
  const at = (word: string) => (word.startsWith("bin/") ? join(folder, word) : word);
  const child = await left(at(program), ...args.map(at));
  const ended = once(child, "exit");
  expect(await hold()).toEqual({ code: 0, said: "" });
  if (ends) await ended;
  expect([child.exitCode, child.signalCode]).toEqual([null, ends ? "SIGKILL" : null]);
});
