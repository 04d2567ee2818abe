import { createHash, randomBytes } from "node:crypto";
import { chmodSync, createReadStream, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { finished } from "node:stream/promises";
import fc from "fast-check";
import { extract } from "tar-stream";
import { afterAll, beforeAll, expect, test } from "vitest";
import { contextOf, type Entry } from "../../components/core/support/build-context.ts";
import { CONTEXT, type Context, written } from "../unit/helpers/contexts.ts";
import { docker, ROOT, run, TestStack } from "./harness.ts";

// Compares the files that we expect a build to get with those that BuildKit takes. The builds need no image and leave only cache.

const MANY = 60;

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "stackyard-e2e-context-"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Entries in the form that is compared: names as text, permissions in octal digits. */
const shown = (entries: readonly Entry[]) =>
  entries.map(({ path, mode, ...rest }) => ({ path, mode: mode.toString(8), ...rest }));
const ours = (context: string) =>
  contextOf(context)
    .map((entry) => ({ ...entry, path: Buffer.from(entry.path, "latin1").toString() }))
    .sort(byPath);
const byPath = (a: Entry, b: Entry) => (a.path < b.path ? -1 : 1);

test("agrees with BuildKit on random folders and rules", async () => {
  const seed = Math.floor(Math.random() * 2 ** 31);
  const contexts: Context[] = [];
  const expected: Entry[][] = [];
  for (const context of fc.sample(CONTEXT, { seed, numRuns: MANY * 2 })) {
    const at = written(join(folder, "random", String(contexts.length)), context);
    try {
      expected.push(ours(at));
      contexts.push(context);
    } catch {
      // Rules that BuildKit refuses would end the build, which all contexts share.
      rmSync(at, { recursive: true });
    }
    if (contexts.length === MANY) break;
  }
  const theirs = await allBuilt(contexts.map((_, at) => join(folder, "random", String(at))));
  expect(contexts).toHaveLength(MANY);
  for (const [at, context] of contexts.entries()) {
    expect(shown(theirs[at] ?? []), `seed ${seed}: ${JSON.stringify(context)}`).toEqual(shown(expected[at] ?? []));
  }
});

test("agrees with BuildKit on special files, and on names that are not UTF-8", async () => {
  const context = join(folder, "special");
  const at = (path: string) => join(context, path);
  mkdirSync(at("empty"), { recursive: true });
  mkdirSync(at("left/out/taken"), { recursive: true });
  writeFileSync(at("left/out/taken/a"), "a");
  writeFileSync(at("left/other"), "");
  chmodSync(at("left"), 0o2750);
  writeFileSync(at("new\nline"), "");
  writeFileSync(Buffer.concat([Buffer.from(`${context}/`), Buffer.from([0xff, 0xfe])]), "");
  writeFileSync(at("private"), "");
  chmodSync(at("private"), 0o4700);
  symlinkSync("nowhere", at("dangling"));
  symlinkSync("../..", at("out"));
  expect((await run("mkfifo", [at("pipe")], { cwd: ROOT, env: process.env })).code).toBe(0);
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(at("socket"), resolve));
  // It takes precedence over the other one, which would leave out everything.
  writeFileSync(at("Dockerfile.dockerignore"), "left\n!left/out/taken\n.dockerignore\n");
  writeFileSync(at(".dockerignore"), "*\n");
  writeFileSync(at("Dockerfile"), "FROM scratch\nCOPY . /\n");
  try {
    const theirs = await built(context);
    // A tar has no sockets: they arrive as empty files.
    const expected = ours(context).map((each) => (each.path === "socket" ? { ...each, kind: "file" as const } : each));
    expect(shown(theirs)).toEqual(shown(expected));
    expect(expected.map(({ path }) => path)).toEqual([
      "Dockerfile",
      "Dockerfile.dockerignore",
      "dangling",
      "empty",
      "left",
      "left/out",
      "left/out/taken",
      "left/out/taken/a",
      "new\nline",
      "out",
      "pipe",
      "private",
      "socket",
      "\ufffd\ufffd",
    ]);
  } finally {
    await new Promise((resolve) => server.close(resolve));
  }
});

test.each(["!", "[", "a\\", "[z-a]", "\\y"])("BuildKit refuses the rules that we refuse: %s", async (rule) => {
  const context = written(join(folder, "bad"), { tree: ["a"], rules: `${rule}\n` });
  expect(() => contextOf(context)).toThrow("is no pattern that a build takes as it is written");
  const { code, output } = await buildx(context, join(folder, "bad.tar"));
  // The reason may be lost: of several simultaneous failures BuildKit sometimes reports only that it has cancelled the rest.
  expect({ code, output }).toEqual({
    code: 1,
    output: expect.stringMatching(/pattern|\[internal\] load .*[\s\S]* CANCELED$/m),
  });
});

test("agrees with BuildKit on the rules beside a Dockerfile that lies outside", async () => {
  const context = join(folder, "sent");
  mkdirSync(context);
  for (const name of ["taken", "left.log", "left.txt"]) writeFileSync(join(context, name), name);
  writeFileSync(join(context, ".dockerignore"), "taken\n");
  writeFileSync(join(folder, "beside.Dockerfile"), "FROM scratch\nCOPY . /\n");
  writeFileSync(join(folder, "beside.Dockerfile.dockerignore"), "left*\n");
  const file = join(folder, "beside.tar");
  const { code, output } = await buildx(context, file, "--file", join(folder, "beside.Dockerfile"));
  expect(code, output).toBe(0);
  const expected = contextOf(context, [], "../beside.Dockerfile");
  expect(expected.map(({ path }) => path)).toEqual([".dockerignore", "taken"]);
  expect(shown(await inTar(file))).toEqual(shown(expected));
});

test("a Dockerfile of another name is built to a stage, with an argument, a secret and a base", async () => {
  const stack = new TestStack(join(ROOT, "tests/e2e/programs/builds"));
  const key = join(stack.folder, "key");
  const content = randomBytes(16).toString("hex");
  // A value of this run, because a cached step is not built again for another secret.
  const hello = `hello from ${stack.name}`;
  writeFileSync(key, content);
  const up = async (greeting: string) => {
    stack.configure({ greeting, key });
    const { code, output } = await stack.up();
    expect(code, output).toBe(0);
    return output;
  };
  try {
    await stack.create({ greeting: hello, key });
    expect(await up(hello)).toContain(`${hello}, world: ${createHash("sha256").update(content).digest("hex")} `);
    const { image } = await stack.container("greets");
    const tar = join(folder, "image.tar");
    expect((await docker(["image", "save", image, "--output", tar])).code).toBe(0);
    const found = (text: string) => run("grep", ["--quiet", "--text", text, tar], { cwd: ROOT, env: process.env });
    expect([(await found(content)).code, (await found(`${hello}, world`)).code]).toEqual([1, 0]);

    // Another secret does not change the image, another argument does.
    writeFileSync(key, "another");
    await stack.unchanged();
    expect(await up("good day")).toContain("good day, world: ");
    expect((await stack.container("greets")).image).not.toBe(image);
  } finally {
    await stack.dispose();
  }
});

/** The files of a build that copies its whole context. */
async function built(context: string): Promise<Entry[]> {
  const file = join(folder, "built.tar");
  const { code, output } = await buildx(context, file);
  expect(code, output).toBe(0);
  return inTar(file);
}

/** The same for many contexts, in one build. */
async function allBuilt(contexts: readonly string[]): Promise<Entry[][]> {
  const top = join(folder, "all");
  mkdirSync(top, { recursive: true });
  const copies = contexts.map((_, at) => `COPY --from=context-${at} . /${at}/\n`);
  writeFileSync(join(top, "Dockerfile"), `FROM scratch\n${copies.join("")}`);
  const file = join(folder, "all.tar");
  const named = contexts.flatMap((context, at) => ["--build-context", `context-${at}=${context}`]);
  const { code, output } = await buildx(top, file, ...named);
  expect(code, output).toBe(0);
  const all = await inTar(file);
  return contexts.map((_, at) =>
    all.flatMap((entry) =>
      entry.path.startsWith(`${at}/`) ? [{ ...entry, path: entry.path.slice(`${at}/`.length) }] : [],
    ),
  );
}

async function buildx(context: string, file: string, ...args: string[]) {
  const { stdout } = await docker(["context", "show"]);
  const output = `type=tar,dest=${file}`;
  return docker(["buildx", "build", "--builder", stdout.trim(), ...args, "--output", output, context]);
}

async function inTar(file: string): Promise<Entry[]> {
  const found: Entry[] = [];
  const kinds = { directory: "folder", file: "file", symlink: "link" } as Record<string, Entry["kind"]>;
  const tar = createReadStream(file).pipe(extract());
  tar.on("entry", ({ name, type, mode = 0, linkname }, content, next) => {
    const kind = kinds[type ?? ""] ?? "other";
    const path = name.replace(/\/$/, "");
    found.push({ path, kind, mode, ...(kind === "link" && linkname ? { target: linkname } : {}) });
    content.resume().once("end", next);
  });
  await finished(tar);
  return found.sort(byPath);
}
