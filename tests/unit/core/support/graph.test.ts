import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test, vi } from "vitest";
import { Declarations } from "../../../../components/core/support/graph.ts";
import { Api, type Platform, Postgres, PostgresSetup, Redis, SetupJob } from "../../../../components/index.ts";
import { program as polyglot } from "../../../../stacks/polyglot.ts";
import { polyglotSettings } from "../../helpers/programs.ts";
import { deploy, refusedBy, type Stack } from "../../helpers/stack.ts";

const API = { build: { context: "examples/api" }, probe: ["true"] };

function shop(platform: Platform) {
  const database = new Postgres("orders", { platform, hostPort: 5432 });
  const schema = new PostgresSetup("schema", { platform, database });
  const seed = new SetupJob("seed", { platform, image: "alpine:3", command: ["true"], uses: { database, schema } });
  const backend = new Api("backend", { platform, ...API, uses: { database, again: database, seed } });
  new Api("proxy", { platform, ...API, hostPort: 80, uses: { backend } });
}

const SHOP = {
  nodes: [
    { name: "orders", kind: "service", type: "Postgres", network: "orders", hostPorts: [5432], data: true },
    { name: "schema", kind: "job", type: "PostgresSetup", hostPorts: [], data: false },
    { name: "seed", kind: "job", type: "SetupJob", hostPorts: [], data: false },
    { name: "backend", kind: "service", type: "Api", network: "backend", hostPorts: [], data: false },
    { name: "proxy", kind: "service", type: "Api", network: "proxy", hostPorts: [80], data: false },
  ],
  edges: [
    { from: "schema", to: "orders", waits: "ready" },
    { from: "seed", to: "orders", waits: "ready" },
    { from: "seed", to: "schema", waits: "done" },
    { from: "backend", to: "orders", waits: "ready" },
    { from: "backend", to: "seed", waits: "done" },
    { from: "proxy", to: "backend", waits: "ready" },
  ],
};

test.each([false, true])("has what the program declares, in its order, while down: %s", async (down) => {
  expect((await deploy(shop, { down })).platform.graph).toEqual(SHOP);
});

test("is plain data", async () => {
  const { graph } = (await deploy(shop)).platform;
  expect(JSON.parse(JSON.stringify(graph))).toEqual(graph);
});

test("each component is noted for make dev, with those that it refers to", async () => {
  const folder = mkdtempSync(join(tmpdir(), "stackyard-graph-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  vi.stubEnv("STACKYARD_TIMINGS", join(folder, "timings"));
  await deploy(shop);
  const lines = readFileSync(join(folder, "timings"), "utf8").trim().split("\n");
  const notes = lines.map((line) => JSON.parse(line) as { kind?: string });
  expect(notes.filter(({ kind }) => kind !== undefined)).toEqual([
    { service: "orders", kind: "service", waitsFor: [] },
    { service: "schema", kind: "job", waitsFor: ["orders"] },
    { service: "seed", kind: "job", waitsFor: ["orders", "schema"] },
    { service: "backend", kind: "service", waitsFor: ["orders", "seed"] },
    { service: "proxy", kind: "service", waitsFor: ["backend"] },
  ]);
});

test("a dependency that no component declared has no name", () => {
  expect(new Declarations(() => {}).named([{ gate: {} as never }])).toEqual([]);
});

test("two components cannot have one name", async () => {
  const twice = (platform: Platform) => [new Redis("one", { platform }), new Postgres("one", { platform })];
  expect(await refusedBy(() => deploy(twice))).toEqual([
    '"one" should be the name of one component only, got two of them',
  ]);
});

/** @returns `from to` for each pair of which one really starts after the other's gate, by the resources that are registered. */
function waiting({ resources, platform }: Stack<unknown>): string[] {
  const { nodes } = platform.graph;
  const gateOf = Object.fromEntries(
    nodes.map(({ name, kind }) => [`${name}-${kind === "job" ? "done" : "ready"}`, name]),
  );
  // A job's container is made without being started; its gate starts it.
  return nodes.flatMap(({ name, kind }) => {
    const start = resources.find(({ key }) => key === (kind === "job" ? `Stash ${name}-done` : `Container ${name}`));
    const gates = (start?.dependsOn ?? []).flatMap((key) => gateOf[key.replace(/^Stash /, "")] ?? []);
    return gates.map((to) => `${name} ${to}`);
  });
}

test.each<[string, (platform: Platform) => unknown]>([
  ["a shop", shop],
  ["polyglot", (platform) => polyglot(platform, polyglotSettings())],
])("the references of %s are exactly what its components wait for", async (_, program) => {
  const stack = await deploy(program);
  const { edges } = stack.platform.graph;
  expect(edges.length).toBeGreaterThan(3);
  expect(edges.map(({ from, to }) => `${from} ${to}`).sort()).toEqual(waiting(stack).sort());
});
