import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as pulumi from "@pulumi/pulumi";
import { describe, expect, onTestFinished, test, vi } from "vitest";
import type { Dependency } from "../../../components/core/dependency.ts";
import { password } from "../../../components/core/secret.ts";
import { Service, type ServiceArgs } from "../../../components/core/service.ts";
import type { ContainerState } from "../../../components/engines/containers/api.ts";
import type { Platform } from "../../../components/index.ts";
import { FakeEngine, probed } from "../helpers/engine.ts";
import { deploy, held, ID, idOf, labels, type Options, passwordOf, refusedBy, volumeOf } from "../helpers/stack.ts";

const SUBJECT = 'Thing "web"';
const CONTAINER = "Container web";
const UPDATED = [
  "docker:index/container:Container_web_beforeUpdate_0",
  "web:memory",
  "docker:index/container:Container_web_beforeUpdate_2",
];
const DATA = { name: "web", path: "/data", lifecycle: "keep" as const, major: "17", firstStart: { database: "app" } };
const EPHEMERAL: ServiceArgs["volumes"] = [{ name: "web", path: "/data", lifecycle: "ephemeral" }];

class Thing extends pulumi.ComponentResource {
  readonly service: Service;
  constructor(platform: Platform, args: Partial<ServiceArgs>, name = "web") {
    super("test:index:Thing", name);
    this.service = new Service(name, this, {
      platform,
      subject: SUBJECT,
      image: () => ({ key: pulumi.output("sha256:web"), resource: this }),
      user: "1000:1000",
      probe: { test: ["CMD", "true"] },
      readyTimeoutSeconds: 60,
      stopGraceSeconds: 15,
      memoryMiB: 64,
      ...args,
    });
  }
}
const service = (args: Partial<ServiceArgs> = {}, options: Options = {}) =>
  deploy((platform) => new Thing(platform, args).service, options);

describe("its resources", () => {
  test("are a network, a container and a gate, in this order", async () => {
    const stack = await service();
    expect(stack.keys).toEqual([
      "Container web",
      "Network web",
      "Platform platform",
      "Provider docker",
      "Stash identity",
      "Stash ledger",
      "Stash web-ready",
      "Thing web",
    ]);
    expect(stack.get(CONTAINER).dependsOn).toEqual(["Network web"]);
    expect(stack.get("Stash web-ready").dependsOn).toEqual([CONTAINER]);
    expect(stack.get("Stash web-ready").inputs).toEqual({ input: { container: idOf("web"), memoryMiB: 64 } });
    expect(["Network web", CONTAINER, "Stash web-ready"].map((key) => stack.get(key).parent)).toEqual(
      Array(3).fill("Thing web"),
    );
  });

  test("lasting data is in a volume, which the ledger records before anything uses it", async () => {
    const stack = await service({ volumes: [DATA] });
    expect(stack.get("Volume web-data").inputs).toEqual({
      labels: [...labels("web", "data"), { label: "stackyard.made-with", value: "version 17, database app" }],
    });
    expect(stack.get("Stash ledger").inputs).toEqual({
      input: {
        volumes: { web: { volume: volumeOf("web-data"), major: "17", firstStart: { database: "app" } } },
        ports: {},
      },
    });
    expect(stack.get(CONTAINER).dependsOn).toEqual(["Network web", "Stash ledger", "Volume web-data"]);
    expect(await held(stack.made.data)).toBe(volumeOf("web-data"));
  });

  test.each([
    ["nobody's", "", true, ["labels", "driver", "driverOpts", "name"]],
    ["another's", "db,web2", true, ["labels", "driver", "driverOpts", "name"]],
    ["its", "db,web", false, ["driver", "driverOpts", "name"]],
  ])(
    "other first-start settings replace a volume only where its data may be discarded: here %s may",
    async (_, names, protect, ignored) => {
      vi.stubEnv("STACKYARD_DISCARD", names);
      onTestFinished(() => void vi.unstubAllEnvs());
      const volume = (await service({ volumes: [{ ...DATA, lifecycle: "protected" }] })).get("Volume web-data");
      expect([volume.protect, volume.ignoreChanges]).toEqual([protect, ignored]);
    },
  );

  test("data without version and first-start settings has no label for them", async () => {
    const stack = await service({ volumes: [{ name: "web", path: "/data", lifecycle: "keep" }] });
    expect(stack.get("Volume web-data").inputs).toEqual({ labels: labels("web", "data") });
  });

  test("ephemeral data is in a volume that is emptied before the container is made, and is not recorded", async () => {
    const stack = await service({ volumes: EPHEMERAL });
    expect(await held(stack.made.data)).toBe(idOf("web"));
    await stack.run("web:own /data");
    expect(stack.engine.calls).toContainEqual(["emptyVolume", volumeOf("web-data-ephemeral"), expect.anything()]);
    expect(stack.get("Stash ledger").inputs).toEqual({ input: { volumes: {}, ports: {} } });
    expect(stack.get(CONTAINER).inputs.volumes).toEqual([
      { containerPath: "/data", volumeName: volumeOf("web-data-ephemeral") },
    ]);
  });

  test("ephemeral data has no volume while the service is down", async () => {
    expect((await service({ volumes: EPHEMERAL }, { down: true })).of("Volume")).toEqual([]);
  });

  test("a service without data has no data for jobs to run again for", async () => {
    expect((await service()).made.data).toBeUndefined();
  });

  test.each<[string, boolean]>([
    ["keep", false],
    ["protected", true],
  ])("a volume to %s, protected: %s", async (lifecycle, expected) => {
    const stack = await service({ volumes: [{ ...DATA, lifecycle: lifecycle as "keep" }] });
    expect(stack.get("Volume web-data").protect).toBe(expected);
    expect(stack.get(CONTAINER).protect).toBe(false);
  });

  test.each<[string, Partial<ServiceArgs>, boolean]>([
    ["nothing exclusive", {}, false],
    ["a published port", { ports: [{ hostPort: 8080, port: 80 }] }, true],
    ["data", { volumes: [DATA] }, true],
    ["ephemeral data", { volumes: EPHEMERAL }, true],
  ])("with %s, the old container goes first: %s", async (_, args, expected) => {
    expect((await service(args)).get(CONTAINER).deleteBeforeReplace).toBe(expected);
  });

  const PUBLISHED: Partial<ServiceArgs> = { ports: [{ hostPort: 8080, port: 80 }] };
  test.each<[string, Partial<ServiceArgs>, string | undefined]>([
    ["and it has no other", {}, undefined],
    ["another one without a way out is for published ports", PUBLISHED, "false"],
    ["another one is the way out", { egress: true }, "true"],
    ["another one is both", { ...PUBLISHED, egress: true }, "true"],
  ])("the network that it shares is internal: %s", async (_, args, masquerade) => {
    const stack = await service(args);
    const shown = stack.of("Network").map(({ name, inputs }) => [name, inputs.internal, inputs.labels]);
    expect(shown.sort()).toEqual([
      ["web", true, labels("web", "network")],
      ...(masquerade ? [["web-outside", false, labels("web", "outside")]] : []),
    ]);
    expect(stack.get(CONTAINER).inputs.networksAdvanced).toEqual([
      { name: idOf("web"), aliases: args.ports ? ["web"] : [] },
      ...(masquerade ? [{ name: idOf("web-outside"), aliases: [] }] : []),
    ]);
    if (!masquerade) return;
    expect(stack.get("Network web-outside").inputs.options).toEqual({
      "com.docker.network.bridge.enable_ip_masquerade": masquerade,
    });
  });

  test("its users stay as they are when it is published, or may reach out", async () => {
    const user = async (args: Partial<ServiceArgs>) => {
      const stack = await deploy((platform) => {
        const database = new Thing(platform, args, "db").service;
        return new Thing(platform, { uses: { database } }).service;
      });
      return [stack.get(CONTAINER), stack.get("Network db")];
    };
    const before = await user({});
    expect(await user(PUBLISHED)).toEqual(before);
    expect(await user({ egress: true })).toEqual(before);
  });

  test("the ledger records a port before anything is stopped for it", async () => {
    const stack = await service({ ports: [{ hostPort: 8080, port: 80 }] });
    expect(stack.get("Stash ledger").inputs).toEqual({ input: { volumes: {}, ports: { 8080: 'Thing "web"' } } });
    expect(stack.get(CONTAINER).dependsOn).toContain("Stash ledger");
  });

  test("ports are published on 127.0.0.1", async () => {
    expect((await service({ ports: [{ hostPort: 8080, port: 80 }] })).get(CONTAINER).inputs.ports).toEqual([
      { internal: 80, external: 8080, ip: "127.0.0.1", protocol: "tcp" },
    ]);
  });

  test.each([true, false])("has the engine's init as process 1: %s", async (init) => {
    expect((await service({ init })).get(CONTAINER).inputs.init).toBe(init);
  });

  test("/tmp is in memory, beside other folders", async () => {
    const { tmpfs } = (await service({ tmpfs: { "/run": "size=1m" } })).get(CONTAINER).inputs;
    expect(tmpfs).toEqual({ "/tmp": "mode=1777,size=64m", "/run": "size=1m" });
  });

  test("the probe is frequent while it starts, and rare afterwards; each timing can be changed", async () => {
    const { healthcheck } = (await service({ probe: { test: ["CMD", "x"], retries: 9 } })).get(CONTAINER).inputs;
    expect(healthcheck).toEqual({
      tests: ["CMD", "x"],
      interval: "10s",
      timeout: "5s",
      startPeriod: "1m0s",
      startInterval: "200ms",
      retries: 9,
    });
  });
});

describe("what it refers to", () => {
  const two = (down = false) =>
    deploy(
      (platform) => {
        const database = new Thing(platform, { volumes: [{ ...DATA, name: "db" }] }, "db").service;
        const job: Dependency = { gate: new pulumi.Stash("job-done", { input: 1 }) };
        return new Thing(platform, { uses: { database, job } }).service;
      },
      { down },
    );

  test("is waited for, and reached over its network", async () => {
    const stack = await two();
    const { inputs, dependsOn } = stack.get(CONTAINER);
    expect(inputs.networksAdvanced).toEqual([
      { name: idOf("web"), aliases: [] },
      { name: idOf("db"), aliases: [] },
    ]);
    expect(dependsOn).toEqual(["Network db", "Network web", "Stash db-ready", "Stash job-done"]);
  });

  test("does not change for it", async () => {
    const stack = await two();
    expect(stack.get("Container db").inputs.networksAdvanced).toEqual([{ name: idOf("db"), aliases: ["db"] }]);
    expect(stack.waitsFor("Container db", "Network web")).toBe(false);
    expect(stack.waitsFor("Stash db-ready", CONTAINER)).toBe(false);
  });

  test("when down, only lasting data is declared", async () => {
    const stack = await two(true);
    expect(stack.keys).toEqual([
      "Platform platform",
      "Provider docker",
      "Stash identity",
      "Stash job-done",
      "Stash ledger",
      "Thing db",
      "Thing web",
      "Volume db-data",
    ]);
    expect(stack.get("Stash ledger").inputs).toMatchObject({
      input: { volumes: { db: { volume: volumeOf("db-data") } } },
    });
  });
});

describe("the checks", () => {
  const RUNNING = { status: "running" as const, startedAt: new Date(), pidsLimit: 256 };
  const healthy = () => ({
    ...RUNNING,
    startedAt: new Date(Date.now() - 900),
    health: { status: "healthy" as const, probes: [probed(0, "", -100, 0)] },
  });

  /** Runs its hooks as the Pulumi engine does when it is changed in place: one after the other, until one throws. */
  async function updated(stack: Awaited<ReturnType<typeof service>>): Promise<void> {
    const newInputs = { memory: 700, memorySwap: 700, restart: "unless-stopped" };
    for (const name of UPDATED) await stack.run(name, { id: "c7", newInputs });
  }

  test("before it is made, also by a preview: removes an older one with its grace, and looks for its volume", async () => {
    const engine = new FakeEngine();
    const stack = await service({ ports: [{ hostPort: 1, port: 80 }], volumes: [DATA] }, { engine });
    expect(stack.get(CONTAINER).hooks).toEqual({ beforeCreate: ["web:guard", "web:memory"], beforeUpdate: UPDATED });
    expect(stack.hook("web:guard").opts).toEqual({ onDryRun: true });
    const own = Object.fromEntries(labels("web", "service").map(({ label, value }) => [label, value]));
    engine.listed = [{ id: "old", name: "old", state: "", status: "", image: "", labels: own, ports: [] }];
    await expect(stack.run("web:guard")).rejects.toThrow(
      `${SUBJECT}: its volume ${volumeOf("web-data")} is no longer on the engine`,
    );
    expect(engine.acts).toEqual([["remove", "old", 15]]);
    engine.madeVolumes.add(volumeOf("web-data"));
    await expect(stack.run("web:guard")).resolves.toBeUndefined();
  });

  test("a memory limit above the machine's is warned of, also by a preview, and not refused", async () => {
    const warned = vi.spyOn(pulumi.log, "warn").mockResolvedValue();
    for (const memoryMiB of [8 * 1024, 8 * 1024 + 1]) {
      const stack = await service({ memoryMiB });
      expect(stack.hook("web:memory").opts).toEqual({ onDryRun: true });
      await stack.run("web:memory");
    }
    expect(warned.mock.calls).toEqual([
      [`${SUBJECT}: memoryMiB is 8193, the engine's machine has 8192: the machine would run out before it`],
    ]);
  });

  test("more CPUs than the machine has are refused before anything that runs is touched; as many are taken", async () => {
    expect((await service({ cpus: 2 })).get(CONTAINER).inputs).toMatchObject({ image: "sha256:web", cpus: "2.0" });
    const stack = service({ cpus: 2.1 });
    expect(await refusedBy(() => stack)).toEqual([
      `${SUBJECT}: cpus should be 2 or less, which the engine's machine has, got 2.1`,
    ]);
  });

  test("the engine is not asked about its machine where nothing is made", async () => {
    expect((await service()).engine.calls.filter(([method]) => method === "info")).toEqual([]);
  });

  test("before its volume is made: refuses if another volume has its data, unless that belongs to another service by now", async () => {
    const engine = new FakeEngine();
    const own = Object.fromEntries(labels("web", "data").map(({ label, value }) => [label, value]));
    engine.listedVolumes = [{ name: volumeOf("db-data"), createdAt: new Date(0), labels: own }];
    const alone = await service({ volumes: [DATA] }, { engine });
    await expect(alone.run("web:volume")).rejects.toThrow(`web: its data is in volume ${volumeOf("db-data")}`);
    const renamed = await deploy(
      (platform) => [
        new Thing(platform, { volumes: [{ ...DATA, name: "db" }] }, "db"),
        new Thing(platform, { volumes: [DATA] }),
      ],
      { engine },
    );
    await expect(renamed.run("web:volume")).resolves.toBeUndefined();
  });

  test("before it is made: leaves others of it, when nothing is exclusive", async () => {
    const engine = new FakeEngine();
    const stack = await service({}, { engine });
    engine.listed = [
      { id: "old", name: "old", state: "", status: "", image: "", labels: { "stackyard.id": ID }, ports: [] },
    ];
    await expect(stack.run("web:guard")).resolves.toBeUndefined();
    expect(engine.acts).toEqual([]);
  });

  test("ready passes once the probe has passed, and sets the limit of processes", async () => {
    const stack = await service({ pids: 64 });
    stack.engine.container(idOf("web"), healthy());
    await expect(stack.run("web-ready")).resolves.toBeUndefined();
    expect(stack.engine.acts).toEqual([["limitPids", idOf("web"), 64]]);
  });

  test("ready fails when it stops, and passes when it is tried again successfully", async () => {
    const stack = await service();
    const container = stack.engine.container(idOf("web"), { status: "exited", exitCode: 3, pidsLimit: 256 });
    container.writes("no such file").onStart((it) => it.exits(3));
    await expect(stack.run("web-ready")).rejects.toThrow(
      new Error(
        `${SUBJECT} stopped with exit code 3\nlast log lines:\n  no such file\nMend the cause and run \`up\` again: it will be tried again.`,
      ),
    );
    stack.engine.container(idOf("web"), healthy());
    await expect(stack.run("web-ready")).resolves.toBeUndefined();
  });

  test("ready fails at its own time-out", async () => {
    const stack = await service({ readyTimeoutSeconds: 2 });
    stack.engine.container(idOf("web"), RUNNING);
    vi.useFakeTimers();
    const failed = stack.run("web-ready").catch((error: Error) => error.message.split("\n")[0]);
    await vi.advanceTimersByTimeAsync(3_000);
    vi.useRealTimers();
    expect(await failed).toBe(`${SUBJECT} did not get ready within 2 s`);
  });

  test("ready hides every secret of the platform in its message", async () => {
    const stack = await deploy((platform) => {
      password("other-password", platform, { parent: platform });
      return new Thing(platform, {});
    });
    const secret = passwordOf("other-password");
    stack.engine
      .container(idOf("web"), {
        status: "exited",
        health: { status: "starting", probes: [probed(1, `PASS ${secret}`)] },
      })
      .onStart((it) => it.writes(`login with ${secret}`).exits(1));
    await expect(stack.run("web-ready")).rejects.toThrow(
      new Error(
        `${SUBJECT} stopped with exit code 1\nlast probe: exit code 1: PASS [secret]\nlast log lines:\n  login with [secret]\n` +
          "Mend the cause and run `up` again: it will be tried again.",
      ),
    );
  });

  test("ready does not wait for a secret that may itself depend on it", async () => {
    const stack = await service();
    stack.platform.secrets.add(pulumi.output(new Promise<string>(() => {})));
    stack.engine.container(idOf("web"), healthy());
    await expect(stack.run("web-ready")).resolves.toBeUndefined();
  });

  test("an update waits until it is ready in the same way", async () => {
    const stack = await service();
    stack.engine.container("c7", { status: "exited", exitCode: 9 }).onStart((it) => it.exits(9));
    await expect(updated(stack)).rejects.toThrow(`${SUBJECT} stopped with exit code 9`);
    stack.engine.container("c7", healthy());
    await expect(updated(stack)).resolves.toBeUndefined();
  });

  test("an update changes it in place before it waits", async () => {
    const stack = await service();
    stack.engine
      .container("c7", { status: "exited", exitCode: 137, outOfMemory: true, pidsLimit: 256 })
      .onStart((it) => (stack.engine.acts[0]?.[0] === "update" ? it.in(0, healthy()) : it.exits(137)));
    await expect(updated(stack)).resolves.toBeUndefined();
    expect(stack.engine.acts).toEqual([
      ["update", "c7", { memoryMiB: 700, memorySwapMiB: 700, restart: "unless-stopped" }],
      ["start", "c7"],
    ]);
  });

  test.each<[string, Partial<ContainerState>, boolean]>([
    ["between two attempts of its restart policy", { status: "restarting", restarts: 3 }, true],
    ["in such an attempt", { restarts: 3, health: { status: "starting", probes: [] } }, true],
    ["unhealthy", { health: { status: "unhealthy", probes: [] } }, true],
    ["starting for the first time", { health: { status: "starting", probes: [] } }, false],
    ["healthy after some attempts", { ...healthy(), restarts: 3 }, false],
  ])("an update restarts one that is %s: %s", async (_, state, expected) => {
    const stack = await service();
    const container = stack.engine.container("c7", { ...RUNNING, ...state });
    container.onStart((it) => it.in(0, healthy()));
    if (!expected) container.in(0, healthy());
    await updated(stack);
    expect(stack.engine.acts.some(([method]) => method === "restart")).toBe(expected);
  });

  test("what the engine fails to change in place is refused at once", async () => {
    const stack = await service();
    stack.engine.container("c7", healthy());
    stack.engine.failures.set("update", new Error("device or resource busy "));
    await expect(updated(stack)).rejects.toThrow(
      new Error(
        "web: its memory cannot be set to 700 MiB while it runs, which it does as before: it may hold more than that " +
          "(device or resource busy). Set more; or take it down first, by `make down`, and bring it up again.",
      ),
    );
    expect(stack.engine.acts).toEqual([["update", "c7", expect.anything()]]);
  });

  test("an update reports a container that somebody has removed, and changes nothing", async () => {
    const stack = await service();
    await expect(updated(stack)).rejects.toThrow(`${SUBJECT} is gone: somebody removed its container`);
    expect(stack.engine.acts).toEqual([]);
  });

  test.each([
    ["is this machine's", 0],
    ["is two hours ahead", 7_200_000],
    ["is two hours behind", -7_200_000],
  ])("notes what it refers to, its state and how long it took: the engine's clock %s", async (_, aheadMs) => {
    const folder = mkdtempSync(join(tmpdir(), "stackyard-service-"));
    const file = join(folder, "timings");
    vi.stubEnv("STACKYARD_TIMINGS", file);
    const stack = await service();
    stack.engine.aheadMs = aheadMs;
    const at = Date.UTC(2026, 0, 2, 3, 4, 5);
    const [createdAt, startedAt, end] = [0, 400, 1_250].map((ms) => new Date(at + aheadMs + ms)) as [Date, Date, Date];
    stack.engine.container(idOf("web"), {
      ...RUNNING,
      createdAt,
      startedAt,
      health: { status: "healthy", probes: [{ start: startedAt, end, exitCode: 0, output: "" }] },
    });
    await stack.run("web-ready");
    expect(
      readFileSync(file, "utf8")
        .trim()
        .split("\n")
        .map((line) => JSON.parse(line)),
    ).toEqual([
      { service: "web", kind: "service", waitsFor: [] },
      { service: "web", replica: "web", createdAt: at, startedAt: at + 400, health: "healthy" },
      { service: "web", replica: "web", tookMs: 850 },
    ]);
    rmSync(folder, { recursive: true });
  });
});

describe("replicas", () => {
  const replicas = (args: Partial<ServiceArgs> = {}) => service({ replicas: 3, ...args });

  test("are containers of one service, which start in batches", async () => {
    const stack = await replicas();
    const names = ["web", "web.2", "web.3"];
    expect(stack.of("Container").map(({ name }) => name)).toEqual(names);
    expect(names.map((name) => stack.get(`Container ${name}`).inputs.labels)).toEqual([
      labels("web", "service"),
      [...labels("web", "service"), { label: "stackyard.replica", value: "web.2" }],
      [...labels("web", "service"), { label: "stackyard.replica", value: "web.3" }],
    ]);
    expect(stack.get("Container web.2").dependsOn).toEqual(["Network web"]);
    expect(stack.get("Container web.3").dependsOn).toEqual(["Network web", "Stash web.1-ready"]);
    expect(stack.get("Stash web.1-ready").dependsOn).toEqual(["Container web", "Container web.2"]);
    expect(stack.get("Stash web.1-ready").inputs).toEqual({
      input: { container: [idOf("web"), idOf("web.2")].join(), memoryMiB: 64 },
    });
    expect(stack.waitsFor("Stash web-ready", "Container web.2")).toBe(true);
    expect(await Promise.all(stack.made.members.map(({ host }) => held(host)))).toEqual([
      "id-of-web",
      "id-of-web.2",
      "id-of-web.3",
    ]);
  });

  test.each([
    [1, ["web.1-ready", "web.2-ready", "web-ready"]],
    [3, ["web-ready"]],
    [9, ["web-ready"]],
  ])("start %i at once", async (batch, gates) => {
    const stack = await replicas({ batch });
    const all = stack.of("Stash").map(({ name }) => name);
    expect(all.filter((name) => name.endsWith("-ready"))).toEqual(gates);
  });

  test("are all ready when the gate of their batch has been passed, and only then have their name", async () => {
    const stack = await replicas({ batch: 3 });
    for (const name of ["web", "web.2", "web.3"])
      stack.engine
        .container(idOf(name))
        .onStart((it) => it.in(0, { health: { status: "healthy", probes: [probed(0)] } }));
    await stack.run("web-ready");
    for (const name of ["web", "web.2", "web.3"]) {
      const calls = stack.engine.calls.filter(([, id]) => id === idOf(name)).map(([method]) => method);
      expect(calls.slice(0, 2)).toEqual(["inspect", "start"]);
      expect(calls.indexOf("join")).toBeGreaterThan(calls.lastIndexOf("inspect"));
      expect(stack.engine.calls).toContainEqual(["join", idOf(name), idOf("web"), ["web"]]);
    }
  });

  test("there are none while it does not run", async () => {
    const stack = await service({ replicas: 3 }, { down: true });
    expect(stack.made.members).toEqual([]);
    expect(stack.of("Container")).toEqual([]);
  });
});

describe("what it reaches without waiting for it", () => {
  const reaching = async () => {
    const stack = await deploy((platform) => {
      const app = new Thing(platform, {}, "app").service;
      return new Thing(platform, { reaches: [app] }).service;
    });
    stack.engine.container(idOf("web"), { status: "running", health: { status: "healthy", probes: [probed(0)] } });
    return stack;
  };

  test("is no part of its container, but exists longer", async () => {
    const stack = await reaching();
    const { inputs, dependsOn } = stack.get(CONTAINER);
    expect(inputs.networksAdvanced).toEqual([{ name: idOf("web"), aliases: [] }]);
    expect(dependsOn).toEqual(["Network app", "Network web"]);
    expect(stack.get("Stash web-ready").inputs).toEqual({
      input: { container: idOf("web"), memoryMiB: 64, reaches: idOf("app") },
    });
    expect(stack.platform.graph.edges).toEqual([{ from: "web", to: "app", waits: "ready" }]);
  });

  test("is joined before it is ready, and others of the stack are left", async () => {
    const stack = await reaching();
    const { engine } = stack;
    engine.joined.set(idOf("web"), { [idOf("web")]: ["web"], old: [], foreign: [] });
    engine.listedNetworks = [idOf("web"), idOf("app"), "old"].map((id) => ({ id, name: id }));
    await stack.run("web-ready");
    const acts = engine.calls.filter(([method]) => ["join", "leave", "limitPids"].includes(method));
    expect(acts).toEqual(
      expect.arrayContaining([
        ["join", idOf("web"), idOf("app"), []],
        ["leave", idOf("web"), "old"],
      ]),
    );
    expect(acts.filter(([method]) => method === "leave")).toHaveLength(1);
    expect(engine.calls).toContainEqual(["networks", { "stackyard.id": ID }]);
  });
});
