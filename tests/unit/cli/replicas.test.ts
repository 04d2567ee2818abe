import { beforeEach, expect, test, vi } from "vitest";
import { startStopped } from "../../../cli/shared/recover.ts";
import {
  chosenServices,
  failedReleases,
  foremost,
  hasFailedToRelease,
  isWell,
  retryAdvice,
  services,
  unwell,
} from "../../../cli/shared/services.ts";
import { isReadyGate } from "../../../cli/shared/serving.ts";
import type { Identified } from "../../../cli/shared/stack.ts";
import { FakeEngine } from "../helpers/engine.ts";
import { inspectionOf } from "../helpers/inspection.ts";

// A service in several containers, and what a release that failed has left beside those that serve.

let engine: FakeEngine;
beforeEach(() => {
  engine = new FakeEngine();
});

const OF_STACK = { "stackyard.project": "stackyard", "stackyard.stack": "dev", "stackyard.id": "1" };

function listed(replica: string, id = replica, status = "Up 3 minutes (healthy)", state = "running"): void {
  const [service = ""] = replica.split(".");
  const labels = { "stackyard.kind": "service", "stackyard.service": service };
  const replicaLabel = replica === service ? undefined : { "stackyard.replica": replica };
  engine.listed.push({
    ...{ id, name: `c-${id}`, state, status, image: "", ports: [] },
    labels: { ...OF_STACK, ...labels, ...replicaLabel },
  });
}

const gate = (name: string, input: object, more: object = {}) => ({
  ...{ urn: `urn::${name}`, type: "pulumi:index:Stash", name, outputs: { input } },
  ...more,
});
const stateOf = (...resources: Identified["resources"]): Identified => ({ resources, pending: 0, id: "1" });
const shown = async (state: Identified) =>
  (await services(inspectionOf(engine), state)).map(
    ({ replica, state, container }) => `${replica} ${state} ${container}`,
  );

/** Three of a service, and a database. */
function three(): void {
  for (const name of ["backend.10", "backend.2", "backend", "database"]) listed(name);
}

test("each container has a row of its own, in the order of their numbers", async () => {
  three();
  expect(await shown(stateOf())).toEqual([
    "backend ready c-backend",
    "backend.2 ready c-backend.2",
    "backend.10 ready c-backend.10",
    "database ready c-database",
  ]);
});

test.each([
  [["backend"], ["backend", "backend.2", "backend.10"]],
  [["backend.2"], ["backend.2"]],
  [
    ["backend.2", "database"],
    ["backend.2", "database"],
  ],
  [[], ["backend", "backend.2", "backend.10", "database"]],
])("the names %j choose %j", async (names, expected) => {
  three();
  const rows = await chosenServices(inspectionOf(engine), stateOf(), names, "service");
  expect(rows.map(({ replica }) => replica)).toEqual(expected);
});

test("a container that there is not is refused by its own name", async () => {
  three();
  const said = vi.spyOn(process.stderr, "write").mockReturnValue(true);
  vi.spyOn(process, "exit").mockImplementation(() => {
    throw new Error("ended");
  });
  await expect(chosenServices(inspectionOf(engine), stateOf(), ["backend", "backend.7"])).rejects.toThrow("ended");
  expect(said).toHaveBeenCalledWith("backend.7 is not up in stack dev; up: backend, database\n");
});

test("a command is run in the first container that is ready, or else in the first", async () => {
  listed("backend", "a", "Up 1 second (unhealthy)");
  listed("backend.2", "b", "Up 1 second (health: starting)");
  const first = async () => foremost(await services(inspectionOf(engine), stateOf()))?.container;
  expect(await first()).toBe("c-a");
  listed("backend.3", "c");
  expect(await first()).toBe("c-c");
});

const OLD = ["a1", "a2"];
/** Two of a release that serves, with a route or without, beside two of one that came later. */
function released(statuses: readonly [string, string]): void {
  listed("backend", "b1", statuses[0]);
  listed("backend.2", "b2", statuses[1]);
  listed("backend", "a1");
  listed("backend.2", "a2");
}

test.each([
  [
    "its containers never get ready: their gate is that of the release before",
    stateOf(gate("backend-ready", { container: "a1,a2" })),
  ],
  [
    "its smoke test never passes: the route leads to those before",
    stateOf(
      gate("backend-ready", { container: "b1,b2" }),
      gate("backend-ready", { container: "a1,a2" }, { replaced: true }),
      gate("proxy-route-backend", { servers: OLD }),
    ),
  ],
])("a release has failed where %s", async (_, state) => {
  released(["Up 1 minute (unhealthy)", "Up 1 minute (healthy)"]);
  const rows = await services(inspectionOf(engine), state);
  expect(rows.map(({ replica, state, container }) => `${replica} ${state} ${container}`)).toEqual([
    "backend ready c-a1",
    "backend failed c-b1",
    "backend.2 ready c-a2",
    "backend.2 failed c-b2",
  ]);
  expect(rows.filter(hasFailedToRelease).map(isWell)).toEqual([false, false]);
  expect(failedReleases(rows)).toEqual([
    "The last release of backend has failed: requests go to c-a1, c-a2, none to c-b1, c-b2. " +
      "`make dev` tries it again; one that succeeds removes what failed.",
  ]);
  engine.container("b1", { status: "running" }).writes("no such table");
  engine.container("b2", { status: "running" });
  const [first] = await unwell(inspectionOf(engine), rows);
  expect(first).toMatchObject({
    replica: "backend",
    lines: ["backend of the last release failed", "last log lines:", "  no such table"],
  });
  expect(first && retryAdvice(first, state)).toBe("`make dev` tries it again");
});

test("a release whose batches come one after the other has failed where not all of them are ready", async () => {
  released(["Up 1 minute (healthy)", "Up 1 minute (unhealthy)"]);
  const gates = [gate("backend.1-ready", { container: "b1" }), gate("backend-ready", { container: "a2" })];
  expect(await shown(stateOf(...gates, gate("proxy-route-backend", { servers: OLD })))).toContain(
    "backend failed c-b1",
  );
});

test.each([
  ["nothing has ever become ready", stateOf()],
  ["all of it serves", stateOf(gate("proxy-route-backend", { servers: ["a1", "a2", "b1", "b2"] }))],
  ["another service of a like name has a gate", stateOf(gate("proxy-route-my-backend", { servers: OLD }))],
])("no release has failed where %s", async (_, state) => {
  released(["Up 1 minute (healthy)", "Up 1 minute (healthy)"]);
  expect(failedReleases(await services(inspectionOf(engine), state))).toEqual([]);
});

test.each([
  ["backend-ready", true],
  ["backend.1-ready", true],
  ["backend.x-ready", false],
  ["backend-2-ready", false],
  ["my-backend-ready", false],
  ["backend-done", false],
])("%s is a gate of backend: %s", (name, expected) => expect(isReadyGate(name, "backend")).toBe(expected));

test("what was stopped and is started again is waited for in each of its batches", async () => {
  listed("backend.2", "a2", "Exited (0) 1 minute ago", "exited");
  engine.container("a2", { status: "exited" });
  const gates = ["backend.1-ready", "backend-ready", "database-ready"].map((name) => gate(name, {}));
  expect(await startStopped(inspectionOf(engine), stateOf(...gates))).toEqual([
    ...["--replace", "urn::backend.1-ready"],
    ...["--replace", "urn::backend-ready"],
  ]);
});
