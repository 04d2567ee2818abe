import { randomBytes } from "node:crypto";
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { parse, stringify } from "yaml";
import { api, eventually, freePorts, type Ran, ROOT, run } from "./harness.ts";

// The package as npm packs it, in projects outside of this repository.

const home = mkdtempSync(join(tmpdir(), "stackyard-e2e-package-"));
let tarball = "";

/** The environment of a user: nothing in it leads to this repository, nor to what its set-up has put on PATH. */
const env = {
  ...Object.fromEntries(
    Object.entries(process.env).filter(([name]) => !/^(STACKYARD|PULUMI|NODE|npm|VITEST)_/.test(name)),
  ),
  PATH: (process.env.PATH ?? "")
    .split(delimiter)
    .filter((folder) => !folder.includes("stackyard") && !folder.startsWith(ROOT))
    .join(delimiter),
  XDG_STATE_HOME: join(home, "state"),
};

/** A project of a user's. */
class Project {
  readonly name = `e2e-${randomBytes(4).toString("hex")}`;
  readonly folder = join(home, this.name);

  constructor() {
    mkdirSync(this.folder);
  }

  npx(...args: string[]): Promise<Ran> {
    return run("npx", args, { cwd: this.folder, env });
  }

  /** @throws Error where it does not end with 0. */
  async stackyard(...args: string[]): Promise<string> {
    const { code, output, stdout } = await this.npx("stackyard", ...args);
    expect(code, output).toBe(0);
    return stdout;
  }

  read(path: string): string {
    return readFileSync(join(this.folder, path), "utf8");
  }

  edit(path: string, change: (text: string) => string): void {
    writeFileSync(join(this.folder, path), change(existsSync(join(this.folder, path)) ? this.read(path) : ""));
  }

  /** Publishes on ports that nobody else has. */
  async useFreePorts(): Promise<Record<string, number>> {
    const { config } = parse(this.read("Pulumi.dev.yaml")) as {
      config: Record<string, string | { hostPort?: number }>;
    };
    const published = Object.entries(config).filter(([, value]) => typeof value === "object");
    const ports = await freePorts(published.length);
    const chosen = Object.fromEntries(published.map(([key], at) => [key, { hostPort: ports[at] }]));
    this.edit("Pulumi.dev.yaml", () => stringify({ config: { ...config, ...chosen } }));
    return Object.fromEntries(published.map(([key], at) => [key.split(":")[1], ports[at] ?? 0]));
  }

  /** Names of everything of it that is on the engine. */
  async onEngine(): Promise<string[]> {
    const labels = { "stackyard.project": this.name };
    const found = await Promise.all([api.list(labels), api.networks(labels), api.volumes(labels)]);
    return found.flat().map(({ name }) => name);
  }

  async dispose(): Promise<void> {
    const labels = { "stackyard.project": this.name };
    await Promise.all((await api.list(labels)).map(({ id }) => api.remove(id, 5)));
    await Promise.all((await api.networks(labels)).map(({ id }) => api.removeNetwork(id)));
    await Promise.all((await api.volumes(labels)).map(({ name }) => api.removeVolume(name)));
    const built = await api.imageNames(`stackyard.invalid/${this.name}-*:*`);
    await Promise.all(built.map((name) => api.removeImage(name)));
  }
}

const shop = new Project();
const beside = new Project();

beforeAll(async () => {
  const { code, output, stdout } = await run("npm", ["pack", "--pack-destination", home, "--silent"], {
    cwd: ROOT,
    env: process.env,
  });
  expect(code, output).toBe(0);
  tarball = join(home, stdout.trim().split("\n").at(-1) ?? "");
});
afterAll(async () => {
  await Promise.all([shop.dispose(), beside.dispose()]);
  rmSync(home, { recursive: true });
});

test("init writes a project into an empty folder, by the packed file alone", async () => {
  const { code, output } = await shop.npx(
    ...["--yes", "--package", tarball, "stackyard", "init", "--yes"],
    ...["--databases", "postgres,redis", "--project", shop.name],
  );
  expect(code, output).toBe(0);
  expect(shop.read("stacks/app.ts")).toContain("uses: { database, cache }");
  // Its types hold, with the package's own.
  const types = await shop.npx("tsc");
  expect(types.code, types.output).toBe(0);
  const { code: refused, output: why } = await shop.npx("stackyard", "init", "--yes");
  expect({ refused, why }).toEqual({
    refused: 1,
    why: expect.stringMatching(
      /^This folder should be empty, or have only npm's files and \.git, got .* Nothing was written\.\n$/,
    ),
  });
});

test("dev brings it up, and says so again without a change", async () => {
  const ports = await shop.useFreePorts();
  expect(await shop.stackyard("dev")).toMatch(/^api +ready +127\.0\.0\.1:/m);
  const told = await fetch(`http://127.0.0.1:${ports.api}/`);
  expect(await told.json()).toEqual({ database: true, cache: true });
  expect(await shop.stackyard("up")).toMatch(/\(\d+ unchanged\)/);
  // Messages name commands as they are typed here.
  expect(await shop.stackyard("up")).toContain("Credentials: npx stackyard pulumi stack output urls");
  // Also with an older Node.js on PATH, for which set-up gets a newer one.
  expect(await shop.stackyard("timeline", "--format", "text")).toMatch(/^◆ api /m);
  expect(await shop.stackyard("graph", "--format", "text")).toMatch(/^api +Api +ready +127\.0\.0\.1:/m);
});

test("an edited file of the API is live without another `up`; one of the program at the next", async () => {
  const { config } = parse(shop.read("Pulumi.dev.yaml")) as { config: Record<string, { hostPort: number }> };
  const url = `http://127.0.0.1:${config[`${shop.name}:api`]?.hostPort}`;
  shop.edit("api/server.ts", (text) => text.replace('"ok\\n"', '"fine\\n"'));
  await eventually(async () => expect(await (await fetch(`${url}/health`)).text()).toBe("fine\n"));
  shop.edit("stacks/app.ts", (text) =>
    text.replace("...options.redis }", '...options.redis, maxMemoryPolicy: "allkeys-lru" }'),
  );
  expect(await shop.stackyard("up")).toMatch(/^redis: ready after/m);
  expect(await shop.stackyard("redis-cli", "--", "config", "get", "maxmemory-policy")).toContain("allkeys-lru");
  // One that cannot be read is found, with its place, and so is all else.
  const lines = shop.read("stacks/app.ts").split("\n").length;
  shop.edit("stacks/app.ts", (text) => `${text}const = 1;\n`);
  const { code, output } = await shop.npx("stackyard", "doctor");
  expect(code, output).toBe(1);
  expect(output).toMatch(/^ok +engine /m);
  expect(output).toMatch(/^!! +program +it cannot be read$/m);
  expect(output).toContain(`\nprogram: stacks/app.ts:${lines}: `);
  shop.edit("stacks/app.ts", (text) => text.replace("const = 1;\n", ""));
});

test("a command runs in a container made as the API's, and a service stops and starts", async () => {
  const shown = await shop.stackyard("run", "api", "--", "sh", "-c", 'cat "$DATABASE_URL_FILE"; id -u; hostname');
  expect(shown).toMatch(/^postgresql:\/\/app:\w+@postgres:5432\/app\n?1000\n/);
  const failing = await shop.npx("stackyard", "run", "api", "--", "sh", "-c", "exit 7");
  expect(failing.code, failing.output).toBe(7);
  const containers = await api.list({ "stackyard.project": shop.name });
  expect(containers.map(({ labels }) => labels["stackyard.kind"]).sort()).toEqual(["service", "service", "service"]);

  expect(await shop.stackyard("stop", "redis")).toBe("redis: stopped\n");
  expect((await shop.npx("stackyard", "ps")).code).toBe(1);
  const refused = await shop.npx("stackyard", "redis-cli", "--", "ping");
  expect(refused).toMatchObject({
    code: 1,
    output: "redis does not run, it is stopped: `npx stackyard start redis` starts it.\n",
  });
  expect(await shop.stackyard("start", "redis")).toMatch(/^redis: ready after /);
  await shop.stackyard("ps");
  // Bringing it up starts it as well, in the container that it has.
  await shop.stackyard("stop");
  const up = await shop.stackyard("up");
  for (const service of ["redis", "postgres", "api"]) expect(up).toMatch(new RegExp(`^${service}: ready$`, "m"));
  const now = await api.list({ "stackyard.project": shop.name });
  expect(now.map(({ id }) => id).sort()).toEqual(containers.map(({ id }) => id).sort());
  await shop.stackyard("ps");
});

test("a second project comes up beside it, in a folder with a package.json, which is kept", async () => {
  // As `npm init -y` writes it, with a type that cannot stay.
  const mine = { name: "mine", type: "commonjs", scripts: { dev: "echo mine" }, license: "MIT" };
  beside.edit("package.json", () => JSON.stringify(mine));
  const installed = await run("npm", ["install", "--ignore-scripts", "--no-audit", "--no-fund", tarball], {
    cwd: beside.folder,
    env,
  });
  expect(installed.code, installed.output).toBe(0);
  const told = await beside.stackyard("init", "--yes", "--no-api", "--databases", "redis", "--project", beside.name);
  expect(told).toContain('package.json: "type" is "module" now');
  expect(JSON.parse(beside.read("package.json"))).toMatchObject({
    name: "mine",
    license: "MIT",
    scripts: { dev: "echo mine" },
    type: "module",
    // Another clone of the project may be anywhere.
    dependencies: { stackyard: expect.stringMatching(/^file:\.\.\/stackyard-.*\.tgz$/) },
  });
  await beside.useFreePorts();
  await beside.stackyard("dev");
  expect(await beside.stackyard("redis-cli", "--", "ping")).toBe("PONG\n");
  expect(await shop.stackyard("redis-cli", "--", "ping")).toBe("PONG\n");
  await beside.stackyard("clean", "--yes");
  expect(await beside.onEngine()).toEqual([]);
});

test("a component of one's own is one file in the project, in a program of its own", async () => {
  cpSync(join(ROOT, "examples/component"), join(shop.folder, "stacks/component"), { recursive: true });
  const [page = 0] = await freePorts(1);
  shop.edit("Pulumi.component-dev.yaml", () => stringify({ config: { [`${shop.name}:hostPort`]: page } }));
  const types = await shop.npx("tsc");
  expect(types.code, types.output).toBe(0);
  expect(await shop.stackyard("dev", "--program", "component")).toMatch(/^cache +ready/m);
  const visit = async () => (await fetch(`http://127.0.0.1:${page}/`)).text();
  expect([await visit(), await visit()]).toEqual(["1\n", "2\n"]);
  expect(await shop.stackyard("up", "--program", "component")).toMatch(/\(\d+ unchanged\)/);
  // Files that were uploaded into the page's container are in the other one as well.
  expect(await shop.stackyard("run", "page", "--program", "component", "--", "cat", "/srv/page.ts")).toBe(
    shop.read("stacks/component/page.ts"),
  );
  await shop.stackyard("clean", "--program", "component", "--yes");
  // What the project's other stack has is untouched.
  await shop.stackyard("ps");
});

test("down keeps the data, and clean leaves nothing", async () => {
  await shop.stackyard("redis-cli", "--", "set", "kept", "yes");
  await shop.stackyard("down");
  expect((await shop.onEngine()).filter((name) => name.includes("-data-")).length).toBe(2);
  expect(await shop.npx("stackyard", "run", "api", "--", "ls")).toMatchObject({
    code: 1,
    output: "api is not up in stack dev; up: nothing. `npx stackyard dev api` brings it up.\n",
  });
  await shop.stackyard("dev");
  expect(await shop.stackyard("redis-cli", "--", "get", "kept")).toBe("yes\n");
  await shop.stackyard("clean", "--yes");
  expect(await shop.onEngine()).toEqual([]);
});
