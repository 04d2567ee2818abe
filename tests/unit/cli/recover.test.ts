import { beforeEach, expect, test, vi } from "vitest";
import { protectedIn } from "../../../cli/shared/clean-slate.ts";
import { drift, startStopped, sweep } from "../../../cli/shared/recover.ts";
import { chosenServices, services } from "../../../cli/shared/services.ts";
import { type Identified, PROJECT, STACK, type State } from "../../../cli/shared/stack.ts";
import { FakeEngine } from "../helpers/engine.ts";
import { inspectionOf } from "../helpers/inspection.ts";

const ID = "0a1b2c3d";
const MINE = { "stackyard.project": PROJECT, "stackyard.stack": STACK, "stackyard.id": ID };
const NOBODY: State = { resources: [], pending: 0 };
const kept = (type: string, name: string, more: object = {}) => ({
  urn: `urn::${name}`,
  type,
  name,
  id: name,
  outputs: {},
  ...more,
});
const STATE: Identified = {
  id: ID,
  pending: 1,
  resources: [
    kept("docker:index/container:Container", "c-known"),
    kept("docker:index/network:Network", "n-known"),
    kept("docker:index/volume:Volume", "v-known"),
  ],
};

let engine: FakeEngine;
let said: string[];
beforeEach(() => {
  engine = new FakeEngine();
  said = [];
  vi.spyOn(process.stderr, "write").mockImplementation((text) => said.push(String(text)) > 0);
  const container = (name: string, labels: Record<string, string> = MINE) => ({
    ...{ id: name, name, state: "running", status: "Up", image: "", ports: [] },
    labels: { ...labels, "stackyard.kind": "service", "stackyard.service": name },
  });
  engine.listed = ["c-known", "c-stray"].map((name) => container(name));
  // Another clone's, of a stack with the same name.
  engine.listed.push(container("c-other", { ...MINE, "stackyard.id": "deadbeef" }));
  vi.spyOn(engine, "networks").mockResolvedValue(["n-known", "n-stray"].map((id) => ({ id, name: id })));
  vi.spyOn(engine, "volumes").mockResolvedValue(
    [
      ["v-known", "data"],
      ["v-data", "data"],
      ["v-empty", "data"],
      ["v-secrets", "secrets"],
    ].map(([name = "", kind = ""]) => ({
      name,
      createdAt: new Date(0),
      labels: { "stackyard.kind": kind },
    })),
  );
  vi.spyOn(engine, "isEmptyVolume").mockImplementation(async (name) => name === "v-empty");
});

const removed = () => engine.calls.flatMap(([method, id]) => (/^remove/.test(method) ? [`${method} ${id}`] : []));

test("what is this stack's and in no state is removed, except data", async () => {
  await sweep(inspectionOf(engine), STATE, { data: false, oneOffs: false });
  const [first, ...others] = removed();
  // What is attached goes before that to which it is.
  expect(first).toBe("remove c-stray");
  expect(others.sort()).toEqual(["removeNetwork n-stray", "removeVolume v-empty", "removeVolume v-secrets"]);
  expect(said.join("")).toContain("volume v-data is in no state, and is left alone: it may hold data.");
});

test.each([
  [false, ["remove c-stray"]],
  [true, ["remove c-stray", "remove c-run"]],
])("a command of `run` goes on unless its networks are to go: %s", async (oneOffs, expected) => {
  const [{ ...like }] = engine.listed as [(typeof engine.listed)[number]];
  engine.listed.push({ ...like, id: "c-run", name: "c-run", labels: { ...like.labels, "stackyard.kind": "one-off" } });
  await sweep(inspectionOf(engine), STATE, { data: false, oneOffs });
  expect(removed().filter((each) => each.startsWith("remove c-"))).toEqual(expected);
});

test("after a clean slate its data is removed too", async () => {
  await sweep(inspectionOf(engine), STATE, { data: true, oneOffs: true });
  expect(removed()).toContain("removeVolume v-data");
});

test("without an id nothing on the engine is this stack's, and the engine is not asked", async () => {
  const exit = vi.spyOn(process, "exit").mockImplementation(() => {
    throw new Error("ended");
  });
  expect(await services(inspectionOf(engine), NOBODY)).toEqual([]);
  expect(await drift(inspectionOf(engine), NOBODY)).toEqual([]);
  expect(engine.calls).toEqual([]);
  await expect(chosenServices(inspectionOf(engine), NOBODY, ["redis"])).rejects.toThrow("ended");
  expect(exit).toHaveBeenCalledWith(1);
  expect(removed()).toEqual([]);
});

test("another clone's stack of the same name is not this one's", async () => {
  expect((await services(inspectionOf(engine), STATE)).map(({ container }) => container)).toEqual([
    "c-known",
    "c-stray",
  ]);
});

test("what is protected is listed by the service that it is a part of", () => {
  const under = (name: string) => ({
    parent: `urn:pulumi:prod::shop::stackyard:databases:Postgres::${name}`,
    protect: true,
  });
  const resources = [
    kept("random:index/randomPassword:RandomPassword", "main-password", under("main")),
    kept("docker:index/volume:Volume", "main-data", { ...under("main"), id: "shop-prod-main-data-1" }),
    kept("docker:index/volume:Volume", "cache-data", { parent: under("cache").parent }),
    kept("pulumi:index:Stash", "mine", {
      parent: "urn:pulumi:prod::shop::pulumi:pulumi:Stack::shop-prod",
      protect: true,
    }),
  ];
  const listed = [...protectedIn({ resources, pending: 0 })].map(([name, all]) => [name, all.map((each) => each.name)]);
  expect(Object.fromEntries(listed)).toEqual({ main: ["main-data", "main-password"], mine: ["mine"] });
});

test("what is stopped is started in the container that it has, and its gate is to be passed again", async () => {
  engine.listed = ["running", "stopped", "broken", "job"].map((name) => ({
    ...{ id: name, name, status: "", image: "", ports: [], state: name === "running" ? name : "exited" },
    labels: { ...MINE, "stackyard.kind": name === "job" ? "job" : "service", "stackyard.service": name },
  }));
  for (const name of ["stopped", "job"]) engine.container(name, { status: "exited" });
  const gates = engine.listed.map(({ name }) => kept("pulumi:index:Stash", `${name}-ready`));
  const state = { ...STATE, resources: [...STATE.resources, ...gates] };
  expect(await startStopped(inspectionOf(engine), state)).toEqual(["--replace", "urn::stopped-ready"]);
  // Of these, the engine cannot start the second one: a refresh puts it back.
  expect(engine.acts.map(([method, id]) => `${method} ${id}`)).toEqual(["start stopped", "start broken"]);
});
