import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterAll, beforeAll, expect, test } from "vitest";
import { holder, release, take } from "../../cli/shared/verb-lock.ts";
import { copyOfProject, type Ran, ROOT, run } from "./harness.ts";

// The `pulumi` on PATH keeps a clone's own settings and salts in its state, and leaves the work tree as it was cloned, from whatever
// folder and by whatever command. With the real CLI, and without an engine.

const clone = copyOfProject();
const state = mkdtempSync(join(tmpdir(), "stackyard-e2e-state why? 100% c#-"));
const env = { ...process.env };
for (const name of ["PULUMI_OPTION_CONFIG_FILE", "PULUMI_CONFIG_PASSPHRASE_FILE", "PULUMI_STACK"]) delete env[name];
Object.assign(env, {
  STACKYARD_STATE: state,
  PULUMI_BACKEND_URL: pathToFileURL(`${state}/backend`).href,
  PULUMI_CONFIG_PASSPHRASE: "e2e",
  PATH: `${state}/bin:${process.env.PATH}`,
});

beforeAll(() => {
  for (const folder of ["backend", "config", "bin"]) mkdirSync(join(state, folder));
  cpSync(join(ROOT, "infra/setup/pulumi.sh"), join(state, "bin/pulumi"));
  writeFileSync(join(state, "bin/.stackyard-wrapper"), "");
  chmodSync(join(state, "bin/pulumi"), 0o755);
  for (const stack of ["dev", "prod"]) cpSync(join(ROOT, `Pulumi.${stack}.yaml`), join(clone, `Pulumi.${stack}.yaml`));
});
afterAll(() => {
  for (const folder of [clone, state]) rmSync(folder, { recursive: true });
});

/** Runs pulumi in a folder of the clone, and checks that the clone's files have not changed. */
async function pulumi(folder: string, ...args: string[]): Promise<Ran> {
  const stackFiles = () =>
    Object.fromEntries(
      readdirSync(clone)
        .filter((name) => name.startsWith("Pulumi."))
        .map((name) => [name, readFileSync(join(clone, name), "utf8")]),
    );
  const before = stackFiles();
  const ran = await run("pulumi", args, { cwd: join(clone, folder), env });
  expect(ran.code, ran.output).toBe(0);
  expect(stackFiles()).toEqual(before);
  return ran;
}

const get = async (key: string, ...flags: string[]) =>
  (await pulumi(".", "config", "get", key, ...flags)).stdout.trim();

test("settings are found again, and are in no tracked file: from the project's folder, from another one, from outside", async () => {
  await pulumi(".", "config", "set", "environment", "prod");
  expect(await get("environment")).toBe("prod");
  await pulumi("infra", "config", "set", "--path", "redis.hostPort", "7001");
  expect(await get("redis.hostPort", "--path")).toBe("7001");
  await pulumi("infra", "-C", "..", "config", "set", "--secret", "imageMirror", "hidden.example.com");
  expect(await get("imageMirror")).toBe("hidden.example.com");
  expect(await get("api.hostPort", "--path")).toBe("3000");
});

test("another stack is made, gets copied settings, and is removed, without a file beside the program", async () => {
  await pulumi(".", "stack", "init", "alice");
  await pulumi(".", "config", "cp", "--dest", "alice");
  expect(await get("imageMirror", "--stack", "alice")).toBe("hidden.example.com");
  await pulumi(".", "stack", "rm", "--yes", "alice");
  expect((await pulumi(".", "stack", "ls")).stdout).not.toContain("alice");
});

test("a stack that is removed after its resources leaves the tracked file, and starts again from it", async () => {
  await pulumi(".", "destroy", "--yes", "--skip-preview", "--remove", "--stack", "dev");
  expect((await pulumi(".", "stack", "ls")).stdout).not.toContain("dev");
  expect(await get("environment")).toBe("dev");
});

test("commands that change or make a stack are refused while another run holds it", async () => {
  const lock = join(state, "backend/verb-locks/stackyard/bob.json");
  const other = holder(lock, "make dev");
  expect(take(lock, other)).toEqual({});
  const refused = /^make dev \(process \d+ of .*\) is at work on stack bob: nothing was touched\. .*\n$/;
  const commands = ["config", "preview", "up", "dn", "stack delete", "stack change-secrets-provider default"];
  const all = [...commands.map((command) => [command, "bob"]), ["up", "organization/stackyard/bob"]] as const;
  for (const [command, name] of all) {
    const ran = await run("pulumi", [...command.split(" "), "--stack", name], { cwd: clone, env });
    expect(ran, `${command} ${name}`).toMatchObject({ code: 1, output: expect.stringMatching(refused) });
  }
  expect(existsSync(join(state, "backend/.pulumi/stacks/stackyard/bob.json"))).toBe(false);
  release(lock, other);
  expect(await get("environment", "--stack", "bob")).toBe("dev");
  // A command that only reads does not hold the stack.
  expect(existsSync(lock)).toBe(false);
  // Its full name means the same stack, which exists.
  await pulumi(".", "config", "set", "environment", "prod", "--stack", "bob");
  expect(await get("environment", "--stack", "organization/stackyard/bob")).toBe("prod");
});
