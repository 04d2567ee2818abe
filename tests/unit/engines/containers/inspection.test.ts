import { beforeEach, describe, expect, test, vi } from "vitest";
import type { Labelled } from "../../../../components/engines/containers/api.ts";
import type { Thing } from "../../../../components/engines/inspection.ts";
import { onLoopback } from "../../../../components/engines/ports.ts";
import { FakeEngine, probed } from "../../helpers/engine.ts";
import { inspectionOf } from "../../helpers/inspection.ts";

let api: FakeEngine;
beforeEach(() => {
  api = new FakeEngine();
});

const LABELS = { "stackyard.id": "0a1b2c3d" };
const listed = (name: string, state: string, status: string, kind = "service", more: Record<string, string> = {}) => ({
  ...{ id: `id-of-${name}`, name: `shop-${name}`, state, status, image: "redis:8" },
  ports: [{ ...onLoopback(16379), port: 6379 }],
  labels: { ...LABELS, "stackyard.kind": kind, "stackyard.service": name, ...more },
});
const one = async () => (await inspectionOf(api).list(LABELS))[0];

describe("a workload", () => {
  test("is described by its container, whose id stays hidden", async () => {
    api.listed = [listed("cache", "running", "Up 3 minutes (healthy)", "service", { "stackyard.stand-in-for": "x" })];
    expect(await one()).toEqual({
      service: "cache",
      replica: "cache",
      key: "id-of-cache",
      kind: "service",
      standIn: true,
      name: "shop-cache",
      image: "redis:8",
      state: "ready",
      status: "Up 3 minutes (healthy)",
      since: "up 3 minutes",
      published: [{ ...onLoopback(16379), port: 6379 }],
      handle: "id-of-cache",
    });
  });

  test.each([
    ["service", "running", "Up 1 second (health: starting)", { state: "starting", since: "up 1 second" }],
    ["service", "running", "Up 3 minutes (unhealthy)", { state: "unhealthy", since: "up 3 minutes" }],
    ["service", "running", "Up 1 second", { state: "running", since: "up 1 second" }],
    ["service", "restarting", "Restarting (1) 2 seconds ago", { state: "restarting", since: "restarting" }],
    ["service", "exited", "Exited (137) 1 minute ago", { state: "stopped", since: "exited", exitCode: 137 }],
    ["service", "created", "Created", { state: "created", since: "created" }],
    ["job", "exited", "Exited (0) 1 minute ago", { state: "stopped", since: "1 minute ago", exitCode: 0 }],
    ["job", "running", "Up 1 second (unhealthy)", { state: "running", since: "Up 1 second (unhealthy)" }],
    ["job", "created", "Created", { state: "created", since: undefined }],
  ])("%s that is %s: %s", async (kind, state, status, expected) => {
    api.listed = [listed("it", state, status, kind)];
    const { state: now, since, exitCode } = (await one()) ?? {};
    expect({ state: now, since, exitCode }).toEqual({ exitCode: undefined, ...expected });
  });

  test("is not a container that only carries files, and not one of another stack", async () => {
    api.listed = [
      listed("files", "created", "Created", "carrier"),
      listed("other", "running", "Up", "service", { "stackyard.id": "ffffffff" }),
    ];
    expect(await one()).toBeUndefined();
  });

  test("is restarted, and waited for as long as it may take to start", async () => {
    api.listed = [listed("cache", "running", "Up 3 minutes (healthy)")];
    const health = { status: "healthy" as const, probes: [probed(0, "", 200)] };
    api
      .container("id-of-cache", { status: "running", startPeriodSeconds: 5, pidsLimit: 7 })
      .onStart((container) => container.in(0, { health }));
    const [cache] = await inspectionOf(api).list(LABELS);
    if (!cache) throw new Error("nothing is listed");
    expect(await inspectionOf(api).restart(cache, new AbortController().signal)).toBeGreaterThanOrEqual(0);
    expect(api.acts).toEqual([["restart", "id-of-cache", undefined]]);
  });

  test("without a probe is waited for until it has kept running for a while", async () => {
    api.listed = [listed("worker", "running", "Up 3 minutes")];
    api.container("id-of-worker", { status: "running", startPeriodSeconds: 5, pidsLimit: 7 });
    const [worker] = await inspectionOf(api).list(LABELS);
    if (!worker) throw new Error("nothing is listed");
    expect(await inspectionOf(api).restart(worker, new AbortController().signal)).toBe(0);
  });
});

test("the publisher of a port is a container, and its stack where it has one", async () => {
  const { publisherOf } = inspectionOf(api);
  const names = { "stackyard.project": "shop", "stackyard.stack": "dev" };
  api.listed = [listed("cache", "running", "Up", "service", names)];
  expect(await publisherOf(onLoopback(16379))).toEqual({
    shown: "container shop-cache of stack shop/dev",
    stack: "0a1b2c3d",
  });
  const others = [
    onLoopback(1),
    { ...onLoopback(16379), protocol: "udp" as const },
    { ...onLoopback(16379), address: "127.0.0.2" },
  ];
  for (const other of others) expect(await publisherOf(other)).toBeUndefined();
});

describe("by the engine's clock, an hour ahead", () => {
  const HOUR = 3_600_000;
  beforeEach(() => {
    api.aheadMs = HOUR;
  });

  test("the engine's now is an hour later", async () => {
    const before = Date.now();
    expect((await inspectionOf(api).now()).getTime()).toBeGreaterThanOrEqual(before + HOUR);
  });

  test("times of making and tagging are converted to this machine's clock", async () => {
    const [there, here] = [new Date(5 * HOUR), new Date(4 * HOUR)];
    api.listedVolumes = [{ name: "data", createdAt: there, labels: LABELS }];
    const network: Labelled = { kind: "network", id: "n", name: "n", createdAt: there, labels: LABELS };
    vi.spyOn(api, "labelled").mockResolvedValue([network] as never);
    vi.spyOn(api, "allImages").mockResolvedValue([{ id: "i", names: ["mine/a:1"], bytes: 1, containers: 0 }] as never);
    vi.spyOn(api, "imageNamedAt").mockResolvedValue(there);
    const engine = inspectionOf(api);
    expect((await engine.volumes(LABELS)).map(({ createdAt }) => createdAt)).toEqual([here]);
    expect((await engine.labelled("stackyard.id")).map(({ createdAt }) => createdAt)).toEqual([here]);
    expect((await engine.images("mine/")).map(({ namedAt }) => namedAt)).toEqual([here]);
    expect(await engine.images("another/")).toEqual([]);
  });
});

test.each([
  ["container", "running", true],
  ["container", "restarting", true],
  ["container", "created", false],
  ["container", "exited", false],
  ["container", "dead", false],
  ["network", undefined, false],
])("a %s that is %s is active: %s", async (kind, state, expected) => {
  const found = { kind, id: "x", name: "x", createdAt: new Date(), state, labels: LABELS };
  vi.spyOn(api, "labelled").mockResolvedValue([found] as never);
  expect((await inspectionOf(api).labelled("stackyard.id")).map(({ active }) => active)).toEqual([expected]);
});

const resource = (kind: string, name: string, outputs: Record<string, unknown> = {}) => ({
  ...{ type: `docker:index/${kind[0]?.toLowerCase()}${kind.slice(1)}:${kind}`, name, outputs },
  id: kind === "Volume" ? `shop-${name}` : `id-of-${name}`,
});

describe("a state and the engine", () => {
  beforeEach(() => {
    api.listed = [
      listed("runs", "running", "Up"),
      listed("stopped", "exited", "Exited (1) 1 minute ago"),
      listed("pauses", "paused", "Up (Paused)"),
      listed("seed", "exited", "Exited (0) 1 minute ago", "job"),
    ];
    api.listedVolumes = [{ name: "shop-data", createdAt: new Date(), labels: { ...LABELS, "stackyard.kind": "data" } }];
    vi.spyOn(api, "networks").mockResolvedValue([{ id: "id-of-net", name: "shop-net" }]);
    api.images.add("sha256:1");
  });

  test("differ by what is gone and by services that have stopped", async () => {
    const recorded = [
      ...["runs", "stopped", "pauses", "lost"].map((name) => resource("Container", name)),
      resource("Container", "seed", { mustRun: false }),
      ...["net", "lost-net"].map((name) => resource("Network", name)),
      ...["data", "lost-data"].map((name) => resource("Volume", name)),
      resource("RemoteImage", "image", { imageId: "sha256:1" }),
      resource("RemoteImage", "lost-image", { imageId: "sha256:2" }),
      { type: "pulumi:index:Stash", name: "identity", id: "identity", outputs: {} },
    ];
    expect(await inspectionOf(api).drift(LABELS, recorded)).toEqual([
      { kind: "container", name: "stopped", found: "exited" },
      { kind: "container", name: "lost", found: "gone" },
      { kind: "network", name: "lost-net", found: "gone" },
      { kind: "volume", name: "lost-data", found: "gone" },
      { kind: "image", name: "lost-image", found: "gone" },
    ]);
  });

  test("what the state does not know is a stray, and is removed by its kind", async () => {
    const engine = inspectionOf(api);
    vi.spyOn(api, "isEmptyVolume").mockResolvedValue(true);
    const strays = await engine.strays(LABELS, [resource("Container", "runs")], false);
    expect(strays.map(({ kind, name }) => `${kind} ${name}`)).toEqual([
      "container shop-stopped",
      "container shop-pauses",
      "container shop-seed",
      "network shop-net",
      "volume shop-data",
    ]);
    for (const stray of strays) await engine.remove(stray, { evenInUse: true });
    expect(api.calls.filter(([method]) => method.startsWith("remove")).map((call) => call.slice(0, 2))).toEqual([
      ["remove", "id-of-stopped"],
      ["remove", "id-of-pauses"],
      ["remove", "id-of-seed"],
      ["removeNetwork", "id-of-net"],
      ["removeVolume", "shop-data"],
    ]);
  });

  test.each([
    ["data", false, true],
    ["data", true, false],
    ["secrets", false, false],
  ])("a volume of kind %s that is empty (%s) holds a service's data: %s", async (kind, empty, expected) => {
    api.listedVolumes = [{ name: "it", createdAt: new Date(), labels: { ...LABELS, "stackyard.kind": kind } }];
    vi.spyOn(api, "isEmptyVolume").mockResolvedValue(empty);
    const [volume] = (await inspectionOf(api).strays(LABELS, [], false)).filter((each) => each.kind === "volume");
    expect(await inspectionOf(api).holdsData(volume as Thing)).toBe(expected);
  });

  test("an image whose name another image has taken counts as replaced", async () => {
    const image = (id: string, ...names: string[]) => ({ id, names, bytes: 1, containers: 0 });
    const all = [image("sha256:1"), image("sha256:2", "shop:1"), image("sha256:3")];
    vi.spyOn(api, "allImages").mockResolvedValue(all as never);
    const before = ["sha256:1", "sha256:2"].map((imageId) => resource("RemoteImage", imageId, { imageId }));
    expect((await inspectionOf(api).replacedImages(before)).map(({ handle }) => handle)).toEqual(["sha256:1"]);
  });
});
