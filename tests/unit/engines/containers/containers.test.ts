import * as pulumi from "@pulumi/pulumi";
import { describe, expect, test, vi } from "vitest";
import type { EngineApi } from "../../../../components/engines/containers/api.ts";
import { carrierLabels } from "../../../../components/engines/containers/carriers.ts";
import { ExecError, type Handle, type ServiceWorkload, type Workload } from "../../../../components/engines/engine.ts";
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
/** The inputs that every container has. */
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
  test("is a container that is kept running, with its health check as the provider spells it", async () => {
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

  test("leaves out what the provider gets wrong: wait, attach, rm, a name, and an empty list of mounts", async () => {
    const { inputs } = (await service()).get("Container web");
    for (const absent of ["wait", "attach", "rm", "mounts", "name", "platform", "mustRunTimeout"])
      expect(inputs).not.toHaveProperty(absent);
  });

  test.each<[string, Partial<ServiceWorkload>, string, unknown]>([
    ["command", { command: ["web", "--port", "1"] }, "command", ["web", "--port", "1"]],
    ["an entry point in place of the image's", { entrypoint: ["sh", "-c"] }, "entrypoints", ["sh", "-c"]],
    ["a program as its entry point, without a command", { entrypoint: ["web"], command: [] }, "command", undefined],
    [
      "its command's program, where it has no entry point",
      { entrypoint: [], command: ["web", "--all"] },
      "entrypoints",
      ["web"],
    ],
    [
      "that program's arguments, where it has no entry point",
      { entrypoint: [], command: ["web", "--all"] },
      "command",
      ["--all"],
    ],
    ["no command for a program without arguments", { entrypoint: [], command: ["web"] }, "command", undefined],
    ["environment, in its order", { env: { B: "1", A: pulumi.output("x=y") } }, "envs", ["B=1", "A=x=y"]],
    ["added capabilities", { capabilities: ["CAP_CHOWN"] }, "capabilities", { drops: ["ALL"], adds: ["CAP_CHOWN"] }],
    ["a root that can be written", { readOnlyRoot: false }, "readOnly", false],
    ["the engine's init as process 1", { init: true }, "init", true],
    ["folders in memory", { tmpfs: { "/tmp": "size=1m" } }, "tmpfs", { "/tmp": "size=1m" }],
    ["CPUs", { cpus: 1 }, "cpus", "1.0"],
    ["all GPUs", { gpus: "all" }, "gpus", "all"],
    ["some GPUs", { gpus: 2 }, "gpus", "2"],
    [
      "networks, with its names on them",
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
      "networks on which it has its names only once it is ready",
      { networks: [{ network: thing("n1"), aliases: ["web"], whenReady: true }] },
      "networksAdvanced",
      [{ name: "n1", aliases: [] }],
    ],
    [
      "ports, sorted by those inside",
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
      "folders of this machine, read-only",
      { mounts: [{ source: "/home/me/src", path: "/app/src", readOnly: true }] },
      "mounts",
      [{ type: "bind", source: "/home/me/src", target: "/app/src", readOnly: true }],
    ],
  ])("has %s", async (_, change, name, expected) => {
    expect(await input(name, change)).toEqual(expected);
  });

  test("adds its own options to those of its caller", async () => {
    const stack = await service({}, { deleteBeforeReplace: false, protect: true });
    const { deleteBeforeReplace, protect, replaceOnChanges } = stack.get("Container web");
    expect({ deleteBeforeReplace, protect, replaceOnChanges }).toEqual({
      deleteBeforeReplace: false,
      protect: true,
      replaceOnChanges: REPLACE_ON,
    });
  });
});

test("what is put into a service is its user's, who alone can read it", async () => {
  const stack = await deploy((platform) => platform.engine.service("web", SERVICE, {}));
  await stack.made.put("/data", { key: "text" });
  const files = [{ name: "key", content: "text", mode: 0o600, uid: 1000, gid: 1001 }];
  expect(stack.engine.acts).toEqual([["putFiles", idOf("web"), "/data", files]]);
});

test("a job is a container that is made, and not started", async () => {
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

  test("are in volumes of their own, read-only", async () => {
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

  const LABELS = { "stackyard.service": "web" };
  const OWN = carrierLabels(LABELS);
  const SECRET_FILES = [
    { name: "b", content: "hunter22", mode: 0o400, uid: 1000, gid: 1001 },
    { name: "a", content: "sesame11", mode: 0o400, uid: 1000, gid: 1001 },
  ];
  const OTHER_FILES = [{ name: "x.sql", content: "select 1", mode: 0o444, uid: 0, gid: 0 }];
  const SECRETS = ["fillVolume", volumeOf("web-secrets"), SECRET_FILES, "sha256:web", LABELS];
  const FILES = ["fillVolume", volumeOf("web-files"), OTHER_FILES, "sha256:web", LABELS];
  const fills = (stack: Stack<unknown>) => stack.engine.calls.filter(([method]) => method === "fillVolume");

  test("are put in before the container is made, after all other checks", async () => {
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
    expect(fills(stack)).toEqual([SECRETS, FILES]);
  });

  test("are put in as soon as the volume is made, and then not again", async () => {
    const stack = await filled();
    expect(stack.get("Volume web-secrets").hooks).toEqual({ afterCreate: ["web:secrets:early"] });
    await stack.run("web:secrets:early", { newOutputs: { name: volumeOf("web-secrets") } });
    await stack.run("web:secrets");
    expect(fills(stack)).toEqual([SECRETS]);
  });

  test("are put in again when that failed, which does not fail the volume", async () => {
    const stack = await filled();
    stack.engine.failures.set("fillVolume", new Error("no such image"));
    await expect(
      stack.run("web:secrets:early", { newOutputs: { name: volumeOf("web-secrets") } }),
    ).resolves.toBeUndefined();
    await expect.poll(() => fills(stack)).toHaveLength(1);
    stack.engine.failures.clear();
    await stack.run("web:secrets");
    expect(fills(stack)).toEqual([SECRETS, SECRETS]);
  });

  test("wait for what may refuse the change; the container that an ended run left is removed first", async () => {
    const stack = await deploy((platform) => {
      const allowed = new pulumi.Stash("allowed", { input: 1 });
      return platform.engine.service("web", { ...SERVICE, ...CONTENTS, allowed }, {});
    });
    expect(stack.get("Volume web-secrets").dependsOn).toEqual(["Stash allowed"]);
    const listed = { name: "", state: "created", status: "", image: "", ports: [] };
    stack.engine.listed = [{ ...listed, id: "left", labels: { ...OWN, "stackyard.run": "another" } }];
    await stack.run("web:secrets");
    stack.engine.listed = [{ ...listed, id: "mine", labels: OWN }];
    await stack.run("web:files");
    expect(stack.engine.acts.filter(([act]) => act === "remove")).toEqual([["remove", "left", 0]]);
  });

  test("fail the container when they cannot be put in", async () => {
    const stack = await filled();
    stack.engine.failures.set("fillVolume", new Error("no space left on device"));
    await expect(stack.run("web:secrets")).rejects.toThrow(new Error("no space left on device"));
  });

  test("are a hash, not marked as secret, in what decides whether the volume is replaced", async () => {
    const stack = await filled();
    expect(stack.get("Volume web-secrets").replacementTrigger).toMatch(/^[0-9a-f]{32}$/);
    expect(stack.get("Volume web-secrets").secretInputs).toEqual([]);
    expect(stack.get("Volume web-files").secretInputs).toEqual([]);
  });

  test("replace the volume exactly when their content changes", async () => {
    const trigger = async (secrets: Record<string, string>) =>
      (await service({ secrets: { "/run/secrets": secrets } })).get("Volume web-secrets").replacementTrigger;
    const first = await trigger({ a: "1", b: "2" });
    expect(await trigger({ a: "1", b: "3" })).not.toEqual(first);
    expect(await trigger({ a: "1" })).not.toEqual(first);
    expect(await trigger({ a: "1", b: "2" })).toEqual(first);
  });

  test("do not replace the volume when their order changes", async () => {
    const trigger = async (secrets: Record<string, string>) =>
      (await service({ secrets: { "/run/secrets": secrets } })).get("Volume web-secrets").replacementTrigger;
    expect(await trigger({ b: "2", a: "1" })).toEqual(await trigger({ a: "1", b: "2" }));
  });

  test("of a job are put into its container's own volumes before it is started", async () => {
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

  test("need no volume where there are none", async () => {
    const stack = await service();
    expect(stack.of("Volume")).toEqual([]);
    expect(stack.of("Container").map(({ name, hooks }) => ({ name, hooks }))).toEqual([
      { name: "web", hooks: { beforeUpdate: [expect.any(String), expect.any(String)] } },
    ]);
  });

  test("do not replace their volumes for labels, driver or name", async () => {
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

test("a container is only on its networks, and one without networks on none, not even the engine's default one", async () => {
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

  test("has its id as key", async () => {
    const { made } = await network("open");
    expect(await new Promise((resolve) => made.key.apply(resolve))).toBe(idOf("web"));
  });
});

test.each([
  [false, "nothing about it replaces it", ["labels", "driver", "driverOpts", "name"]],
  [true, "where it is replaceable, other labels do", ["driver", "driverOpts", "name"]],
])("a volume has its name as key; replaceable: %s, so %s", async (replaceable, _, ignored) => {
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

/** @returns the subnets in the inputs of networks with these names. */
const subnets = async (names: string[], options: Options = {}) => {
  const stack = await deploy(
    ({ engine, subnetPool }) =>
      names.map((name) => engine.network(name, { access: "open", subnetPool, labels: {} }, {})),
    options,
  );
  return names.map((name) => (stack.get(`Network ${name}`).inputs.ipamConfigs as { subnet: string }[])[0]?.subnet);
};

describe("a network's subnet", () => {
  test("is free on the engine and in this run", async () => {
    const first = freeSubnet("stackyard/dev/one", []);
    const second = freeSubnet("stackyard/dev/one", [first]);
    const engine = new FakeEngine();
    engine.usedSubnets = [first, "fd00::/64"];
    expect(await subnets(["one", "two"], { engine })).toEqual([
      second,
      freeSubnet("stackyard/dev/two", [first, second]),
    ]);
  });

  test("avoids the machine's routes, where the engine is on this machine", async () => {
    const first = freeSubnet("stackyard/dev/one", []);
    const engine = new FakeEngine();
    engine.routesThere = [first, "0.0.0.0/0", "10.0.0.0/8"];
    const at = async (options: Options) => (await subnets(["one"], { engine, ...options }))[0];
    expect(await at({})).toBe(freeSubnet("stackyard/dev/one", [first]));
    expect(await at({ host: "tcp://elsewhere:2375" })).toBe(first);
  });

  test("is from the pool that is set", async () => {
    const [at] = await subnets(["one"], { subnetPool: "10.77.0.0/24" });
    expect(at).toBe(freeSubnet("stackyard/dev/one", [], undefined, "10.77.0.0/24"));
  });

  test("avoids what another process has claimed, except in a preview, which claims none", async () => {
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

  test("takes one request to the engine, whatever the number of networks", async () => {
    const engine = new FakeEngine();
    await subnets(["one", "two"], { engine });
    expect(engine.calls).toEqual([["subnets"]]);
  });
});

test("the program of probes is read by a container with the labels of the stack, and of no service", async () => {
  const probe = { ...SERVICE.probe, program: thing("sha256:busybox") };
  const labels = { "stackyard.id": "x", "stackyard.service": "web" };
  const stack = await deploy((platform) => platform.engine.service("web", { ...SERVICE, probe, labels }, {}));
  const fileOf = vi.spyOn(stack.engine as EngineApi, "fileOf");
  await stack.run("web:program");
  expect(fileOf.mock.calls).toEqual([["sha256:busybox", "/bin/busybox", { "stackyard.id": "x" }]]);
});

describe("a program in a service", () => {
  test("runs in its container, and its output is returned", async () => {
    const stack = await service();
    stack.engine.executed = (command) => ({ exitCode: 0, output: command.join(" ") });
    expect(await stack.made.exec(["echo", "a b"])).toBe("echo a b");
    expect(stack.engine.calls).toContainEqual(["execute", idOf("web"), ["echo", "a b"]]);
  });

  test.each([
    ["no such file\n", "no such file"],
    ["", "exit code 3"],
  ])("that fails is an error with its output: %j", async (output, message) => {
    const stack = await service();
    stack.engine.executed = () => ({ exitCode: 3, output });
    const failure = await stack.made.exec(["false"]).catch((error: Error) => error);
    expect(failure).toBeInstanceOf(ExecError);
    expect((failure as Error).message).toBe(message);
  });
});
