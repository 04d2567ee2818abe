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
/** What a process of its own is answered, that ends at once. */
const another = () => execFileSync(process.execPath, args(""), { encoding: "utf8", env: env() }).trim();
const claims = () => readdirSync(join(cache, "stackyard/subnets"));

/** A process that has claimed it, and goes on. */
async function holder() {
  const child = spawn(process.execPath, args("process.stdin.resume();"), {
    env: env(),
    stdio: ["pipe", "pipe", "inherit"],
  });
  onTestFinished(() => void child.kill("SIGKILL"));
  const ended = new Promise((resolve) => child.once("exit", resolve));
  const said = await new Promise((resolve) =>
    child.stdout.once("data", (text: Buffer) => resolve(String(text).trim())),
  );
  expect(said).toBe("true");
  return { child, ended };
}

test("another process's is refused as long as that runs, and is nobody's afterwards", async () => {
  const { child, ended } = await holder();
  expect(another()).toBe("false");
  child.stdin.end();
  await ended;
  expect(claims()).toEqual([]);
  expect(another()).toBe("true");
});

test("a killed process's is taken over", async () => {
  const { child, ended } = await holder();
  child.kill("SIGKILL");
  await ended;
  expect(claims()).toEqual(["10.213.0.16-28"]);
  expect(another()).toBe("true");
  expect(claims()).toEqual([]);
});

test("one that is being written is another's", () => {
  mkdirSync(join(cache, "stackyard/subnets"), { recursive: true });
  writeFileSync(join(cache, "stackyard/subnets/10.213.0.16-28"), "");
  expect(another()).toBe("false");
});

test("where no file can be written, nobody is asked", () => {
  writeFileSync(join(cache, "stackyard"), "a file in the way");
  expect(another()).toBe("true");
});
