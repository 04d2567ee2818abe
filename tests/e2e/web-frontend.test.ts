import { cpSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { Browser } from "./browser.ts";
import { docker, eventually, freePorts, inspect, localImage, ROOT, TestStack } from "./harness.ts";

// The sample front end in both its shapes, from a copy of its folder that the tests edit.

const PROGRAM = join(ROOT, "tests/e2e/programs/web-frontend");
const FOLDER = "examples/web/frontend";

/** A stack of the program over a copy of the front end. */
async function created(
  settings: Record<string, unknown>,
): Promise<{ stack: TestStack; source: (name: string) => string }> {
  const stack = new TestStack(PROGRAM);
  for (const part of [FOLDER, "infra/docker"])
    cpSync(join(ROOT, part), join(stack.folder, part), {
      recursive: true,
      filter: (from) => !/\/(node_modules|dist)$/.test(from),
    });
  await stack.create({ copy: stack.folder, ...settings });
  return { stack, source: (name) => join(stack.folder, FOLDER, name) };
}

async function up(stack: TestStack, env: NodeJS.ProcessEnv = {}): Promise<void> {
  const { code, output } = await stack.up(env);
  expect(code, output).toBe(0);
}

/** Replaces the file by another one, as many editors do. */
function edit(file: string, change: (text: string) => string): void {
  writeFileSync(`${file}.new`, change(readFileSync(file, "utf8")));
  renameSync(`${file}.new`, file);
}

async function destroyed(stack: TestStack): Promise<void> {
  const { code, output } = await stack.pulumi(["destroy", "--yes"]);
  expect(code, output).toBe(0);
  expect(await stack.leftovers()).toEqual([]);
}

describe("in dev, a development server", () => {
  let stack: TestStack;
  let source: (name: string) => string;
  let url: string;
  beforeAll(async () => {
    const [hostPort = 0] = await freePorts(1);
    url = `http://127.0.0.1:${hostPort}`;
    ({ stack, source } = await created({ environment: "dev", hostPort }));
    await up(stack);
  });
  afterAll(() => stack.dispose());

  const textOf = async (path: string) => (await fetch(`${url}${path}`)).text();

  test("answers on the host, and a second `up` changes nothing", async () => {
    expect(await textOf("/")).toContain('src="/@vite/client"');
    expect(await textOf("/main.ts")).toContain("askHealth");
    await stack.unchanged();
  });

  test("an edit of a source arrives over its web socket, without a new container", async () => {
    const { id } = await stack.container("frontend");
    // It tells a page of the modules that have been asked for.
    await textOf("/style.css");
    const updates = await watching();
    edit(source("src/style.css"), (text) => `${text}\n.edited {\n  color: red;\n}\n`);
    await updates.until(
      ({ type, updates = [] }) => type === "update" && updates.some(({ path }) => path === "/style.css"),
    );
    expect(await textOf("/style.css")).toContain("edited");
    edit(source("src/index.html"), (text) => text.replace("<h1>Stackyard</h1>", "<h1>Edited</h1>"));
    await updates.until(({ type }) => type === "full-reload");
    expect(await textOf("/")).toContain("<h1>Edited</h1>");
    expect((await stack.container("frontend")).id).toBe(id);
    await stack.unchanged();
  });

  /** What a page is told, as Vite's own client gets it. */
  async function watching() {
    interface Told {
      type: string;
      updates?: { path: string }[];
    }
    const [, token = ""] = /wsToken = "([^"]+)"/.exec(await textOf("/@vite/client")) ?? [];
    const socket = new WebSocket(`${url.replace("http", "ws")}/?token=${token}`, "vite-hmr");
    onTestFinished(() => socket.close());
    const told: Told[] = [];
    let seen = () => {};
    socket.addEventListener("message", ({ data }) => {
      told.push(JSON.parse(String(data)) as Told);
      seen();
    });
    const until = async (wanted: (each: Told) => boolean) => {
      for (const deadline = Date.now() + 60_000; !told.some(wanted); ) {
        const { promise, resolve } = Promise.withResolvers<void>();
        seen = resolve;
        const timer = setTimeout(resolve, Math.max(0, deadline - Date.now()));
        await promise;
        clearTimeout(timer);
        if (Date.now() > deadline) throw new Error(`not told so within a minute, only ${JSON.stringify(told)}`);
      }
    };
    await until(({ type }) => type === "connected");
    return { until };
  }

  test("a browser shows the page, and an edit without loading it again", async () => {
    const browser = await Browser.open();
    onTestFinished(() => browser.close());
    const page = await browser.page(url);
    await page.shows(/This page\s+served, \d+ ms/);
    // There is no backend.
    await page.shows(/\/api\/ready\s+answers with 5\d\d/);
    await page.shows("The backend answers with 5");
    await page.value("window.sameAsBefore = true");
    expect(await page.value("getComputedStyle(document.querySelector('h1')).color")).not.toBe("rgb(1, 2, 3)");
    edit(source("src/style.css"), (text) => `${text}\nh1 {\n  color: rgb(1, 2, 3);\n}\n`);
    await eventually(async () =>
      expect(await page.value("getComputedStyle(document.querySelector('h1')).color")).toBe("rgb(1, 2, 3)"),
    );
    expect(await page.value("window.sameAsBefore")).toBe(true);
  });

  test("its sources can be read in the container, and not be written; its root cannot either", async () => {
    const { id } = await stack.container("frontend");
    const { Mounts, HostConfig, Config } = await inspect<{
      Mounts: { Type: string; Destination: string; RW: boolean }[];
      HostConfig: { ReadonlyRootfs: boolean };
      Config: { User: string };
    }>(id);
    expect(Mounts.filter(({ Type }) => Type === "bind")).toEqual([
      expect.objectContaining({ Destination: "/app/src", RW: false }),
    ]);
    expect([HostConfig.ReadonlyRootfs, Config.User]).toEqual([true, "1000:1000"]);
  });

  test("another lock file gives other dependencies, at the next `up`", async () => {
    const version = async () => {
      const { id } = await stack.container("frontend");
      const { stdout } = await docker(["exec", id, "cat", "node_modules/.package-lock.json"]);
      return Object.keys((JSON.parse(stdout) as { packages: object }).packages);
    };
    expect(await version()).toContain("node_modules/typescript");
    for (const file of ["package.json", "package-lock.json"])
      edit(source(file), (text) => JSON.stringify(JSON.parse(text, withoutTypeScript)));
    await up(stack);
    expect(await version()).not.toContain("node_modules/typescript");
    expect(await version()).toContain("node_modules/vite");
    expect(await textOf("/")).toContain("<h1>Edited</h1>");
  });

  test("destroy leaves nothing", () => destroyed(stack));
});

function withoutTypeScript(this: object, key: string, value: unknown): unknown {
  return key === "typescript" || key === "node_modules/typescript" ? undefined : value;
}

describe("in prod, files in a volume", () => {
  let stack: TestStack;
  let source: (name: string) => string;
  beforeAll(async () => {
    ({ stack, source } = await created({ environment: "prod" }));
    await up(stack);
  });
  afterAll(() => stack.dispose());

  const version = () => stack.outputs<string>("version");

  /** Runs a line over the volume, as a user that only reads it. */
  async function inVolume(line: string, user = "101:101"): Promise<string> {
    const mounted = `type=volume,source=${await stack.outputs<string>("volume")},target=/in`;
    const command = [await localImage("node"), "sh", "-c", `cd /in && ${line}`];
    const { code, output } = await docker([
      "run",
      "--rm",
      "--mount",
      mounted,
      "--user",
      user,
      "--entrypoint",
      "",
      ...command,
    ]);
    expect(code, output).toBe(0);
    return output;
  }
  const versions = async () => (await inVolume("ls")).split("\n").filter((line) => line !== "");

  test("they are under their version, no container is left running, and a second `up` changes nothing", async () => {
    expect(await versions()).toEqual([await version()]);
    const page = await inVolume(`cat ${await version()}/index.html`);
    const [script = ""] = /assets\/[^"]+\.js/.exec(page) ?? [];
    expect(await inVolume(`cat ${await version()}/${script}`)).toContain("/api/items");
    expect((await stack.containers()).filter(({ status }) => status.startsWith("Up"))).toEqual([]);
    await stack.unchanged();
  });

  test("a changed source gives a second version beside the first, and a third removes the first", async () => {
    const first = await version();
    edit(source("src/index.html"), (text) => text.replace("Stackyard", "Second"));
    await up(stack);
    const second = await version();
    expect(await versions()).toEqual([first, second].sort());
    expect(await inVolume(`cat ${second}/index.html`)).toContain("Second");
    edit(source("src/index.html"), (text) => text.replace("Second", "Third"));
    await up(stack);
    expect(await versions()).toEqual([second, await version()].sort());
    await stack.unchanged();
  });

  test("a release that fails leaves what was served, however often; the next good one removes what it left", async () => {
    const before = await versions();
    const served = await version();
    edit(source("src/main.ts"), (text) => `${text}\nconst wrong: number = "text";\n`);
    const { code, output } = await stack.up();
    expect(code).not.toBe(0);
    expect(output).toContain("npm run build");
    expect(await versions()).toEqual(before);
    // It is copied, but never gets served.
    edit(source("src/main.ts"), (text) => text.replace(/\nconst wrong.*\n/, "\n"));
    for (const word of ["Fourth", "Fifth"]) {
      edit(source("src/index.html"), (text) => text.replace(/<title>.*</, `<title>${word}<`));
      await up(stack, { FAILS: "1" });
      expect(await versions()).toEqual(expect.arrayContaining(before));
    }
    expect(await versions()).toHaveLength(before.length + 2);
    edit(source("src/index.html"), (text) => text.replace(/<title>.*</, "<title>Sixth<"));
    await up(stack);
    expect(await versions()).toEqual([served, await version()].sort());
  });

  test("what a copy that was killed has left is removed, and is no version", async () => {
    await inVolume("mkdir .copying && touch .copying/half", "1000:1000");
    edit(source("src/index.html"), (text) => text.replace(/<title>.*</, "<title>Seventh<"));
    await up(stack);
    expect((await inVolume("ls -A")).split("\n")).not.toContain(".copying");
    expect(await inVolume(`ls ${await version()}`)).toContain("index.html");
  });

  test("`down` and `up` keep the files, and copy nothing", async () => {
    const before = await versions();
    await up(stack, { STACKYARD_DOWN: "1" });
    expect(await stack.containers()).toEqual([]);
    await up(stack);
    expect(await versions()).toEqual(before);
    // Jobs that are done are made again with the rest, and not started.
    expect((await stack.containers()).map(({ status }) => status)).toEqual(["Created", "Created"]);
  });

  test("destroy leaves nothing", () => destroyed(stack));
});
