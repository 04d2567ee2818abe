import { spawnSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import fc from "fast-check";
import { afterAll, expect, test } from "vitest";
import { commandLineProgram } from "../../cli/main.ts";
import { argumentsOf, wordFor } from "../../components/engines/command-line.ts";

// What is given on make's command line: handed on as it was typed, or refused in one sentence before anything has started.

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const MAKEFILE = readFileSync(join(ROOT, "Makefile"), "utf8");

/** The Makefile in a folder where each verb runs a program that prints the variables it gets. */
const folder = mkdtempSync(join(tmpdir(), "stackyard-make-"));
afterAll(() => rmSync(folder, { recursive: true }));
mkdirSync(join(folder, "infra/setup"), { recursive: true });
for (const file of ["Makefile", "infra/setup/given.mk"]) cpSync(join(ROOT, file), join(folder, file));
for (const name of ["dev", "dev.local", "prod", "staging"]) writeFileSync(join(folder, `Pulumi.${name}.yaml`), "");
writeFileSync(
  join(folder, "infra/setup/with.sh"),
  '#!/bin/sh\nfor each; do printf "argument=%s\\0" "$each"; done\nexec env -0\n',
  { mode: 0o755 },
);

const env = { PATH: process.env.PATH, HOME: process.env.HOME };

function make(args: string[], more: NodeJS.ProcessEnv = {}) {
  const { status, stdout, stderr } = spawnSync("make", args, {
    cwd: folder,
    env: { ...env, ...more },
    encoding: "utf8",
  });
  const lines = stdout.split("\0").map((each) => [each.slice(0, each.indexOf("=")), each.slice(each.indexOf("=") + 1)]);
  const variables = Object.fromEntries(lines);
  // Without `node cli/stackyard.ts`.
  const typed = lines.flatMap(([name, value = ""]) => (name === "argument" ? [value] : [])).slice(2);
  return { status, variables, typed, stderr };
}

/** What make says of what it is given. */
function refused(...args: string[]): string | undefined {
  const { status, stderr } = make(args);
  expect(status).toBe(2);
  return /^infra\/setup\/given\.mk:\d+: \*\*\* (.*)\. {2}Stop\.\n$/.exec(stderr)?.[1];
}

test.each([
  ["psql", "c", "--command="],
  ["logs", "s", ""],
  ["env", "file", "--file="],
  ["pulumi", "ARGS", "--command="],
])("make %s: what is typed in %s= arrives as it was typed", (verb, name, flag) => {
  const typed = fc
    .string({ unit: fc.oneof(fc.constantFrom(..." \"'\\$`#*()%!&;\n\t=:"), fc.string({ minLength: 1, maxLength: 1 })) })
    // make leaves out blanks before a value, and takes one of blanks alone for empty.
    .map((text) => `x${text.replaceAll("\0", "")}`);
  fc.assert(
    fc.property(typed, (text) => {
      expect(make([verb, `${name}=${text}`]).typed).toEqual([verb, `${flag}${text}`]);
    }),
    { numRuns: 25, examples: [["select $$x$$"], ["$(shell exit 1)"], ["keys *"], ["a # b"], ["{*}\\"]] },
  );
});

test.each([
  ["dev", ["NAME=alice", "only=redis", "fresh=1", "wait=1", "show=resources", "DISCARD=a,b"]],
  ["up", ["ENV=prod", "STACK=webapp", "wait=0"]],
  ["logs", ["s=api", "follow=1", "tail=5", "since=10m", "json=1"]],
  ["clean", ["YES=1", "show="]],
  ["preview", ["REFRESH=1"]],
  ["graph", ["readme=1", "format=text"]],
])("make %s %j is handed on as components/engines/command-line.ts says", (verb, words) => {
  const { typed } = make([verb, ...words]);
  expect(typed[0]).toBe(verb);
  expect(typed.slice(1).sort()).toEqual(argumentsOf(words).sort());
});

test("a stack is not named by what other programs set", () => {
  expect(make(["up"], { NAME: "host", ENV: "prd" }).typed).toEqual(["up"]);
});

test.each([
  [["test", "NAME=x"], "make test does not know NAME=; it knows no variable"],
  [["s=redis"], "make help does not know s=; it knows no variable"],
  [["bench", "s=redis"], "make bench does not know s=; it knows pairs="],
])("make %j is refused", (args, message) => expect(refused(...args)).toBe(message));

test("the environment of the programs behind it may be given too", () => {
  expect(make(["ps", "DOCKER_HOST=tcp://a$b:1", "STACKYARD_DEBUG=1"]).variables).toMatchObject({
    DOCKER_HOST: "tcp://a$b:1",
    STACKYARD_DEBUG: "1",
  });
});

test.each(["unit", "lint", "types", "format", "up"])(
  "before make %s itself starts, there is no engine and no Pulumi",
  (verb) => {
    expect(make([verb]).variables.STACKYARD_STEPS).toBe("node packages");
  },
);

test.each(["test", "e2e", "bench"])("make %s makes all of the machine ready", (verb) => {
  expect(make([verb]).variables).not.toHaveProperty("STACKYARD_STEPS");
});

/** Verbs of the Makefile, with what it says of each. */
const verbs = new Map(
  [...MAKEFILE.matchAll(/^([a-z0-9 -]+):.*## (.*)$/gm)].flatMap(([, names = "", text = ""]) =>
    names.split(" ").map((name) => [name, text.replaceAll("$$", "$")] as const),
  ),
);
const developing = /^DEVELOPING := (.*)$/m.exec(MAKEFILE)?.[1]?.split(" ") ?? [];
const program = commandLineProgram();
/** What makes a project, or is for the program by its own name, is no verb of a clone. */
const OWN = ["init", "complete"];

test("make has the verbs of the program, and those for working on Stackyard", () => {
  const own = program.commands.map((each) => each.name()).filter((name) => !OWN.includes(name));
  expect([...verbs.keys()].sort()).toEqual([...own, ...developing].sort());
});

test.each(program.commands.map((each) => [each.name(), each] as const).filter(([name]) => !OWN.includes(name)))(
  "make help says of %s what the program says, and all that it can be given",
  (name, verb) => {
    const text = verbs.get(name) ?? "";
    const described = verb.description().split(":")[0] ?? "";
    if (!/^(psql|redis-cli|cypher|mc)$/.test(name)) expect(text.slice(0, described.length)).toBe(described);
    const common = ["name", "env", "program", "wait", "discard"];
    const flags = verb.options.flatMap(({ long, hidden }) => (long && !hidden ? [long.slice(2)] : []));
    for (const flag of flags.filter((each) => !common.includes(each)))
      if (name !== "pulumi") expect(text, `make ${name}`).toContain(`${wordFor(flag)}=`);
  },
);

test("help is in two columns", () => {
  const lines = spawnSync("make", ["help"], { cwd: folder, env, encoding: "utf8" }).stdout.split("\n");
  const columns = lines.flatMap((line) => /^ {2}(\S.*?) {2,}(?=\S)/.exec(line)?.[0].length ?? []);
  expect(new Set(columns).size).toBe(1);
  const text = lines.join("\n");
  for (const word of ["NAME=alice", "wait=1", "DISCARD=NAME"]) expect(text).toContain(word);
  expect(text).toContain('eval "$(make -s shellenv)"');
  expect(text).not.toContain("$$");
});
