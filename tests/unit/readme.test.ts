import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { commandLineProgram } from "../../cli/main.ts";
import { FakeDaemon } from "./helpers/daemon.ts";
import { mock, registered } from "./helpers/stack.ts";

// What the README says holds, and docs/data.md.

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const README = readFileSync(join(ROOT, "README.md"), "utf8");
const DATA = readFileSync(join(ROOT, "docs/data.md"), "utf8");

let folder: string;
let daemon: FakeDaemon;
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "stackyard-readme-"));
  daemon = await new FakeDaemon().ready();
  daemon.routes["GET /_ping"] = { headers: { "Api-Version": "1.45" } };
  daemon.routes["GET /networks"] = { body: [] };
  vi.stubEnv("DOCKER_HOST", daemon.host);
  vi.stubEnv("STACKYARD_IMAGE_SOURCE", "registry");
});
afterEach(async () => {
  await daemon.close();
  rmSync(folder, { recursive: true });
});

/** The containers of a program that is written in a document. */
async function madeBy(example: string): Promise<string[]> {
  const classes = [...new Set(example.match(/\b(Platform|new (\w+))\b/g))].map((word) => word.replace("new ", ""));
  const program = join(folder, "example.ts");
  writeFileSync(
    program,
    `import { ${classes.join(", ")} } from "${ROOT}components/index.ts";\n${example}\nexport {};\n`,
  );
  const monitor = mock();
  await registered(() => import(/* @vite-ignore */ program));
  return monitor.recorded.flatMap(({ key, name }) => (key.startsWith("Container ") ? [name] : [])).sort();
}

const programsOf = (text: string) => [...text.matchAll(/```ts\n([\s\S]*?)```/g)].map(([, program = ""]) => program);

test("its example is a stack", async () => {
  expect(await madeBy(programsOf(README)[0] ?? "")).toEqual(["api", "postgres", "postgres-setup", "redis"]);
});

test("what brings data in is a part of one", async () => {
  mkdirSync(join(folder, "db"));
  for (const name of ["restore.sql", "dump.sql", "seed.sql", "app.dump"]) writeFileSync(join(folder, "db", name), "");
  const jobs = programsOf(DATA).join("").replaceAll('"db/', `"${folder}/db/`);
  const made = await madeBy(`
    const platform = await Platform.connect();
    await platform.declare(() => {
      const database = new Postgres("postgres", { platform });
      ${jobs}
    });`);
  expect(made).toEqual(["postgres", "restore", "schema"]);
});

/** Lines of code blocks that begin with a command, and what is quoted within sentences. */
function commandsIn(text: string, command: string): string[] {
  const blocks = text.split("```").flatMap((block, at) => (at % 2 === 1 ? block.split("\n") : []));
  const lines = blocks
    .filter((line) => line.startsWith(`${command} `))
    .flatMap((line) => line.replace(/ # .*/, "").split(/\s{2,}|\|/));
  const inline = [...text.matchAll(new RegExp(`\`(?:npx )?(${command} [^\`]+)\``, "g"))].map(([, each = ""]) => each);
  const verbs = [...lines, ...inline].flatMap(
    (part) => new RegExp(`^(?:${command} )?([a-z][a-z-]*)`).exec(part.trim())?.[1] ?? [],
  );
  // `stackyard --help`.
  return verbs.filter((each) => each !== command);
}

test.each([
  ["the README", README, ["dev", "test", "package", "logs", "help"]],
  ["docs/data.md", DATA, ["psql", "shell", "redis-cli", "cypher", "mc"]],
])("every verb of make that %s names is there", (_, text, some) => {
  const named = commandsIn(text, "make");
  const makefile = readFileSync(join(ROOT, "Makefile"), "utf8");
  const verbs = [...makefile.matchAll(/^([a-z0-9 -]+):.*## /gm)].flatMap(([, names = ""]) => names.split(" "));
  expect(named).toEqual(expect.arrayContaining(some));
  expect(named.filter((verb) => !verbs.includes(verb))).toEqual([]);
});

test("every verb of stackyard that the README names is there", () => {
  const named = commandsIn(README, "stackyard");
  const verbs = commandLineProgram().commands.map((each) => each.name());
  expect(named).toEqual(expect.arrayContaining(["dev", "down", "preview", "ps", "logs", "restart", "psql", "run"]));
  expect(named.filter((verb) => !verbs.includes(verb))).toEqual([]);
});

test("every path that it names is there", () => {
  const paths = [...README.matchAll(/\]\(([^)#:]+)\)/g)].map(([, path = ""]) => path);
  expect(paths.length).toBeGreaterThan(3);
  for (const path of paths) expect(() => readFileSync(join(ROOT, path)), path).not.toThrow(/ENOENT/);
});
