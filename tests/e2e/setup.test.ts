import { spawn } from "node:child_process";
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import { pathToFileURL } from "node:url";
import { beforeEach, expect, onTestFinished, test } from "vitest";
import { copyOfProject, ended, eventually, type Ran, ROOT, run } from "./harness.ts";

// Set-up on a machine without a recent Node.js, an engine or a passphrase, with a cache and a state of the test's own.

const SCRIPT = join(ROOT, "infra/setup/setup.sh");
let folder: string;
let env: NodeJS.ProcessEnv;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "stackyard-e2e-setup-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  env = { ...process.env, STACKYARD_CACHE: join(folder, "cache"), XDG_STATE_HOME: join(folder, "state") };
  for (const name of ["STACKYARD_STATE", "PULUMI_BACKEND_URL", "PULUMI_CONFIG_PASSPHRASE_FILE"]) delete env[name];
});

const setup = (...steps: string[]): Promise<Ran> => run("bash", [SCRIPT, ...steps], { cwd: ROOT, env });

/** Puts a Node.js that reports an old version first on PATH. npm runs on it, as on a real one. */
function oldNode(): void {
  mkdirSync(join(folder, "bin"));
  const node = join(folder, "bin/node");
  writeFileSync(node, `#!/bin/sh\n[ "$1" = --version ] && echo v20.1.0 && exit\nexec ${process.execPath} "$@"\n`);
  chmodSync(node, 0o755);
  env.PATH = `${folder}/bin:${env.PATH}`;
}

const got = async () =>
  (await run(join(folder, "cache/node-24.21.0/bin/node"), ["--version"], { cwd: ROOT, env })).stdout.trim();
const unfinished = () => readdirSync(join(folder, "cache")).filter((name) => name.startsWith(".unfinished"));

test("prints nothing when nothing is missing", async () => {
  env = process.env;
  expect(await setup()).toMatchObject({ code: 0, output: "" });
});

test("installs a Node.js where it is too old, only once for simultaneous runs", async () => {
  oldNode();
  const both = await Promise.all([setup("node"), setup("node")]);
  for (const { code, output } of both) expect(code, output).toBe(0);
  const shown = both.map(({ output }) => output).join("");
  expect(shown.split("Node.js 24.21.0 from the npm package")).toHaveLength(2);
  expect(shown).toContain("(found v20.1.0)");
  expect(await got()).toBe("v24.21.0");
  expect(unfinished()).toEqual([]);
  expect(await setup("node")).toMatchObject({ code: 0, output: "" });
});

test.each(["SIGINT", "SIGTERM", "SIGKILL"] as const)(
  "ended by %s, the same command finishes the work",
  async (signal) => {
    oldNode();
    const child = spawn("bash", [SCRIPT, "node"], {
      cwd: ROOT,
      env,
      detached: true,
      stdio: ["ignore", "pipe", "pipe"],
    });
    const over = ended(child);
    await eventually(async () => expect(unfinished()).toHaveLength(1));
    process.kill(-(child.pid ?? 0), signal);
    await over;
    expect(child.exitCode).not.toBe(0);
    expect(existsSync(join(folder, "cache/node-24.21.0"))).toBe(false);
    // Nothing can clean up after SIGKILL: its leftovers are removed two hours later.
    if (signal !== "SIGKILL") expect(unfinished()).toEqual([]);

    const { code, output } = await setup("node");
    expect(code, output).toBe(0);
    expect(await got()).toBe("v24.21.0");
  },
);

test("a project's folder can have any name", async () => {
  const project = copyOfProject();
  const folder = `${project}-why? 100% c#a:b größe $(x)'`;
  renameSync(project, folder);
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  for (const file of ["Makefile", "Pulumi.dev.yaml"]) cpSync(join(ROOT, file), join(folder, file));
  // Without set-up of packages, which are this project's.
  // As typed by a user: a make that another one calls shows the folder that it enters.
  const typed = { ...env, STACKYARD_STEPS: "node pulumi state", MAKEFLAGS: "", MAKELEVEL: undefined };
  const make = (...args: string[]) => run("make", args, { cwd: folder, env: typed });
  const set = await make("pulumi", "ARGS=config set --path redis.hostPort 7001");
  expect(set.code, set.output).toBe(0);
  const { code, stdout, output } = await make("config", "json=1");
  expect(code, output).toBe(0);
  expect(JSON.parse(stdout)).toEqual(
    expect.arrayContaining([
      { key: "postgres.hostPort", value: "5432", from: "Pulumi.dev.yaml" },
      { key: "redis.hostPort", value: "7001", from: "this clone" },
    ]),
  );
  const states = join(env.XDG_STATE_HOME ?? "", "stackyard");
  const [state = ""] = readdirSync(states);
  expect(state).toMatch(/^[\w.-]+-[0-9a-f]{8}$/);
  expect(readdirSync(join(states, state, "backend/.pulumi/stacks/stackyard"))).toContain("dev.json");
});

test("a state with an older name is found again", async () => {
  const project = copyOfProject();
  const folder = `${project} größe`;
  renameSync(project, folder);
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const stateOf = async () => {
    const { stdout } = await run(
      "bash",
      ["-c", '. infra/setup/env.sh; printf \'%s\\n\' "$STATE" "$PULUMI_BACKEND_URL"'],
      { cwd: folder, env },
    );
    return stdout.split("\n");
  };
  const [fresh = ""] = await stateOf();
  expect(basename(fresh)).toMatch(/^[\w.-]+$/);
  const older = join(dirname(fresh), `${basename(folder)}${/-[0-9a-f]{8}$/.exec(fresh)?.[0]}`);
  mkdirSync(join(older, "backend/.pulumi"), { recursive: true });
  const [found = "", url = ""] = await stateOf();
  expect(found).toBe(older);
  expect(url).toBe(pathToFileURL(join(older, "backend")).href);
});

test("installs no engine where one is named, and reports that it does not answer before it builds images", async () => {
  env.DOCKER_HOST = "unix:///nonexistent/docker.sock";
  env.STACKYARD_IMAGE_SOURCE = "packages";
  expect(await setup("engine")).toMatchObject({ code: 0, output: "" });
  expect(await setup("images")).toMatchObject({
    code: 1,
    output:
      "No Docker engine answers at unix:///nonexistent/docker.sock (connect ENOENT /nonexistent/docker.sock). " +
      "Start it, or point DOCKER_HOST or `docker context use` at one that runs; `make dev` starts one where it can.\n",
  });
});

/**
 * Replaces the builder of images, by one that reports two as missing until it has built, and Docker Hub, by one that answers with
 * a status; the user may not install packages. @returns the file with the builder's arguments.
 */
function machine(dockerHub: number): string {
  const asked = join(folder, "asked");
  mkdirSync(join(folder, "bin"));
  const program = (name: string, ...lines: string[]) =>
    writeFileSync(join(folder, "bin", name), ["#!/bin/sh", ...lines, ""].join("\n"), { mode: 0o755 });
  program(
    "node",
    `case "$1" in */build.ts) ;; *) exec ${process.execPath} "$@" ;; esac`,
    `echo "$*" >>${asked}`,
    'case "$*" in',
    `*--check*) [ -e ${folder}/built ] || { printf 'one\\ntwo\\n'; exit 3; } ;;`,
    `*) touch ${folder}/built ;;`,
    "esac",
  );
  program("id", "echo 1000");
  program("curl", `printf ${dockerHub}`);
  env = { ...env, PATH: `${folder}/bin:${env.PATH}` };
  delete env.STACKYARD_IMAGE_SOURCE;
  writeFileSync(asked, "");
  return asked;
}
const BUILDING =
  "set-up: building 2 images from package registries, once per machine: all of them take about 20 minutes on 2 cores\n";

test("builds all missing images, once, and shows how long that takes", async () => {
  const asked = machine(0);
  env.STACKYARD_IMAGE_SOURCE = "packages";
  expect(await setup("images")).toMatchObject({ code: 0, output: BUILDING });
  expect(await setup("images")).toMatchObject({ code: 0, output: "" });
  const script = join(ROOT, "infra/airgap/images/build.ts");
  // Which are needed is known from then on.
  const all = "minio neo4j node ollama postgres qdrant-stand-in redis";
  const check = `${script} --check ${all}`;
  expect(readFileSync(asked, "utf8").trim().split("\n")).toEqual([
    `${script} --check`,
    check,
    check,
    `${script} ${all}`,
    check,
  ]);
});

test.each([
  ["imageSource: registry", { imageSource: "registry" }, "packages", ""],
  ["a mirror", { imageMirror: "mirror:5000" }, "packages", ""],
  [
    "imageSource: packages, and a mirror",
    { imageSource: "packages", imageMirror: "mirror:5000" },
    "registry",
    BUILDING,
  ],
  ["nothing about it", { redis: { enabled: false } }, "packages", BUILDING],
])("reads the stack's settings before it builds: %s", async (_, settings, found, output) => {
  const asked = machine(0);
  const file = join(folder, "settings.yaml");
  const config = Object.fromEntries(Object.entries(settings).map(([key, value]) => [`stackyard:${key}`, value]));
  writeFileSync(file, JSON.stringify({ config }));
  env = { ...env, STACKYARD_IMAGE_SOURCE: found, PULUMI_OPTION_CONFIG_FILE: file };
  expect(await setup("images")).toMatchObject({ code: 0, output });
  expect(readFileSync(asked, "utf8") === "").toBe(output === "");
});

test("builds no images of databases that are switched off", async () => {
  const asked = machine(0);
  const file = join(folder, "settings.yaml");
  const off = ["neo4j", "qdrant", "minio", "ollama"].map((name) => [`stackyard:${name}`, { enabled: false }]);
  writeFileSync(file, JSON.stringify({ config: Object.fromEntries(off) }));
  env = { ...env, STACKYARD_IMAGE_SOURCE: "packages", PULUMI_OPTION_CONFIG_FILE: file };
  expect(await setup("images")).toMatchObject({ code: 0, output: BUILDING });
  const script = join(ROOT, "infra/airgap/images/build.ts");
  const some = `${script} --check node postgres redis`;
  expect(readFileSync(asked, "utf8").trim().split("\n")).toEqual([
    `${script} --check`,
    some,
    some,
    `${script} node postgres redis`,
  ]);
});

test("keeps the source of images, until it is asked to look again", async () => {
  machine(0);
  const otherwise = (from: string, why: string, other: string) =>
    `set-up: images of new stacks come from ${from} (${why}): \`make setup\` looks again, ` +
    `\`make pulumi ARGS="config set -s dev imageSource ${other}"\` says otherwise for a stack\n`;
  const offline = otherwise("package registries", "no container registry answers", "registry");
  expect(await setup("images")).toMatchObject({ code: 0, output: offline + BUILDING });
  writeFileSync(join(folder, "bin/curl"), "#!/bin/sh\nprintf 401\n");
  expect(await setup("images")).toMatchObject({ code: 0, output: "" });
  env.STACKYARD_DECIDE = "1";
  const online = otherwise("container registries", "one answers", "packages");
  expect(await setup("images")).toMatchObject({ code: 0, output: online });
  expect(await setup("images")).toMatchObject({ code: 0, output: "" });
});

test("keeps the passphrase where only its owner can read it, and makes no other one for a state that has one", async () => {
  expect((await setup("state")).output).toContain("state of this project: ");
  const [state = ""] = readdirSync(join(folder, "state/stackyard")).map((name) =>
    join(folder, "state/stackyard", name),
  );
  const passphrase = join(state, "passphrase");
  expect(statSync(passphrase).mode & 0o777).toBe(0o600);
  expect(statSync(state).mode & 0o777).toBe(0o700);
  expect(await setup("state")).toMatchObject({ code: 0, output: "" });

  rmSync(passphrase);
  writeFileSync(join(state, "backend/dev.json"), "{}");
  const { code, output } = await setup("state");
  expect(code).toBe(1);
  expect(output).toContain(`the passphrase ${passphrase} is gone, and the state beside it cannot be read without it`);
  expect(existsSync(passphrase)).toBe(false);
});
