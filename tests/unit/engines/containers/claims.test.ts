import { execFileSync, spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, expect, onTestFinished, test } from "vitest";

const CLAIMS = fileURLToPath(new URL("../../../../components/engines/containers/claims.ts", import.meta.url));
const SUBNET = "10.213.0.16/28";

let cache = "";
beforeEach(() => {
  cache = mkdtempSync(join(tmpdir(), "stackyard-claims-"));
});
afterEach(() => rmSync(cache, { recursive: true }));

const program = (then: string) =>
  `import { claimSubnet } from ${JSON.stringify(CLAIMS)}; console.log(claimSubnet("${SUBNET}")); ${then}`;
const args = (then: string) => ["--input-type=module", "--eval", program(then)];
const env = () => ({ ...process.env, XDG_CACHE_HOME: cache });
/** @returns the answer to a process of its own, which ends at once. */
const another = () => execFileSync(process.execPath, args(""), { encoding: "utf8", env: env() }).trim();
const claims = () => readdirSync(join(cache, "stackyard/subnets"));

/** Starts a process that claims the subnet, and runs on. */
async function holder() {
  const child = spawn(process.execPath, args("process.stdin.resume();"), {
    env: env(),
    stdio: ["pipe", "pipe", "inherit"],
  });
  onTestFinished(() => void child.kill("SIGKILL"));
  const ended = new Promise((resolve) => child.once("exit", resolve));
  const answer = await new Promise((resolve) =>
    child.stdout.once("data", (text: Buffer) => resolve(String(text).trim())),
  );
  expect(answer).toBe("true");
  return { child, ended };
}

test("a subnet that another process has claimed is refused until that process ends", async () => {
  const { child, ended } = await holder();
  expect(another()).toBe("false");
  child.stdin.end();
  await ended;
  expect(claims()).toEqual([]);
  expect(another()).toBe("true");
});

test("a killed process's claim is taken over", async () => {
  const { child, ended } = await holder();
  child.kill("SIGKILL");
  await ended;
  expect(claims()).toEqual(["10.213.0.16-28"]);
  expect(another()).toBe("true");
  expect(claims()).toEqual([]);
});

test("a claim that is being written counts as another process's", () => {
  mkdirSync(join(cache, "stackyard/subnets"), { recursive: true });
  writeFileSync(join(cache, "stackyard/subnets/10.213.0.16-28"), "");
  expect(another()).toBe("false");
});

test("every claim succeeds where no file can be written", () => {
  writeFileSync(join(cache, "stackyard"), "a file in the way");
  expect(another()).toBe("true");
});
