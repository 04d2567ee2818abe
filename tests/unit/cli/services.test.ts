import { beforeEach, expect, test, vi } from "vitest";
import { chosenServices, isWell, retryAdvice, services, unwell } from "../../../cli/shared/services.ts";
import { FakeEngine, probed } from "../helpers/engine.ts";
import { inspectionOf } from "../helpers/inspection.ts";

let engine: FakeEngine;
beforeEach(() => {
  engine = new FakeEngine();
});

/** A container in the engine's list, in its words. */
function listed(service: string, state: string, status: string, kind = "service"): void {
  const labels = { "stackyard.kind": kind, "stackyard.service": service, "stackyard.id": "1" };
  engine.listed.push({
    id: service,
    name: service,
    state,
    status,
    image: "",
    ports: [],
    labels: { ...OF_STACK, ...labels },
  });
}
const OF_STACK = { "stackyard.project": "stackyard", "stackyard.stack": "dev" };
const all = async () => services(inspectionOf(engine), { resources: [], pending: 0, id: "1" });

test("a service that is not well is shown with its last probe and its last log lines", async () => {
  listed("redis", "running", "Up 3 minutes (unhealthy)");
  const health = { status: "unhealthy" as const, probes: [probed(0), probed(1, "NOAUTH")] };
  engine.container("redis", { status: "running", health }).writes("cannot write");
  listed("api", "restarting", "Restarting (1) 2 seconds ago");
  engine.container("api", { status: "restarting", exitCode: 1 });
  listed("web", "exited", "Exited (0) 1 minute ago");
  engine.container("web", { status: "exited" });
  listed("seed", "exited", "Exited (3) 1 minute ago", "job");
  engine.container("seed", { status: "exited", exitCode: 3 }).writes("no such table");
  expect(await unwell(inspectionOf(engine), await all())).toEqual([
    {
      service: "api",
      replica: "api",
      kind: "service",
      released: true,
      lines: ["api is restarting", "it wrote no log"],
    },
    {
      service: "redis",
      replica: "redis",
      kind: "service",
      released: true,
      lines: ["redis is unhealthy", "last probe: exit code 1: NOAUTH", "last log lines:", "  cannot write"],
    },
    { service: "web", replica: "web", kind: "service", released: true, lines: ["web is stopped", "it wrote no log"] },
    {
      service: "seed",
      replica: "seed",
      kind: "job",
      released: true,
      lines: ["seed failed", "last log lines:", "  no such table"],
    },
  ]);
});

test.each<[string, string, boolean]>([
  ["service", "Up 3 minutes (healthy)", true],
  ["service", "Up 3 minutes", true],
  ["service", "Up 1 second (health: starting)", false],
  ["job", "Up 1 second", false],
])("a %s that is %s is as it should be: %s", async (kind, status, expected) => {
  listed("it", "running", status, kind);
  const rows = await all();
  expect(rows.map(isWell)).toEqual([expected]);
  // What is on its way is not shown as unwell.
  engine.container("it", { status: "running" });
  expect(await unwell(inspectionOf(engine), rows)).toEqual([]);
});

const GATE = { urn: "urn:seed-done", type: "pulumi:index:Stash", name: "seed-done", outputs: {} };

test.each<[string, string, string, boolean]>([
  ["done", "exited", "Exited (0) 1 minute ago", true],
  ["done", "created", "Created", true],
  ["failed", "exited", "Exited (3) 1 second ago", true],
  ["failed", "exited", "Exited (3) 1 second ago", false],
  ["waiting", "created", "Created", false],
  ["running", "running", "Up 1 second", true],
])("a job is %s that is %s: %s, with its gate there: %s", async (expected, state, status, gate) => {
  listed("seed", state, status, "job");
  const resources = gate ? [GATE] : [];
  expect((await services(inspectionOf(engine), { resources, pending: 0, id: "1" })).map((row) => row.state)).toEqual([
    expected,
  ]);
});

test.each([
  ["a service by a restart", "redis", "service", "`make restart s=redis` starts it anew"],
  ["a job that was done once on purpose", "seed", "job", "`make job s=seed` runs it again"],
  ["one that never was by an up", "other", "job", "`make dev` tries it again"],
] as const)("%s is started again", (_, service, kind, expected) => {
  const row = { service, replica: service, kind, released: true };
  expect(retryAdvice(row, { resources: [GATE], pending: 0 })).toBe(expected);
});

test("a service that is well or starting is not shown", async () => {
  listed("redis", "running", "Up 3 minutes (healthy)");
  listed("api", "running", "Up 1 second (health: starting)");
  listed("web", "running", "Up 1 second");
  listed("seed", "exited", "Exited (0) 1 minute ago", "job");
  listed("later", "created", "Created", "job");
  expect(await unwell(inspectionOf(engine), await all())).toEqual([]);
});

test.each<[string, string[], "service" | undefined, string[] | string]>([
  ["all", [], undefined, ["redis", "seed"]],
  ["those of a kind", [], "service", ["redis"]],
  ["those that are named", ["seed"], undefined, ["seed"]],
  ["one of another kind", ["seed"], "service", "seed is not up in stack dev as a service; up: redis\n"],
  ["one that is not there", ["redis", "nobody"], undefined, "nobody is not up in stack dev; up: redis, seed\n"],
  [
    "one that is down",
    ["db"],
    undefined,
    "db is not up in stack dev; up: redis, seed. `make dev only=db` brings it up.\n",
  ],
])("names choose %s", async (_, names, kind, expected) => {
  listed("redis", "running", "Up 3 minutes (healthy)");
  listed("seed", "exited", "Exited (0) 1 minute ago", "job");
  const said: string[] = [];
  vi.spyOn(process.stderr, "write").mockImplementation((text) => said.push(String(text)) > 0);
  vi.spyOn(process, "exit").mockImplementation(() => {
    throw new Error("ended");
  });
  const resources = ["seed", "db"].map((name) => ({ ...GATE, name }));
  const rows = await chosenServices(inspectionOf(engine), { resources, pending: 0, id: "1" }, names, kind).catch(
    () => [],
  );
  expect(said[0] ?? rows.map(({ service }) => service)).toEqual(expected);
});
