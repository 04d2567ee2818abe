import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterAll, beforeEach, describe, expect, test, vi } from "vitest";
import { commandLineProgram } from "../../../cli/main.ts";
import { chosenStack, programOf } from "../../../cli/shared/stack-name.ts";
import { argumentsOf, commandLine, pulumiCommand } from "../../../components/engines/command-line.ts";

// What the command line takes, and what it refuses before anything has started.

const STACKYARD = resolve("cli/stackyard.ts");
const folder = mkdtempSync(join(tmpdir(), "stackyard-main-"));
afterAll(() => rmSync(folder, { recursive: true }));
mkdirSync(join(folder, "stacks/queue"), { recursive: true });
mkdirSync(join(folder, "below"));
writeFileSync(join(folder, "Pulumi.yaml"), "name: shop\nconfig:\n  program:\n    default: shop\n");
for (const name of ["dev", "dev.local", "prod", "staging", "queue-prod"])
  writeFileSync(join(folder, `Pulumi.${name}.yaml`), "");
for (const file of ["shop.ts", "webapp.ts", "queue/index.ts"]) writeFileSync(join(folder, "stacks", file), "");

function stackyard(cwd: string, ...args: string[]) {
  const { PATH, HOME } = process.env;
  // Nothing is set up: a verb that gets so far ends there.
  const env = { PATH, HOME, STACKYARD_BY: "" };
  const { status, stdout, stderr } = spawnSync(process.execPath, [STACKYARD, ...args], { cwd, env, encoding: "utf8" });
  return { status, stdout, stderr };
}

describe("which stack", () => {
  beforeEach(() => {
    vi.stubEnv("STACKYARD_BY", "make");
    vi.spyOn(process, "cwd").mockReturnValue(folder);
    process.chdir(folder);
    return () => process.chdir(resolve(STACKYARD, "../.."));
  });

  test.each([
    [{}, undefined],
    [{ env: "dev" }, "dev"],
    [{ env: "prod" }, "prod"],
    [{ env: "staging" }, "staging"],
    [{ name: "alice-2" }, "alice-2"],
    [{ name: "alice", env: "dev" }, "alice"],
    [{ name: "a".repeat(40) }, "a".repeat(40)],
    [{ program: "shop" }, undefined],
    [{ program: "shop", env: "prod" }, "prod"],
    [{ program: "webapp" }, "webapp-dev"],
    [{ program: "webapp", name: "alice" }, "webapp-alice"],
    [{ program: "queue", env: "prod" }, "queue-prod"],
  ])("%j is %s", (choice, stack) => expect(chosenStack("up", choice)).toBe(stack));

  const NAMES = "should be 1 to 40 of a-z, 0-9 and -, a letter first, and none of dev prod staging queue shop webapp";
  test.each([
    ["up", { name: "Alice" }, `NAME=Alice: ${NAMES}`],
    ["up", { name: "x/y" }, `NAME=x/y: ${NAMES}`],
    ["up", { name: "a b" }, `NAME=a b: ${NAMES}`],
    ["up", { name: "2a" }, `NAME=2a: ${NAMES}`],
    ["up", { name: "ü" }, `NAME=ü: ${NAMES}`],
    ["up", { name: "prod" }, `NAME=prod: ${NAMES}`],
    ["up", { name: "webapp-x" }, `NAME=webapp-x: ${NAMES}`],
    ["up", { name: "a".repeat(41) }, `NAME=${"a".repeat(41)}: ${NAMES}`],
    [
      "up",
      { env: "prod", name: "x" },
      "NAME=x is a copy of dev, and cannot be one of prod: leave ENV=prod out, or NAME=x",
    ],
    [
      "up",
      { env: "prd" },
      "ENV=prd: there is no such environment; there are dev prod staging. A copy of dev is NAME=alice",
    ],
    [
      "up",
      { program: "webapp", env: "prod" },
      "ENV=prod: there is no such environment; there are dev. A copy of dev is NAME=alice",
    ],
    ["up", { program: "x" }, "STACK=x: there is no such stack program; there are queue shop webapp"],
    ["dev", { env: "prod" }, "make dev is for dev and its copies; `make up ENV=prod` brings prod up"],
  ])("%s %j is refused", (verb, choice, message) => expect(() => chosenStack(verb, choice)).toThrow(message));

  test("a stack's name says its program", () => {
    expect(["dev", "webapp-dev", "shop-x", "queue-a-b"].map(programOf)).toEqual([
      [undefined, "dev"],
      ["webapp", "dev"],
      [undefined, "shop-x"],
      ["queue", "a-b"],
    ]);
  });
});

describe("refused with 2, before anything has started", () => {
  test.each([
    [["up", "--nope"], "up has no --nope; it has --env --name --program --wait --discard --show --fresh\n"],
    [
      ["--env", "prod", "up"],
      "Flags come after the verb: stackyard VERB --env; before it there are only --help and --version\n",
    ],
    [["frob"], "There is no verb frob: stackyard --help shows all\n"],
    ...[
      ["log", "logs"],
      ["upp", "up"],
      ["donw", "down"],
      ["prevew", "preview"],
      ["dec", "dev"],
      ["re", undefined],
      ["rest", "restart"],
    ].map(([typed = "", near]): [string[], string] => [
      [typed],
      `There is no verb ${typed}: ${near ? `did you mean ${near}?` : "stackyard --help shows all"}\n`,
    ]),
    [["down", "redis"], "down does not take redis: stackyard down [options]\n"],
    [
      ["run", "api", "ls"],
      "run: a command comes after --, got ls without it: stackyard run [options] <service> -- <command...>\n",
    ],
    [
      ["redis-cli", "keys", "*"],
      "redis-cli: a command comes after --, got * without it: stackyard redis-cli [options] [service] [-- arguments...]\n",
    ],
    [["up", "--show", "all"], "Option '--show <what>' argument 'all' is invalid. Allowed choices are resources.\n"],
    [["adopt"], "Required option '--from <folder>' not specified\n"],
    [["run"], "Missing required argument 'service'\n"],
  ])("%j", (args, message) => expect(stackyard(folder, ...args)).toEqual({ status: 2, stdout: "", stderr: message }));
});

test("outside of a project, a verb says what makes one", () => {
  expect(stackyard(tmpdir(), "ps")).toEqual({
    status: 1,
    stdout: "",
    stderr:
      "There is no Pulumi.yaml here, nor in a folder above: run this in a project's folder. `npx stackyard init` makes a project.\n",
  });
});

test("in a folder below, a verb is the project's", () => {
  const { status, stderr } = stackyard(join(folder, "below"), "up", "--env", "prd");
  expect({ status, stderr }).toEqual({
    status: 1,
    stderr: "--env prd: there is no such environment; there are dev prod staging. A copy of dev is --name alice\n",
  });
});

test("in a clone, help and messages name what can be typed there", () => {
  const { PATH, HOME } = process.env;
  const options = { cwd: resolve(STACKYARD, "../.."), env: { PATH, HOME }, encoding: "utf8" } as const;
  const { stdout } = spawnSync(process.execPath, [STACKYARD, "--help"], options);
  expect(stdout.replace(/\s+/g, " ")).toContain('eval "$(make -s shellenv)"');
  expect(stdout).not.toContain("npx");
});

test("help says every verb, and the exit codes", () => {
  const { status, stdout } = stackyard(tmpdir(), "--help");
  expect(status).toBe(0);
  for (const verb of commandLineProgram().commands) expect(stdout).toContain(`\n  ${verb.name()} `);
  expect(stdout).toContain("130  interrupted");
});

test("completes verbs and flags, by a script for each shell", () => {
  for (const shell of ["bash", "zsh", "fish"])
    expect(stackyard(tmpdir(), "complete", shell).stdout).toContain("stackyard");
  const next = (...typed: string[]) =>
    stackyard(tmpdir(), "complete", "--", ...typed)
      .stdout.split("\n")
      .flatMap((line) => (line.startsWith(":") || line === "" ? [] : [line.split("\t")[0]]));
  expect(next("re")).toEqual(["restart", "rebuild", "redis-cli"]);
  expect(next("logs", "--f")).toEqual(["--follow"]);
  expect(next("up", "--show", "")).toEqual(["resources"]);
});

test("completes names of services and jobs from the state, by what a verb can do with them", () => {
  const resources = [
    ["stackyard:databases:Postgres", "db"],
    ["stackyard:databases:Redis", "cache"],
    ["stackyard:jobs:PostgresSetup", "setup"],
    ["docker:index/container:Container", "own"],
    ["docker:index/network:Network", "net"],
  ].map(([type, name]) => ({ type, urn: `urn:pulumi:dev::shop::${type}::${name}` }));
  mkdirSync(join(folder, "backend/.pulumi/stacks/shop"), { recursive: true });
  const file = join(folder, "backend/.pulumi/stacks/shop/dev.json");
  writeFileSync(file, JSON.stringify({ checkpoint: { latest: { resources } } }));
  const next = (...typed: string[]) => {
    const { PATH, HOME } = process.env;
    const env = { PATH, HOME, PULUMI_BACKEND_URL: `file://${folder}/backend`, PULUMI_CONFIG_PASSPHRASE: "x" };
    const args = [STACKYARD, "complete", "--", ...typed];
    const { stdout } = spawnSync(process.execPath, args, { cwd: join(folder, "below"), env, encoding: "utf8" });
    return stdout.split("\n").flatMap((line) => (/^(:|$)/.test(line) ? [] : [line.trim()]));
  };
  expect(next("logs", "")).toEqual(["cache", "db", "own", "setup"]);
  expect(next("up", "db", "c")).toEqual(["cache"]);
  expect(next("stop", "")).toEqual(["cache", "db", "own"]);
  expect(next("job", "")).toEqual(["setup"]);
  expect(next("psql", "")).toEqual(["db"]);
  // Another stack, which has never been up, and one that cannot be.
  expect(next("logs", "--name", "alice", "")).toEqual([]);
  expect(next("logs", "--name=Alice", "")).toEqual([]);
});

test("every verb has a help of its own, with a text for each argument and flag", () => {
  for (const verb of commandLineProgram().commands) {
    expect(verb.description(), verb.name()).toMatch(/^[A-Z]/);
    for (const { long, description } of verb.options) expect(description, `${verb.name()} ${long}`).not.toBe("");
    for (const each of verb.registeredArguments) expect(each.description, `${verb.name()} ${each.name()}`).not.toBe("");
  }
});

describe("a command in a message", () => {
  test.each([
    ["make", "make logs NAME=alice s=redis", 'make pulumi ARGS="up -s dev"'],
    ["", "npx stackyard logs --name=alice redis", "npx stackyard pulumi up -s dev"],
  ])("by %j", (by, logs, pulumi) => {
    vi.stubEnv("STACKYARD_BY", by);
    expect(commandLine("logs", "NAME=alice", "s=redis")).toBe(logs);
    expect(pulumiCommand("up -s dev")).toBe(pulumi);
  });

  test("words of make are arguments", () => {
    expect(argumentsOf(["s=a,b", "follow=1", "json=0", "tail=5", "YES=1", "DISCARD=x", "file=", "c=a=b"])).toEqual([
      ...["a", "b", "--follow", "--tail=5", "--yes", "--discard=x", "--command=a=b"],
    ]);
  });
});
