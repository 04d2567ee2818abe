import { afterAll, beforeAll, expect, test } from "vitest";
import {
  attach,
  connects,
  done,
  expectAttachment,
  expectFound,
  expectRelated,
  getNote,
  postNote,
  restricted,
} from "./checks.ts";
import { TestStack, trackedSettings } from "./harness.ts";

// The whole stack as Pulumi.prod.yaml sets it: only the proxy is published, limits are in force, and its data is protected.

const stack = new TestStack();
const DATABASES = ["minio", "neo4j", "ollama", "postgres", "qdrant", "redis"];
const VOLUMES = DATABASES.map((name) => `Volume ${name}-data`);
const KEPT = [
  ...["minio-password", "neo4j-password", "postgres-password", "qdrant-api-key", "redis-password"].map(
    (name) => `RandomPassword ${name}`,
  ),
  ...VOLUMES,
];
let settings: Record<string, Record<string, number>>;
let api: string;
let note: { id: number };

beforeAll(async () => {
  settings = (await trackedSettings("Pulumi.prod.yaml")) as typeof settings;
  await stack.create(settings);
  await done(stack.up());
  api = (await stack.outputs<{ proxy: string }>("urls")).proxy;
});
afterAll(() => stack.dispose());

test("only the proxy is published, and the API behind it has reached all six databases", async () => {
  const published = (await stack.containers()).flatMap(({ labels, ports }) =>
    ports.map(({ address, port }) => `${labels["stackyard.service"]} ${address} ${port}`),
  );
  expect(published).toEqual(["proxy 127.0.0.1 8080"]);
  const { status, checks } = (await (await fetch(`${api}/ready`)).json()) as { status: string; checks: object };
  expect([status, Object.values(checks).map(({ state }) => state)]).toEqual(["ok", DATABASES.map(() => "ok")]);
});

test.each([...DATABASES, "api", "proxy"])("the limits of %s are in force", async (service) => {
  const { memoryMiB = 0, cpus = 0 } = settings[service] ?? {};
  const bytes = memoryMiB * 1024 ** 2;
  expect((await restricted(stack, service)).HostConfig).toMatchObject({
    Memory: bytes,
    MemorySwap: bytes,
    NanoCpus: cpus * 1e9,
  });
});

test("nothing gets out of the databases' networks", async () => {
  const { image } = await stack.container("api");
  // An address that is reserved for documentation: the error shows whether there is a route to it.
  const out = async (...by: Parameters<TestStack["network"]>) =>
    connects(stack, await stack.network(...by), image, "203.0.113.1", 80);
  for (const service of [...DATABASES, "api", "proxy"]) expect(await out(service), service).toBe("ENETUNREACH");
  // The proxy has a route, because a port of it is published.
  expect(await out("proxy", "outside")).not.toBe("ENETUNREACH");
});

test("a clean that does not name what is protected is refused, and touches nothing", async () => {
  const [containers, state] = [await stack.containers(), await stack.state()];
  const { code, output } = await stack.verb("clean", { YES: "1", DISCARD: "redis,minio" });
  expect(code, output).toBe(1);
  const volume = (name: string) => `${name}-data (${state[`Volume ${name}-data`]})`;
  for (const line of [`postgres: ${volume("postgres")}, postgres-password`, `ollama: ${volume("ollama")}`]) {
    expect(output).toContain(`  ${line}\n`);
  }
  expect(output).not.toContain("redis:");
  const named = /name each: make clean NAME=(\S+) DISCARD=(\S+)$/m.exec(output);
  expect(named?.slice(1)).toEqual([stack.name, DATABASES.join(",")]);
  expect((await stack.containers()).map(({ id, state }) => [id, state])).toEqual(
    containers.map(({ id, state }) => [id, state]),
  );
  expect(await stack.state()).toEqual(state);
});

test("destroy stops at the data and its passwords, and up continues over the data of all six", async () => {
  note = await postNote(api, "Water the roses", { tags: ["garden"] });
  const other = await postNote(api, "Rose garden", { tags: ["garden"] });
  await attach(api, note.id);
  const expectData = async () => {
    expect(await getNote(api, note.id)).toMatchObject({ status: 200, title: "Water the roses" });
    await expectRelated(api, note.id, { id: other.id, tags: ["garden"] });
    await expectFound(api, "rose", [other.id, note.id]);
    await expectAttachment(api, note.id);
  };
  await expectData();
  const urls = await stack.outputs("urls");
  const before = await stack.state();

  const { code, output } = await stack.pulumi(["destroy", "--yes", "--skip-preview"]);
  expect(code, output).not.toBe(0);
  const after = await stack.state();
  for (const key of KEPT) {
    expect(output).toMatch(new RegExp(`${key.split(" ")[1]}\\b.*cannot be deleted`));
    expect(after[key]).toBe(before[key]);
  }
  expect((await stack.leftovers()).sort()).toEqual(VOLUMES.map((key) => before[key]).sort());

  await done(stack.up());
  expect(await stack.outputs("urls")).toEqual(urls);
  await expectData();
  await stack.unchanged();
});

test("a protected database that is left out is removed where it is named, and the others stay protected", async () => {
  const volume = String((await stack.state())["Volume ollama-data"]);
  stack.configure({ ...settings, ollama: { ...settings.ollama, enabled: false } });
  const refused = await stack.verb("up");
  expect(refused.code, refused.output).not.toBe(0);
  expect(refused.output).toContain(`ollama: this change would delete its volume ${volume} and all data in it.`);
  await done(stack.verb("up", { DISCARD: "ollama,redis" }));
  expect(await stack.leftovers()).not.toContain(volume);
  const { output } = await stack.verb("clean", { YES: "1", DISCARD: "postgres" });
  expect(output).toMatch(/^ {2}redis: redis-data \(.*\), redis-password$/m);
});

test("a clean that names everything leaves nothing", async () => {
  await done(stack.verb("clean", { YES: "1", DISCARD: DATABASES.join(",") }));
  expect(await stack.leftovers()).toEqual([]);
});
