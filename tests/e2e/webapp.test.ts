import { readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Browser, type Page } from "./browser.ts";
import { connects, done, type Inspected, inspected, up, upFails } from "./checks.ts";
import { copyOfProject, eventually, inspect, localImage, TestStack, trackedSettings } from "./harness.ts";
import { loadOn } from "./load.ts";

// The program `webapp` as its tracked files set it, in dev and in prod, used through its proxy alone.

const project = copyOfProject();
let browser: Browser;
beforeAll(async () => {
  browser = await Browser.open();
});
afterAll(async () => {
  await browser.close();
  rmSync(project, { recursive: true, force: true });
});

/** Replaces a file of the copy by another one, as many editors do. */
function edit(path: string, change: (text: string) => string): void {
  const file = join(project, path);
  writeFileSync(`${file}.new`, change(readFileSync(file, "utf8")));
  renameSync(`${file}.new`, file);
}

const bodyOf = async (url: string) => (await fetch(url)).text();

/** The page as a visitor sees it, who adds something to the list. */
async function visited(url: string, text: string): Promise<Page> {
  const page = await browser.page(url);
  await page.shows(/This page\s+served, \d+ ms/);
  await page.shows(/\/api\/health\s+alive, \d+ ms\n.*\/api\/ready\s+ready, \d+ ms/);
  await page.enter("#text", text);
  await eventually(async () => expect(await listed(page)).toContain(text));
  expect(page.errors).toEqual([]);
  return page;
}

const listed = (page: Page) =>
  page.value<string[]>('[...document.querySelectorAll("#items li")].map((each) => each.innerText)');

const containersOf = async (stack: TestStack, service: string) =>
  (await stack.containers({ "stackyard.service": service })).map(({ id }) => id).sort();

describe("in dev", () => {
  const stack = new TestStack(project);
  let url: string;
  let page: Page;
  beforeAll(async () => {
    const settings = await trackedSettings("Pulumi.webapp-dev.yaml");
    await stack.create(settings);
    url = `http://127.0.0.1:${settings.proxy?.hostPort}`;
    await up(stack);
  });
  afterAll(() => stack.dispose());

  test("a second up finds nothing to do", () => stack.unchanged());

  test("the page shows both healths, and keeps what is added to its list", async () => {
    page = await visited(url, "from dev");
  });

  test("an edit of the front end is there without loading the page again, and without a new container", async () => {
    const before = await containersOf(stack, "frontend");
    await page.value("window.sameAsBefore = true");
    edit("examples/web/frontend/src/style.css", (text) => `${text}\nh1 {\n  color: rgb(1, 2, 3);\n}\n`);
    await eventually(async () =>
      expect(await page.value("getComputedStyle(document.querySelector('h1')).color")).toBe("rgb(1, 2, 3)"),
    );
    expect(await page.value("window.sameAsBefore")).toBe(true);
    expect(await containersOf(stack, "frontend")).toEqual(before);
  });

  test("an edit of the backend is live, without a new container", async () => {
    const before = await containersOf(stack, "backend");
    edit("examples/web/backend/app/main.py", (text) => text.replace('"status": "ok"', '"status": "edited"'));
    await eventually(async () => expect(await bodyOf(`${url}/api/health`)).toContain('"edited"'));
    expect(await containersOf(stack, "backend")).toEqual(before);
  });

  test("down and up keep the list", async () => {
    await done(stack.verb("down"));
    expect(await stack.containers()).toEqual([]);
    await up(stack);
    expect(await bodyOf(`${url}/api/items`)).toContain('"from dev"');
  });

  test("destroy leaves nothing", async () => {
    await done(stack.pulumi(["destroy", "--yes", "--skip-preview"]));
    expect(await stack.leftovers()).toEqual([]);
  });
});

describe("in prod", () => {
  const stack = new TestStack(project);
  const MIGRATION = join(project, "examples/web/backend/migrations/versions/0003_more.py");
  let settings: Record<string, Record<string, unknown>>;
  let port: number;
  let url: string;
  beforeAll(async () => {
    settings = await trackedSettings("Pulumi.webapp-prod.yaml");
    await stack.create(settings);
    port = settings.proxy?.hostPort as number;
    url = `http://127.0.0.1:${port}`;
    await up(stack);
  });
  afterAll(() => stack.dispose());

  /** Reads and writes through the proxy until it is called. @returns the statuses of the answers. */
  function load(): () => Promise<string[]> {
    const item = { path: "/api/items", method: "POST", body: '{"text": "from the load"}' } as const;
    const stop = loadOn(port, [{ path: "/api/items" }, { path: "/" }, item, { path: "/api/ready" }], 50);
    return async () => {
      const answers = Object.keys(await stop()).map((answer) => answer.replace(/^(\d+) .*$/s, "$1"));
      return [...new Set(answers)].sort();
    };
  }

  test("three replicas come up, and a second up finds nothing to do", async () => {
    expect(await containersOf(stack, "backend")).toHaveLength(3);
    await stack.unchanged();
  });

  test("the page shows both healths, and keeps what is added to its list", async () => {
    await visited(url, "from prod");
  });

  test("only the proxy's port is published", async () => {
    const published = await Promise.all(
      (await stack.containers()).map(async ({ id, labels }) => {
        const { HostConfig } = await inspect<Inspected>(id);
        const bindings = Object.values(HostConfig.PortBindings ?? {}).flat();
        return bindings.map(({ HostIp, HostPort }) => `${labels["stackyard.service"]} ${HostIp}:${HostPort}`);
      }),
    );
    expect(published.flat()).toEqual([`proxy 127.0.0.1:${port}`]);
  });

  test("the proxy reaches the backend, and neither a database's port nor its name", async () => {
    const proxy = await inspected(stack, "proxy");
    const image = await localImage("node");
    // In the proxy's own place, with its networks and its resolver.
    const own = `container:${proxy.Id}`;
    const ask = `const { Resolver } = require("node:dns").promises;
      const resolver = new Resolver({ timeout: 2000, tries: 1 });
      const found = (name) => resolver.resolve4(name).then(({ length }) => length, ({ code }) => code);
      Promise.all(["backend", "database", "cache"].map(found)).then((all) => console.log(all.join(" ")));`;
    const { stdout } = await stack.client(own, image, ["node", "--eval", ask]);
    expect(stdout).toMatch(/^[1-9] E[A-Z]+ E[A-Z]+$/m);
    expect(await connects(stack, own, image, "backend", 8000)).toBe("connected");
    const [database, cache] = await Promise.all(["database", "cache"].map((name) => addressesOf(name)));
    const ports = [...(database ?? []).map((at) => [at, 5432]), ...(cache ?? []).map((at) => [at, 6379])];
    expect(ports).toHaveLength(2);
    const tried = [own, ...Object.keys(proxy.NetworkSettings.Networks)].flatMap((network) =>
      (ports as [string, number][]).map(([at, port]) => connects(stack, network, image, at, port)),
    );
    // Nothing at all would mean that the client failed.
    for (const found of await Promise.all(tried)) expect(found).toMatch(/^(E[A-Z]+|no answer)$/);
  });

  const addressesOf = async (service: string) =>
    Object.values((await inspected(stack, service)).NetworkSettings.Networks).map(({ IPAddress }) => IPAddress);

  test("another log level is a release: other containers behind the same proxy, and no request fails", async () => {
    const [before, proxy] = [await containersOf(stack, "backend"), await containersOf(stack, "proxy")];
    settings.backend = { ...settings.backend, logLevel: "DEBUG" };
    stack.configure(settings);
    const stop = load();
    await up(stack);
    expect(await stop()).toEqual(["200", "201"]);
    const after = await containersOf(stack, "backend");
    expect(after).toHaveLength(3);
    expect(after.filter((id) => before.includes(id))).toEqual([]);
    expect(await containersOf(stack, "proxy")).toEqual(proxy);
  });

  test("a migration that fails stops the release, and the backend of before serves on", async () => {
    const before = await containersOf(stack, "backend");
    writeFileSync(
      MIGRATION,
      'from alembic import op\n\nrevision = "0003"\ndown_revision = "0002"\n\n\ndef upgrade() -> None:\n    op.execute("ALTER TABLE nowhere ADD COLUMN more text")\n',
    );
    const stop = load();
    const output = await upFails(stack, {});
    expect(output).toMatch(/Migration "migration" failed with exit code 1/);
    expect(output).toContain('relation "nowhere" does not exist');
    expect(await stop()).toEqual(["200", "201"]);
    expect(await containersOf(stack, "backend")).toEqual(before);
    rmSync(MIGRATION);
  });

  test("another front end is served at once, by the same proxy, with the files of the one before beside it", async () => {
    const proxy = await containersOf(stack, "proxy");
    const [script = ""] = /assets\/[^"]+\.js/.exec(await bodyOf(url)) ?? [];
    const before = await bodyOf(`${url}/${script}`);
    edit("examples/web/frontend/src/main.ts", (text) => text.replace("Nothing here yet.", "Nothing yet."));
    const stop = load();
    await up(stack);
    expect(await stop()).toEqual(["200", "201"]);
    const page = await bodyOf(url);
    expect(page).toMatch(/assets\/[^"]+\.js/);
    expect(page).not.toContain(script);
    expect(await bodyOf(`${url}/${script}`)).toBe(before);
    expect(await containersOf(stack, "proxy")).toEqual(proxy);
    await stack.unchanged();
  });

  test("a clean that names the data leaves nothing", async () => {
    await done(stack.verb("clean", { YES: "1", DISCARD: "database,cache" }));
    expect(await stack.leftovers()).toEqual([]);
  });
});
