import * as pulumi from "@pulumi/pulumi";
import { describe, expect, test } from "vitest";
import type { Handle, ServiceWorkload, Workload } from "../../../../components/engines/engine.ts";
import { freeSubnet } from "../../../../components/engines/subnets.ts";
import type { Platform } from "../../../../components/index.ts";
import { FakeEngine } from "../../helpers/engine.ts";
import { deploy, idOf, type Options, type Stack, volumeOf } from "../../helpers/stack.ts";

const thing = (key: string): Handle => ({ key: pulumi.output(key), resource: {} as pulumi.Resource });
const WORKLOAD: Workload = {
  service: "web",
  image: thing("sha256:web"),
  env: {},
  secrets: {},
  files: {},
  user: "1000:1001",
  capabilities: [],
  readOnlyRoot: true,
  init: false,
  tmpfs: {},
  memoryMiB: 64,
  pids: 256,
  networks: [],
  volumes: [],
  mounts: [],
  labels: { "stackyard.service": "web" },
  watch: { subject: 'Thing "web"', timeoutSeconds: 90, mask: (text) => text, signal: new AbortController().signal },
};
const SERVICE: ServiceWorkload = {
  ...WORKLOAD,
  configFiles: {},
  published: [],
  restart: "unless-stopped",
  probe: { test: ["CMD", "true"], timeoutSeconds: 5, startIntervalMs: 200, intervalSeconds: 10, retries: 3 },
  stopGraceSeconds: 15,
};
const REPLACE_ON = ["healthcheck", "mounts", "tmpfs", "init", "cpuPeriod", "cpuQuota"];
/** What every container has. */
const HARDENED = {
  capabilities: { drops: ["ALL"] },
  securityOpts: ["no-new-privileges:true"],
  readOnly: true,
  init: false,
  memory: 64,
  memorySwap: 64,
  logDriver: "json-file",
  logOpts: { "max-size": "10m", "max-file": "3" },
  networkMode: "none",
  networksAdvanced: [],
  user: "1000:1001",
  image: "sha256:web",
  envs: [],
  tmpfs: {},
  labels: [{ label: "stackyard.service", value: "web" }],
  volumes: [],
};

const service = (change: Partial<ServiceWorkload> = {}, opts: pulumi.CustomResourceOptions = {}) =>
  deploy((platform) => platform.engine.service("web", { ...SERVICE, ...change }, opts));
const input = async (name: string, change: Partial<ServiceWorkload>) =>
  (await service(change)).get("Container web").inputs[name];

describe("a service", () => {
  test("is a container that is kept running, with its health check in the spelling of the provider", async () => {
    const { inputs, provider, replaceOnChanges, secretInputs } = (await service()).get("Container web");
    expect(inputs).toEqual({
      ...HARDENED,
      restart: "unless-stopped",
      mustRun: true,
      destroyGraceSeconds: 15,
      stopTimeout: 15,
      ports: [],
      healthcheck: {
        tests: ["CMD", "true"],
        interval: "10s",
        timeout: "5s",
        startPeriod: "1m30s",
        startInterval: "200ms",
        retries: 3,
      },
    });
    expect({ provider, replaceOnChanges, secretInputs }).toEqual({
      provider: "Provider docker",
      replaceOnChanges: REPLACE_ON,
      secretInputs: [],
    });
  });

  test("does without what the provider gets wrong: wait, attach, rm, a name, and mounts where it has none", async () => {
    const { inputs } = (await service()).get("Container web");
    for (const absent of ["wait", "attach", "rm", "mounts", "name", "platform", "mustRunTimeout"])
      expect(inputs).not.toHaveProperty(absent);
  });

  test.each<[string, Partial<ServiceWorkload>, string, unknown]>([
    ["command", { command: ["web", "--port", "1"] }, "command", ["web", "--port", "1"]],
    ["an entry point in place of the image's", { entrypoint: ["sh", "-c"] }, "entrypoints", ["sh", "-c"]],
    ["a program of its own, without a command", { entrypoint: ["web"], command: [] }, "command", undefined],
    ["no entry point: its program", { entrypoint: [], command: ["web", "--all"] }, "entrypoints", ["web"]],
    ["no entry point: what its program gets", { entrypoint: [], command: ["web", "--all"] }, "command", ["--all"]],
    ["no entry point, and a program alone", { entrypoint: [], command: ["web"] }, "command", undefined],
    ["environment, in its order", { env: { B: "1", A: pulumi.output("x=y") } }, "envs", ["B=1", "A=x=y"]],
    [
      "capabilities that it keeps",
      { capabilities: ["CAP_CHOWN"] },
      "capabilities",
      { drops: ["ALL"], adds: ["CAP_CHOWN"] },
    ],
    ["a root that it may write to", { readOnlyRoot: false }, "readOnly", false],
    ["a process 1 before it", { init: true }, "init", true],
    ["folders in memory", { tmpfs: { "/tmp": "size=1m" } }, "tmpfs", { "/tmp": "size=1m" }],
    ["CPUs", { cpus: 1 }, "cpus", "1.0"],
    ["all GPUs", { gpus: "all" }, "gpus", "all"],
    ["some GPUs", { gpus: 2 }, "gpus", "2"],
    [
      "networks, with its names there",
      {
        networks: [
          { network: thing("n1"), aliases: ["web"] },
          { network: thing("n2"), aliases: [] },
        ],
      },
      "networksAdvanced",
      [
        { name: "n1", aliases: ["web"] },
        { name: "n2", aliases: [] },
      ],
    ],
    [
      "ports, by those inside",
      {
        published: [
          { hostPort: 80, port: 9000, protocol: "tcp", address: "127.0.0.1" },
          { hostPort: 53, port: 8000, protocol: "udp", address: "127.0.0.1" },
          { hostPort: 90, port: 8000, protocol: "tcp", address: "0.0.0.0" },
        ],
      },
      "ports",
      [
        { internal: 8000, external: 90, ip: "0.0.0.0", protocol: "tcp" },
        { internal: 8000, external: 53, ip: "127.0.0.1", protocol: "udp" },
        { internal: 9000, external: 80, ip: "127.0.0.1", protocol: "tcp" },
      ],
    ],
    [
      "data in a volume",
      { volumes: [{ path: "/data", volume: thing("v1") }] },
      "volumes",
      [{ containerPath: "/data", volumeName: "v1" }],
    ],
    [
      "folders of this machine, which it only reads",
      { mounts: [{ source: "/home/me/src", path: "/app/src", readOnly: true }] },
      "mounts",
      [{ type: "bind", source: "/home/me/src", target: "/app/src", readOnly: true }],
    ],
  ])("has %s", async (_, change, name, expected) => {
    expect(await input(name, change)).toEqual(expected);
  });

  test("takes its options on, and adds its own", async () => {
    const stack = await service({}, { deleteBeforeReplace: false, protect: true });
    const { deleteBeforeReplace, protect, replaceOnChanges } = stack.get("Container web");
    expect({ deleteBeforeReplace, protect, replaceOnChanges }).toEqual({
      deleteBeforeReplace: false,
      protect: true,
      replaceOnChanges: REPLACE_ON,
    });
  });
});

test("a job is a container that is made and not started", async () => {
  const stack = await deploy((platform) => platform.engine.job("web", { ...WORKLOAD, command: ["run"] }, {}));
  expect(stack.get("Container web").inputs).toEqual({
    ...HARDENED,
    command: ["run"],
    start: false,
    mustRun: false,
    restart: "no",
    destroyGraceSeconds: 10,
  });
});

describe("secrets and files", () => {
  const CONTENTS = {
    secrets: { "/run/secrets": { b: "hunter22", a: pulumi.secret("sesame11") } },
    files: { "x.sql": "select 1" },
  };
  const filled = () => service({ ...CONTENTS, volumes: [{ path: "/data", volume: thing("v1") }] });

  test("are in volumes of their own, which the container only reads", async () => {
    const { inputs, dependsOn, secretInputs } = (await filled()).get("Container web");
    expect({ volumes: inputs.volumes, dependsOn, secretInputs }).toEqual({
      volumes: [
        { containerPath: "/data", volumeName: "v1" },
        { containerPath: "/run/secrets", volumeName: volumeOf("web-secrets"), readOnly: true },
        { containerPath: "/run/files", volumeName: volumeOf("web-files"), readOnly: true },
      ],
      dependsOn: ["Volume web-files", "Volume web-secrets"],
      secretInputs: [],
    });
  });

  const OWN = { "stackyard.service": "web", "stackyard.kind": "carrier" };
  const CARRIER = { ...OWN, "stackyard.run": expect.any(String) };
  const SECRET_FILES = [
    { name: "b", content: "hunter22", mode: 0o400, uid: 1000, gid: 1001 },
    { name: "a", content: "sesame11", mode: 0o400, uid: 1000, gid: 1001 },
  ];
  const OTHER_FILES = [{ name: "x.sql", content: "select 1", mode: 0o444, uid: 0, gid: 0 }];
  const SECRETS = ["fillVolume", volumeOf("web-secrets"), SECRET_FILES, "sha256:web", CARRIER];
  const FILES = ["fillVolume", volumeOf("web-files"), OTHER_FILES, "sha256:web", CARRIER];
  const put = (stack: Stack<unknown>) => stack.engine.calls.filter(([method]) => method === "fillVolume");

  test("are put there when the container is about to be made, after all other checks", async () => {
    const stack = await deploy((platform) => {
      const hooks = { beforeCreate: [new pulumi.ResourceHook("other", () => {})], afterUpdate: [() => {}] };
      return platform.engine.service("web", { ...SERVICE, ...CONTENTS }, { hooks });
    });
    const { hooks, type } = stack.get("Container web");
    expect(hooks).toEqual({
      beforeCreate: ["other", "web:secrets", "web:files"],
      beforeUpdate: [`${type}_web_beforeUpdate_0`, `${type}_web_beforeUpdate_1`],
      afterUpdate: [`${type}_web_afterUpdate_0`],
    });
    for (const name of ["web:secrets", "web:files"]) {
      expect(stack.hook(name).opts?.onDryRun ?? false).toBe(false);
      await stack.run(name);
    }
    expect(put(stack)).toEqual([SECRETS, FILES]);
  });

  test("are put into a volume that has just been made already, and not once more", async () => {
    const stack = await filled();
    expect(stack.get("Volume web-secrets").hooks).toEqual({ afterCreate: ["web:secrets:early"] });
    await stack.run("web:secrets:early", { newOutputs: { name: volumeOf("web-secrets") } });
    await stack.run("web:secrets");
    expect(put(stack)).toEqual([SECRETS]);
  });

  test("are put there once more when that failed, which does not fail the volume", async () => {
    const stack = await filled();
    stack.engine.failures.set("fillVolume", new Error("no such image"));
    await expect(
      stack.run("web:secrets:early", { newOutputs: { name: volumeOf("web-secrets") } }),
    ).resolves.toBeUndefined();
    await expect.poll(() => put(stack)).toHaveLength(1);
    stack.engine.failures.clear();
    await stack.run("web:secrets");
    expect(put(stack)).toEqual([SECRETS, SECRETS]);
  });

  test("wait for what refuses a change; and what an ended run left to carry them goes first", async () => {
    const stack = await deploy((platform) => {
      const allowed = new pulumi.Stash("allowed", { input: 1 });
      return platform.engine.service("web", { ...SERVICE, ...CONTENTS, allowed }, {});
    });
    expect(stack.get("Volume web-secrets").dependsOn).toEqual(["Stash allowed"]);
    const listed = { name: "", state: "created", status: "", image: "", ports: [] };
    stack.engine.listed = [{ ...listed, id: "left", labels: { ...OWN, "stackyard.run": "another" } }];
    await stack.run("web:secrets");
    const [[, , , , labels] = []] = put(stack);
    stack.engine.listed = [{ ...listed, id: "mine", labels: labels as Record<string, string> }];
    await stack.run("web:files");
    expect(stack.engine.acts.filter(([act]) => act === "remove")).toEqual([["remove", "left", 0]]);
  });

  test("fail the container when they cannot be put there", async () => {
    const stack = await filled();
    stack.engine.failures.set("fillVolume", new Error("no space left on device"));
    await expect(stack.run("web:secrets")).rejects.toThrow(new Error("no space left on device"));
  });

  test("are a hash, without a mark, where they decide whether the volume is a new one", async () => {
    const stack = await filled();
    expect(stack.get("Volume web-secrets").replacementTrigger).toMatch(/^[0-9a-f]{32}$/);
    expect(stack.get("Volume web-secrets").secretInputs).toEqual([]);
    expect(stack.get("Volume web-files").secretInputs).toEqual([]);
  });

  test("another content is another volume, the same is the same", async () => {
    const trigger = async (secrets: Record<string, string>) =>
      (await service({ secrets: { "/run/secrets": secrets } })).get("Volume web-secrets").replacementTrigger;
    const first = await trigger({ a: "1", b: "2" });
    expect(await trigger({ a: "1", b: "3" })).not.toEqual(first);
    expect(await trigger({ a: "1" })).not.toEqual(first);
    expect(await trigger({ a: "1", b: "2" })).toEqual(first);
  });

  test("the same in another order is the same", async () => {
    const trigger = async (secrets: Record<string, string>) =>
      (await service({ secrets: { "/run/secrets": secrets } })).get("Volume web-secrets").replacementTrigger;
    expect(await trigger({ b: "2", a: "1" })).toEqual(await trigger({ a: "1", b: "2" }));
  });

  test("of a job are in volumes that go with its container, filled when it is about to be started", async () => {
    const stack = await deploy((platform) => platform.engine.job("web", { ...WORKLOAD, ...CONTENTS }, {}));
    expect(stack.of("Volume")).toEqual([]);
    const { inputs, hooks, secretInputs } = stack.get("Container web");
    expect({ volumes: inputs.volumes, hooks, secretInputs }).toEqual({
      volumes: [{ containerPath: "/run/secrets" }, { containerPath: "/run/files" }],
      hooks: {},
      secretInputs: [],
    });
    stack.engine.container(idOf("web")).onStart((it) => it.exits(0));
    await stack.made.run();
    expect(stack.engine.acts).toEqual([
      ["limitPids", idOf("web"), 256],
      ["putFiles", idOf("web"), "/run/secrets", SECRET_FILES],
      ["putFiles", idOf("web"), "/run/files", OTHER_FILES],
      ["start", idOf("web")],
    ]);
  });

  test("make nothing where there are none", async () => {
    const stack = await service();
    expect(stack.of("Volume")).toEqual([]);
    expect(stack.of("Container").map(({ name, hooks }) => ({ name, hooks }))).toEqual([
      { name: "web", hooks: { beforeUpdate: [expect.any(String), expect.any(String)] } },
    ]);
  });

  test("their volumes are not replaced for labels, driver or name", async () => {
    const { ignoreChanges, protect, inputs } = (await filled()).get("Volume web-secrets");
    expect({ ignoreChanges, protect, inputs }).toEqual({
      ignoreChanges: ["labels", "driver", "driverOpts", "name"],
      protect: false,
      inputs: {
        labels: [
          { label: "stackyard.service", value: "web" },
          { label: "stackyard.kind", value: "secrets" },
        ],
      },
    });
  });
});

test("a container with networks is on those alone, one without on none, not on the engine's default one", async () => {
  expect(await input("networkMode", {})).toBe("none");
  expect(await input("networkMode", { networks: [{ network: thing("n1"), aliases: [] }] })).toBe("bridge");
});

describe("a network", () => {
  const network = (access: "closed" | "reachable" | "open") =>
    deploy((platform: Platform) =>
      platform.engine.network("web", { access, subnetPool: "10.213.0.0/28", labels: { a: "b" } }, {}),
    );

  test.each<["closed" | "reachable" | "open", boolean, Record<string, string>]>([
    ["closed", true, { enable_ip_masquerade: "false", inhibit_ipv4: "true" }],
    ["reachable", false, { enable_ip_masquerade: "false" }],
    ["open", false, { enable_ip_masquerade: "true" }],
  ])("that is %s", async (access, internal, bridge) => {
    const options = Object.entries(bridge).map(([key, value]) => [`com.docker.network.bridge.${key}`, value]);
    const stack = await network(access);
    const { inputs, ignoreChanges, provider } = stack.get("Network web");
    expect({ inputs, ignoreChanges, provider }).toEqual({
      inputs: {
        driver: "bridge",
        internal,
        options: Object.fromEntries(options),
        ipamConfigs: [{ subnet: "10.213.0.0/28" }],
        labels: [{ label: "a", value: "b" }],
      },
      ignoreChanges: ["ipamConfigs"],
      provider: "Provider docker",
    });
  });

  test("is known by its id", async () => {
    const { made } = await network("open");
    expect(await new Promise((resolve) => made.key.apply(resolve))).toBe(idOf("web"));
  });
});

test.each([
  [false, "nothing about it replaces it", ["labels", "driver", "driverOpts", "name"]],
  [true, "where it is replaceable, other labels do", ["driver", "driverOpts", "name"]],
])("a volume is known by its name; replaceable: %s, so %s", async (replaceable, _, ignored) => {
  const stack = await deploy((platform) =>
    platform.engine.volume("data", { labels: { a: "b" }, replaceable }, { protect: true }),
  );
  const { inputs, ignoreChanges, protect } = stack.get("Volume data");
  expect({ inputs, ignoreChanges, protect }).toEqual({
    inputs: { labels: [{ label: "a", value: "b" }] },
    ignoreChanges: ignored,
    protect: true,
  });
  expect(await new Promise((resolve) => stack.made.key.apply(resolve))).toBe(volumeOf("data"));
});

/** The subnets of networks with these names, as the provider is asked for them. */
const subnets = async (names: string[], options: Options = {}) => {
  const stack = await deploy(
    ({ engine, subnetPool }) =>
      names.map((name) => engine.network(name, { access: "open", subnetPool, labels: {} }, {})),
    options,
  );
  return names.map((name) => (stack.get(`Network ${name}`).inputs.ipamConfigs as { subnet: string }[])[0]?.subnet);
};

describe("a network's subnet", () => {
  test("is one for each name, free on the engine, and of this run", async () => {
    const first = freeSubnet("stackyard/dev/one", []);
    const second = freeSubnet("stackyard/dev/one", [first]);
    const engine = new FakeEngine();
    engine.usedSubnets = [first, "fd00::/64"];
    expect(await subnets(["one", "two"], { engine })).toEqual([
      second,
      freeSubnet("stackyard/dev/two", [first, second]),
    ]);
  });

  test("is none that a route of the machine leads to, where the engine is on it", async () => {
    const first = freeSubnet("stackyard/dev/one", []);
    const engine = new FakeEngine();
    engine.routesThere = [first, "0.0.0.0/0", "10.0.0.0/8"];
    const at = async (options: Options) => (await subnets(["one"], { engine, ...options }))[0];
    expect(await at({})).toBe(freeSubnet("stackyard/dev/one", [first]));
    expect(await at({ host: "tcp://elsewhere:2375" })).toBe(first);
  });

  test("is of the pool that is set", async () => {
    const [at] = await subnets(["one"], { subnetPool: "10.77.0.0/24" });
    expect(at).toBe(freeSubnet("stackyard/dev/one", [], undefined, "10.77.0.0/24"));
  });

  test("is none that another process is about to take, but in a preview, which takes none", async () => {
    const first = freeSubnet("stackyard/dev/one", []);
    const engine = new FakeEngine();
    engine.claimedSubnets.add(first);
    const at = async (options: Options) => (await subnets(["one"], { engine, ...options }))[0];
    expect(await at({})).toBe(freeSubnet("stackyard/dev/one", [first]));
    expect(await at({ preview: true })).toBe(first);
  });

  test("differs between Pulumi stacks and projects", async () => {
    const at = async (options: Options) => (await subnets(["one"], options))[0];
    expect(await at({ stack: "prod" })).toBe(freeSubnet("stackyard/prod/one", []));
    expect(await at({ project: "shop" })).toBe(freeSubnet("shop/dev/one", []));
  });

  test("the engine is asked once", async () => {
    const engine = new FakeEngine();
    await subnets(["one", "two"], { engine });
    expect(engine.calls).toEqual([["subnets"]]);
  });
});
