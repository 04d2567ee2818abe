import { resolve } from "node:path";
import * as pulumi from "@pulumi/pulumi";
import { describe, expect, test } from "vitest";
import type { Database } from "../../../components/core/database.ts";
import type { Platform } from "../../../components/index.ts";
import { FACTS, type Facts, markOf } from "../../contract/facts.ts";
import { probed } from "../helpers/engine.ts";
import { deliveriesTo, everyService, expectNoSecret, healthcheck } from "../helpers/expected.ts";
import { deploy, held, idOf, labels, type Options, passwordOf, volumeOf } from "../helpers/stack.ts";

// Proves for every database, by its row in contract/facts.ts, what each asks of the engine.

const CONTAINER = "Container main";
const DATA = volumeOf("main-data");
const TMP = { "/tmp": "mode=1777,size=64m" };

describe.each(Object.entries<Facts>(FACTS))("%s", (kind, facts) => {
  const { image, container, credential, dataPath, memoryMiB, pids, ports, stopGraceSeconds, url } = facts;
  const component = facts.component as new (name: string, args: { platform: Platform }) => Database;
  const database = (args: object = {}, options: Options = {}) =>
    deploy((platform) => new component("main", { platform, ...args }), options);

  const key = `${kind} main`;
  const secret = passwordOf(credential?.resource ?? "");
  const password = credential ? [`RandomPassword ${credential.resource}`] : [];
  const delivered = credential ? ["Volume main-secrets"] : [];
  const mounts = [
    ...(credential ? [{ containerPath: "/run/secrets", volumeName: volumeOf("main-secrets"), readOnly: true }] : []),
  ];
  const recorded = (given?: string) => ({
    volume: DATA,
    ...facts.recorded,
    firstStart: { ...facts.recorded.firstStart, ...(credential?.fixed ? origin(credential.name, given) : {}) },
  });
  const origin = (name: string, given?: string) =>
    given === undefined
      ? { [name]: "a generated one" }
      : { [name]: "a given one", [`given ${name}`]: `the one marked ${markOf(given)}` };
  const madeWith = (given?: string) => {
    const { major, firstStart } = recorded(given);
    const all = Object.entries({ ...(major === undefined ? {} : { version: major }), ...firstStart });
    const value = all.map((each) => each.join(" ")).join(", ");
    return [...labels("main", "data"), ...(value === "" ? [] : [{ label: "stackyard.made-with", value }])];
  };
  /** Each port that can be published, with a port of the host. */
  const published = Object.entries(ports).map(([argument, port], at) => ({ argument, port, hostPort: 15_000 + at }));
  const everyPort = Object.fromEntries(published.map(({ argument, hostPort }) => [argument, hostPort]));

  test("is made of a credential where it has one, a volume, a network, a container and a gate", async () => {
    expect((await database()).types).toEqual({
      "Platform platform": "stackyard:core:Platform",
      "Provider docker": "pulumi:providers:docker",
      "Stash identity": "pulumi:index:Stash",
      "Stash ledger": "pulumi:index:Stash",
      [`RemoteImage ${image}`]: "docker:index/remoteImage:RemoteImage",
      [key]: `stackyard:databases:${kind}`,
      ...Object.fromEntries(password.map((each) => [each, "random:index/randomPassword:RandomPassword"])),
      "Volume main-data": "docker:index/volume:Volume",
      ...Object.fromEntries(delivered.map((each) => [each, "docker:index/volume:Volume"])),
      "Network main": "docker:index/network:Network",
      [CONTAINER]: "docker:index/container:Container",
      "Stash main-ready": "pulumi:index:Stash",
    });
  });

  test("its resources are its children", async () => {
    const children = (await database()).resources.filter(({ parent }) => parent === key).map((each) => each.key);
    expect(children.sort()).toEqual([
      CONTAINER,
      "Network main",
      ...password,
      "Stash main-ready",
      "Volume main-data",
      ...delivered,
    ]);
  });

  test("its container has these inputs by default", async () => {
    const { inputs, deleteBeforeReplace, dependsOn, protect, secretInputs } = (await database()).get(CONTAINER);
    const { tests, timeout, startPeriod, ...probe } = container.healthcheck;
    expect(inputs).toEqual({
      ...everyService(memoryMiB, stopGraceSeconds),
      ...container,
      image: `sha256:${image}`,
      tmpfs: { ...TMP, ...container.tmpfs },
      healthcheck: { ...healthcheck(tests, timeout, startPeriod), ...probe },
      networksAdvanced: [{ name: idOf("main"), aliases: ["main"] }],
      labels: labels("main", "service"),
      ports: [],
      volumes: [{ containerPath: dataPath, volumeName: DATA }, ...mounts],
    });
    expect({ deleteBeforeReplace, dependsOn, protect, secretInputs }).toEqual({
      deleteBeforeReplace: true,
      dependsOn: ["Network main", `RemoteImage ${image}`, "Stash ledger", "Volume main-data", ...delivered],
      protect: false,
      secretInputs: [],
    });
  });

  test.each([
    { given: { cpus: 0.5, readyTimeoutSeconds: 20 }, cpus: "0.5", startPeriod: "20s" },
    { given: { cpus: 1.5, readyTimeoutSeconds: 90 }, cpus: "1.5", startPeriod: "1m30s" },
  ])("limits and ports can be set: $given", async ({ given, cpus, startPeriod }) => {
    const limits = { memoryMiB: 3 * memoryMiB, stopGraceSeconds: 5 };
    const stack = await database({ ...limits, ...given, ...everyPort });
    expect(stack.get(CONTAINER).inputs).toMatchObject({
      ...everyService(3 * memoryMiB, 5),
      cpus,
      ports: published
        .map(({ port, hostPort }) => ({ internal: port, external: hostPort, ip: "127.0.0.1", protocol: "tcp" }))
        .sort((a, b) => a.internal - b.internal),
      healthcheck: { startPeriod },
    });
    expect(stack.get("Network main").inputs.internal).toBe(true);
    expect(stack.get("Network main-outside").inputs.internal).toBe(false);
  });

  test("a derivative of its image, environment, files and limits can be set", async () => {
    const image = { registry: "shop/derivative:1", packages: "base" };
    const given = { image, env: { SHOP: "it's" }, files: { "/etc/shop/x": "package.json" }, pids: 300, shmSizeMiB: 48 };
    const stack = await database(given);
    const { image: used, envs, shmSize, mounts } = stack.get(CONTAINER).inputs;
    expect({ used, shmSize, mounts }).toEqual({
      used: "sha256:image-shop-derivative-1",
      shmSize: 48,
      mounts: [{ type: "bind", source: resolve("package.json"), target: "/etc/shop/x", readOnly: true }],
    });
    expect(envs).toEqual([...container.envs, "SHOP=it's"]);
    stack.engine.container(idOf("main"), {
      status: "running",
      startedAt: new Date(),
      health: { status: "healthy", probes: [probed(0)] },
    });
    await stack.run("main-ready");
    expect(stack.engine.acts).toEqual([["limitPids", idOf("main"), 300]]);
  });

  test("its image can be built", async () => {
    const build = { context: "examples/api", images: { BASE: { registry: "shop/base:1" } } };
    const stack = await database({ build });
    expect(stack.get(CONTAINER).inputs.image).toBe("sha256:main-image");
    expect(stack.get("RemoteImage main-image")).toMatchObject({
      parent: key,
      dependsOn: ["RemoteImage image-shop-base-1"],
      inputs: { build: { buildArgs: { BASE: expect.stringContaining("shop/base:1") } } },
    });
  });

  test.each(facts.settings)("its server's settings arrive unchanged: %j", async (settings, expected) => {
    const { envs = [], command = [] } = (await database({ settings })).get(CONTAINER).inputs as Record<
      string,
      string[]
    >;
    const added = [
      ...command.slice(container.command?.length ?? command.length),
      ...envs.filter((each) => !container.envs.includes(each)),
    ];
    expect(added).toEqual(expected);
  });

  test("the ledger records its volume with its first-start settings, and its ports", async () => {
    const volumes = { main: recorded() };
    const stack = await database();
    expect(stack.get("Stash ledger").inputs).toEqual({ input: { volumes, ports: {} } });
    expect(stack.get("Volume main-data").inputs.labels).toEqual(madeWith());
    expect((await database(everyPort)).get("Stash ledger").inputs).toEqual({
      input: { volumes, ports: Object.fromEntries(published.map(({ hostPort }) => [hostPort, `${kind} "main"`])) },
    });
  });

  if (credential) {
    const { name, resource, files, given } = credential;
    const filesOf = async (args: object) =>
      (await deliveriesTo(await database(args), "main")).map((each) => each.files);

    test("its credential is in files that only the server's user can read", async () => {
      expect(await deliveriesTo(await database(), "main")).toEqual([
        { to: volumeOf("main-secrets"), files: files(secret), access: `400 ${container.user}` },
      ]);
    });

    test("its credential is only in inputs that are marked as secret", async () => {
      const stack = await database();
      expectNoSecret(stack.resources, [secret]);
      expect(stack.get("Volume main-secrets").secretInputs).toEqual([]);
    });

    test("its credential can be given, and is only in inputs that are marked as secret", async () => {
      const stack = await database({ [name]: "hunter22" });
      expectNoSecret(stack.resources, ["hunter22"]);
      expect(stack.get("Stash ledger").inputs).toMatchObject({
        input: { volumes: { main: recorded("hunter22") } },
      });
      expect(stack.get("Volume main-data").inputs.labels).toEqual(madeWith("hunter22"));
      expect(await filesOf({ [name]: "hunter22" })).toEqual([files("hunter22")]);
      // The generated one stays for the day when none is given any more.
      expect(stack.of("RandomPassword").map((each) => each.key)).toEqual([`RandomPassword ${resource}`]);
    });

    test.each(given)(
      "a given credential, %s, is escaped in its files as each file requires",
      async (value, expected) => {
        expectNoSecret((await database({ [name]: value })).resources, [value]);
        expect(await filesOf({ [name]: value })).toEqual([expected]);
      },
    );

    test("no other file can be among its secrets", async () => {
      const path = "/run/secrets/mine";
      await expect(database({ files: { [path]: "package.json" } })).rejects.toThrow(
        `files.${path}: the folder of its secrets is at /run/secrets, where it can only be read`,
      );
    });

    test("its credential can be an output", async () => {
      expect(await filesOf({ [name]: pulumi.secret("hunter22") })).toEqual([files("hunter22")]);
    });
  }

  test.each<[string, object, Options, boolean]>([
    ["dev", {}, { environment: "dev" }, false],
    ["prod", {}, { environment: "prod" }, true],
    ["dev, protected on request", { lifecycle: "protected" }, { environment: "dev" }, true],
    ["prod, not protected on request", { lifecycle: "keep" }, { environment: "prod" }, false],
  ])("volume and credential are protected in prod by default: in %s", async (_, args, options, protects) => {
    const { resources } = await database(args, options);
    const found = resources.filter(({ protect }) => protect).map((each) => each.key);
    expect(found.sort()).toEqual(protects ? [...password, "Volume main-data"] : []);
  });

  test("ephemeral data has a volume of its own, without a record", async () => {
    const stack = await database({ lifecycle: "ephemeral" });
    expect(stack.of("Volume").map((each) => each.key)).toEqual(["Volume main-data-ephemeral", ...delivered]);
    expect(stack.get("Stash ledger").inputs).toEqual({ input: { volumes: {}, ports: {} } });
    expect(stack.get(CONTAINER).inputs.volumes).toEqual([
      { containerPath: dataPath, volumeName: volumeOf("main-data-ephemeral") },
      ...mounts,
    ]);
  });

  test("another file can be in its data's folder, but not in place of that folder", async () => {
    const [inside, instead] = [`${dataPath}/mine`, dataPath];
    expect((await database({ files: { [inside]: "package.json" } })).get(CONTAINER).inputs.mounts).toContainEqual(
      expect.objectContaining({ target: inside }),
    );
    await expect(database({ files: { [instead]: "package.json" } })).rejects.toThrow(
      `files.${dataPath}: its data is at ${dataPath} already. Give one of them another path.`,
    );
  });

  test("when down, volume, credential and record are declared as before", async () => {
    const [up, down] = [await database(), await database({}, { down: true })];
    const lasting = [...password, "Stash identity", "Stash ledger", "Volume main-data"];
    expect(down.keys).toEqual([key, "Platform platform", "Provider docker", ...lasting].sort());
    for (const each of lasting) expect(down.get(each)).toEqual({ ...up.get(each), inputs: expect.any(Object) });
    expect(down.get("Stash ledger").inputs).toEqual(up.get("Stash ledger").inputs);
  });

  test("others get its address, credentials, network, volume and gate", async () => {
    const { made } = await database({ hostPort: 15_000 });
    const { connection } = made;
    const member = credential?.name;
    const fromHost = { host: "127.0.0.1", port: 15_000, url: url(secret, "127.0.0.1:15000") };
    expect({
      ...connection,
      ...(member ? { [member]: await held(connection[member]) } : {}),
      host: await held(connection.host),
      url: await held(connection.url),
      ...(connection.keys ? { keys: await held(connection.keys) } : {}),
      fromHost: await held(connection.fromHost),
    }).toEqual({
      host: "main",
      port: ports.hostPort,
      ...facts.connection,
      ...(member ? { [member]: secret } : {}),
      url: url(secret, `main:${ports.hostPort}`),
      fromHost,
    });
    const secrets = [connection.url, connection.fromHost?.url, ...(member ? [connection[member]] : [])];
    for (const each of secrets) expect(each && (await pulumi.isSecret(each))).toBe(true);
    expect(await held(made.network?.key)).toBe(idOf("main"));
    expect(await held(made.data)).toBe(DATA);
    expect(made.gate).toBe(made.ready);
  });

  test("ready passes once the probe has passed, and fails with the server's last log lines, without its credential", async () => {
    const stack = await database();
    const server = stack.engine.container(idOf("main"), { pidsLimit: pids });
    server.onStart((it) => it.writes(`bad ${secret}`).exits(1));
    await expect(stack.run("main-ready")).rejects.toThrow(
      new Error(
        `${kind} "main" stopped with exit code 1\nlast log lines:\n  bad ${credential ? "[secret]" : secret}\n` +
          "Mend the cause and run `up` again: it will be tried again.",
      ),
    );
    server.onStart((it) => it.in(0, { health: { status: "healthy", probes: [probed(0)] } }));
    await expect(stack.run("main-ready")).resolves.toBeUndefined();
  });

  test("ready sets the limit of processes of a server that runs already", async () => {
    const stack = await database();
    stack.engine.container(idOf("main"), {
      status: "running",
      startedAt: new Date(),
      health: { status: "healthy", probes: [probed(0)] },
    });
    await expect(stack.run("main-ready")).resolves.toBeUndefined();
    expect(stack.engine.acts).toEqual([["limitPids", idOf("main"), pids]]);
  });
});
