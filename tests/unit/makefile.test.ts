import { spawnSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import fc from "fast-check";
import { afterAll, expect, test } from "vitest";

// What is given on make's command line: handed on as it was typed, or refused in one sentence before anything has started.

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const MAKEFILE = readFileSync(join(ROOT, "Makefile"), "utf8");

/** The Makefile in a folder where each verb runs a program that prints the variables it gets. */
const folder = mkdtempSync(join(tmpdir(), "stackyard-make-"));
afterAll(() => rmSync(folder, { recursive: true }));
mkdirSync(join(folder, "infra/setup"), { recursive: true });
for (const file of ["Makefile", "infra/setup/given.mk"]) cpSync(join(ROOT, file), join(folder, file));
for (const name of ["dev", "dev.local", "prod", "staging"]) writeFileSync(join(folder, `Pulumi.${name}.yaml`), "");
writeFileSync(join(folder, "infra/setup/with.sh"), "#!/bin/sh\nexec env -0\n", { mode: 0o755 });

const env = { PATH: process.env.PATH, HOME: process.env.HOME };

function make(args: string[], more: NodeJS.ProcessEnv = {}) {
  const { status, stdout, stderr } = spawnSync("make", args, {
    cwd: folder,
    env: { ...env, ...more },
    encoding: "utf8",
  });
  const variables = Object.fromEntries(
    stdout.split("\0").map((each) => [each.slice(0, each.indexOf("=")), each.slice(each.indexOf("=") + 1)]),
  );
  return { status, variables, stderr };
}

/** What make says of what it is given. */
function refused(...args: string[]): string | undefined {
  const { status, stderr } = make(args);
  expect(status).toBe(2);
  return /^infra\/setup\/given\.mk:\d+: \*\*\* (.*)\. {2}Stop\.\n$/.exec(stderr)?.[1];
}

test.each(["c", "s", "file", "ARGS"])("what is typed in %s= arrives as it was typed", (name) => {
  const verb = { c: "psql", s: "logs", file: "env", ARGS: "pulumi" }[name] ?? "";
  const typed = fc
    .string({ unit: fc.oneof(fc.constantFrom(..." \"'\\$`#*()%!&;\n\t=:"), fc.string({ minLength: 1, maxLength: 1 })) })
    // make leaves out blanks before a value.
    .map((text) => text.replace(/^[ \t\n\v\f\r]+/, "").replaceAll("\0", ""));
  fc.assert(
    fc.property(typed, (text) => {
      expect(make([verb, `${name}=${text}`]).variables[name]).toBe(text);
    }),
    { numRuns: 25, examples: [["select $$x$$"], ["$(shell exit 1)"], ["keys *"], ["a # b"], ["{*}\\"]] },
  );
});

test.each([
  [[], "dev"],
  [["ENV=dev"], "dev"],
  [["ENV=prod"], "prod"],
  [["ENV=staging"], "staging"],
  [["NAME=alice-2"], "alice-2"],
  [["NAME=alice", "ENV=dev"], "alice"],
  [[`NAME=${"a".repeat(40)}`], "a".repeat(40)],
])("make up %j is for stack %s", (args, stack) => expect(make(["up", ...args]).variables.PULUMI_STACK).toBe(stack));

test("a stack is not named by what other programs set", () => {
  expect(make(["up"], { NAME: "host", ENV: "prd" }).variables.PULUMI_STACK).toBe("dev");
  expect(make(["up"], { PULUMI_STACK: "alice" }).variables.PULUMI_STACK).toBe("alice");
});

const NAMES = "should be 1 to 40 of a-z, 0-9 and -, a letter first, and none of dev prod staging";

test.each([
  [["dev", "NAME=Alice"], `NAME=Alice: ${NAMES}`],
  [["dev", "NAME=x/y"], `NAME=x/y: ${NAMES}`],
  [["dev", "NAME=a b"], `NAME=a b: ${NAMES}`],
  [["dev", "NAME=a$(shell exit)"], `NAME=a$(shell exit): ${NAMES}`],
  [["dev", "NAME=2a"], `NAME=2a: ${NAMES}`],
  [["dev", "NAME=ü"], `NAME=ü: ${NAMES}`],
  [["dev", "NAME=prod"], `NAME=prod: ${NAMES}`],
  [["dev", `NAME=${"a".repeat(41)}`], `NAME=${"a".repeat(41)}: ${NAMES}`],
  [["up", "ENV=prod", "NAME=x"], "NAME=x is a copy of dev, and cannot be one of prod: leave ENV=prod out, or NAME=x"],
  [["up", "ENV=prd"], "ENV=prd: there is no such environment; there are dev prod staging. A copy of dev is NAME=alice"],
  [
    ["up", "ENV=dev prod"],
    "ENV=dev prod: there is no such environment; there are dev prod staging. A copy of dev is NAME=alice",
  ],
  [["dev", "ENV=prod"], "make dev is for dev and its copies; `make up ENV=prod` brings prod up"],
  [
    ["up", "STACK=webapp", "ENV=prod"],
    "make up does not know STACK=; it knows DISCARD= ENV= NAME= fresh= only= show= wait=",
  ],
  [["down", "only=redis"], "make down does not know only=; it knows DISCARD= ENV= NAME= show= wait="],
  [["test", "NAME=x"], "make test does not know NAME=; it knows no variable"],
  [["s=redis"], "make help does not know s=; it knows no variable"],
])("make %j is refused", (args, message) => expect(refused(...args)).toBe(message));

test("the environment of the programs behind it may be given too", () => {
  expect(make(["ps", "DOCKER_HOST=tcp://a$b:1", "STACKYARD_DEBUG=1"]).variables).toMatchObject({
    DOCKER_HOST: "tcp://a$b:1",
    STACKYARD_DEBUG: "1",
  });
});

test.each(["unit", "lint", "types", "format", "graph", "timeline"])("make %s needs no engine and no Pulumi", (verb) => {
  expect(make([verb]).variables.STACKYARD_STEPS).toBe("node packages");
});

test.each(["test", "e2e", "up"])("make %s makes all of the machine ready", (verb) => {
  expect(make([verb]).variables).not.toHaveProperty("STACKYARD_STEPS");
});

const verbs = [...MAKEFILE.matchAll(/^([a-z0-9 -]+):.*## /gm)].flatMap(([, names = ""]) => names.split(" "));
const words = Object.fromEntries(
  [...MAKEFILE.matchAll(/^WORDS_([\w-]+) := (.*)$/gm)].map(([, verb = "", list = ""]) => [verb, list.split(" ")]),
);
const wordsOf = (verb: string): string[] =>
  (words[verb] ?? []).flatMap((word) => {
    const other = /^\$\(WORDS_(.*)\)$/.exec(word)?.[1];
    return other ? wordsOf(other) : ["$(STACK_WORDS)", "$(CHANGE_WORDS)"].includes(word) ? [] : [word];
  });

test("words are of verbs that there are", () => {
  expect(Object.keys(words).filter((verb) => !verbs.includes(verb))).toEqual([]);
});

test("help says all that each verb knows, in two columns", () => {
  const lines = spawnSync("make", ["help"], { cwd: folder, env, encoding: "utf8" }).stdout.split("\n");
  const columns = lines.flatMap((line) => /^ {2}(\S.*?) {2,}(?=\S)/.exec(line)?.[0].length ?? []);
  expect(new Set(columns).size).toBe(1);
  for (const verb of verbs) {
    const [line = ""] = lines.filter((each) => each.slice(2, columns[0]).trim().split(" ").includes(verb));
    const said = [...line.matchAll(/([A-Za-z]+)=/g)].map(([, word]) => word);
    for (const word of wordsOf(verb)) expect(said, `make ${verb}`).toContain(word);
  }
  const text = lines.join("\n");
  for (const word of ["NAME=alice", "wait=1", "DISCARD=NAME"]) expect(text).toContain(word);
  expect(text).toContain('eval "$(make -s shellenv)"');
  expect(text).not.toContain("$$");
});
