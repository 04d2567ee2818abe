import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import * as pulumi from "@pulumi/pulumi";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { gate } from "../../../components/core/gate.ts";
import { refusals } from "../../../components/core/ledger.ts";
import { PROBE_PROGRAM } from "../../../components/engines/engine.ts";
import {
  Container,
  type ContainerArgs,
  external,
  Minio,
  type Platform,
  Postgres,
  Qdrant,
  Redis,
  SetupJob,
  Volume,
} from "../../../components/index.ts";
import { deploy, held, idOf, labels, type Options, volumeOf } from "../helpers/stack.ts";

const CONTAINER = "Container web";
let folder: string;
let file: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "stackyard-container-"));
  file = join(folder, "web.conf");
  writeFileSync(file, "listen 80\n", { mode: 0o644 });
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const server = (args: Partial<ContainerArgs> = {}, options: Options = {}) =>
  deploy((platform) => new Container("web", { platform, image: "web:1", probe: "none", ...args }), options);
const inputs = async (args: Partial<ContainerArgs>, options: Options = {}) =>
  (await server(args, options)).get(CONTAINER).inputs;
const refused = async (args: Partial<ContainerArgs>, options: Options = {}) =>
  server(args, options).then(
    () => "not refused",
    (error: Error) => error.message.split("\n").slice(1).join("\n").trim(),
  );

test("is made of an image, a network, a container and a gate", async () => {
  expect((await server()).keys).toEqual([
    "Component web",
    "Container web",
    "Network web",
    "Platform platform",
    "Provider docker",
    "RemoteImage image-web-1",
    "Stash identity",
    "Stash ledger",
    "Stash web-ready",
  ]);
});

test("its defaults are safe", async () => {
  expect(await inputs({})).toMatchObject({
    user: "1000:1000",
    readOnly: true,
    capabilities: { drops: ["ALL"] },
    securityOpts: ["no-new-privileges:true"],
    tmpfs: { "/tmp": "mode=1777,size=64m" },
    init: false,
    restart: "unless-stopped",
    memory: 256,
    memorySwap: 256,
    ports: [],
    networkMode: "bridge",
    healthcheck: { tests: ["NONE"] },
  });
});

const NOT_EMPTY = `a text that is not empty (the provider passes on no empty one; a shell can: ["sh", "-c", "exec PROGRAM ''"])`;

describe("what a Compose service takes", () => {
  test.each<[string, Partial<ContainerArgs>, object]>([
    ["command", { command: ["serve", "--all"] }, { command: ["serve", "--all"] }],
    ["entrypoint", { entrypoint: ["sh", "-c"] }, { entrypoints: ["sh", "-c"] }],
    ["environment", { env: { A: "1=2" } }, { envs: ["A=1=2"] }],
    [
      "numbers, true and false as texts",
      { env: { A: 5432, B: true, C: pulumi.output(1) } },
      { envs: ["A=5432", "B=true", "C=1"] },
    ],
    ["root, on request", { user: "0:0" }, { user: "0:0" }],
    ["groups", { groups: [44, 109] }, { groupAdds: ["44", "109"] }],
    ["working directory", { workingDir: "/srv" }, { workingDir: "/srv" }],
    ["host name", { hostname: "mail.example.com" }, { hostname: "mail.example.com" }],
    ["a root that can be written", { readOnlyRoot: false }, { readOnly: false, tmpfs: {} }],
    [
      "capabilities, with and without their prefix",
      { user: "0:0", capabilities: ["NET_BIND_SERVICE", "CAP_CHOWN"] },
      { capabilities: { drops: ["ALL"], adds: ["CAP_NET_BIND_SERVICE", "CAP_CHOWN"] } },
    ],
    [
      "devices",
      { devices: ["/dev/fuse"] },
      { devices: [{ hostPath: "/dev/fuse", containerPath: "/dev/fuse", permissions: "rwm" }] },
    ],
    ["sysctls", { sysctls: { "net.core.somaxconn": 1024 } }, { sysctls: { "net.core.somaxconn": "1024" } }],
    ["DNS servers", { dns: ["10.0.0.2"] }, { dns: ["10.0.0.2"], dnsSearches: [], dnsOpts: [] }],
    ["another restart policy", { restart: "on-failure" }, { restart: "on-failure" }],
    ["the engine's init as process 1", { init: true }, { init: true }],
    [
      "a signal and a grace to stop",
      { stopSignal: "SIGQUIT", stopGraceSeconds: 90 },
      { stopSignal: "SIGQUIT", stopTimeout: 90, destroyGraceSeconds: 90 },
    ],
    ["shared memory", { shmSizeMiB: 256 }, { shmSize: 256 }],
    [
      "ulimits",
      { ulimits: { nofile: 65_536, core: { soft: 0, hard: -1 } } },
      {
        ulimits: [
          { name: "nofile", soft: 65_536, hard: 65_536 },
          { name: "core", soft: 0, hard: -1 },
        ],
      },
    ],
    ["CPUs and GPUs", { cpus: 0.5, gpus: "all" }, { cpus: "0.5", gpus: "all" }],
    ["hosts", { hosts: { host: "host-gateway" } }, { hosts: [{ host: "host", ip: "host-gateway" }] }],
    [
      "folders in memory",
      { tmpfs: { "/cache": { sizeMiB: 8, exec: true, owner: "1:2" } } },
      { tmpfs: { "/tmp": "mode=1777,size=64m", "/cache": "exec,mode=1777,size=8m,uid=1,gid=2" } },
    ],
    [
      "labels beside the library's own",
      { labels: { "com.example": "x" } },
      { labels: [{ label: "com.example", value: "x" }, ...labels("web", "service")] },
    ],
    ["the provider's own arguments", { docker: { cpuShares: 512, tty: true } }, { cpuShares: 512, tty: true }],
    [
      "the provider's own mounts, beside the library's",
      {
        mounts: { tests: "/tests" },
        docker: { mounts: [{ type: "bind", source: "/srv", target: "/srv", bindOptions: { propagation: "rshared" } }] },
      },
      {
        mounts: [
          { type: "bind", source: resolve("tests"), target: "/tests", readOnly: true },
          { type: "bind", source: "/srv", target: "/srv", bindOptions: { propagation: "rshared" } },
        ],
      },
    ],
  ])("%s", async (_, args, expected) => {
    expect(await inputs(args)).toMatchObject(expected);
  });

  test("privileged, with nothing dropped", async () => {
    const privileged = await inputs({ privileged: true });
    expect(privileged).toMatchObject({ privileged: true });
    expect(privileged).not.toHaveProperty("capabilities");
    expect(privileged).not.toHaveProperty("securityOpts");
  });

  test("several ports, of TCP and UDP, on the given addresses", async () => {
    const ports = {
      web: { port: 80, hostPort: 8080 },
      admin: { port: 81 },
      dns: { port: 53, hostPort: 53, protocol: "udp" as const, address: "0.0.0.0" },
      dns_tcp: { port: 53, hostPort: 53 },
    };
    const stack = await server({ ports });
    expect(stack.get(CONTAINER).inputs.ports).toEqual([
      { internal: 53, external: 53, ip: "127.0.0.1", protocol: "tcp" },
      { internal: 53, external: 53, ip: "0.0.0.0", protocol: "udp" },
      { internal: 80, external: 8080, ip: "127.0.0.1", protocol: "tcp" },
    ]);
    expect(stack.get("Stash ledger").inputs).toMatchObject({
      input: { ports: { 53: 'Container "web"', "53/udp": 'Container "web"', 8080: 'Container "web"' } },
    });
  });

  test("several volumes, each with its own life-cycle, and recorded by name", async () => {
    const stack = await server({
      volumes: {
        data: "/data",
        cache: { path: "/cache", lifecycle: "ephemeral" },
        kept: { path: "/kept", lifecycle: "protected" },
      },
    });
    expect(stack.get(CONTAINER).inputs.volumes).toEqual([
      { containerPath: "/data", volumeName: volumeOf("web-data") },
      { containerPath: "/cache", volumeName: volumeOf("web-cache-ephemeral") },
      { containerPath: "/kept", volumeName: volumeOf("web-kept") },
    ]);
    expect(stack.of("Volume").map(({ name, protect }) => [name, protect])).toEqual([
      ["web-data", false],
      ["web-kept", true],
      ["web-cache-ephemeral", false],
    ]);
    expect(Object.keys((stack.get("Stash ledger").inputs.input as { volumes: object }).volumes)).toEqual([
      "web-data",
      "web-kept",
    ]);
    expect(await held(stack.made.data)).toBe(`${volumeOf("web-data")},${volumeOf("web-kept")}`);
  });

  test("its volumes are discarded together, by its name", async () => {
    const ledger = (await server({ volumes: { data: "/data", kept: "/kept" } })).get("Stash ledger").inputs.input;
    const before = ledger as Parameters<typeof refusals>[0];
    const none = { volumes: {} };
    expect(refusals(before, none, new Set())).toEqual([
      expect.stringMatching(
        /^web-data: this change would delete its volume .* To lose its data on purpose: make … DISCARD=web /,
      ),
      expect.stringMatching(
        /^web-kept: this change would delete its volume .* To lose its data on purpose: make … DISCARD=web /,
      ),
    ]);
    expect(refusals(before, none, new Set(["web"]))).toEqual([]);
  });

  test("a new volume belongs to its user, where the image has no such folder", async () => {
    const stack = await server({ volumes: { data: "/data" }, user: "7:8" });
    await stack.run("web:own /data");
    expect(stack.engine.calls.find(([method]) => method === "ownVolume")).toEqual([
      "ownVolume",
      volumeOf("web-data"),
      "/data",
      "sha256:image-web-1",
      { uid: 7, gid: 8 },
    ]);
  });

  test("an ephemeral volume is emptied, and given to its user, before each container is made", async () => {
    const stack = await server({ volumes: { cache: { path: "/cache", lifecycle: "ephemeral" } }, user: "7:8" });
    await stack.run("web:own /cache");
    const volume = volumeOf("web-cache-ephemeral");
    const EPHEMERAL = Object.fromEntries(labels("web", "ephemeral").map(({ label, value }) => [label, value]));
    expect(stack.get("Volume web-cache-ephemeral").inputs).toEqual({ labels: labels("web", "ephemeral") });
    expect(stack.engine.calls.filter(([method]) => /Volume$/.test(method))).toEqual([
      ["emptyVolume", volume, EPHEMERAL],
      ["ownVolume", volume, "/cache", "sha256:image-web-1", { uid: 7, gid: 8 }],
    ]);
  });

  describe("names of its volumes and networks", () => {
    const container = (platform: Platform, name: string, args: Partial<ContainerArgs>) =>
      new Container(name, { platform, image: "web:1", probe: "none", ...args });
    const secrets = { KEY: "a key" };

    test.each<[string, (platform: Platform) => unknown, string]>([
      [
        "a volume with the name of the secrets' volume",
        (platform) => container(platform, "web", { secrets, volumes: { secrets: "/data" } }),
        "Two volumes of web would both be called web-secrets",
      ],
      [
        "a volume with the name of a database's record",
        (platform) => [
          new Redis("web-cache", { platform }),
          container(platform, "web", { volumes: { cache: "/data" } }),
        ],
        "A volume of web-cache and one of web would both be called web-cache",
      ],
    ])("%s is refused", async (_, declare, message) => {
      await expect(deploy(declare as never)).rejects.toThrow(
        `${message}: give one of them another name in \`volumes\`, or rename its service.`,
      );
    });

    test.each<[string, (platform: Platform) => unknown]>([
      [
        "containers",
        (platform) => [container(platform, "web", { egress: true }), container(platform, "web-outside", {})],
      ],
      [
        "databases of one kind",
        (platform) => [new Redis("web-outside", { platform }), new Redis("web", { platform, hostPort: 6379 })],
      ],
    ])("a network with the name of another one's way out is refused among %s", async (_, declare) => {
      await expect(deploy(declare as never)).rejects.toThrow(
        /^A network of [a-z-]+ and one of [a-z-]+ would both be called web-outside: rename one of the services\.$/,
      );
    });

    test("they can be those of another kind of component", async () => {
      const stack = await deploy((platform) => {
        new Postgres("db", { platform, hostPort: 5432 });
        for (const name of ["db-data", "db-secrets"]) new Volume(name, { platform });
        container(platform, "db-outside", { egress: true });
        new SetupJob("db-outside-outside", { platform, image: "job:1", egress: true });
      });
      const own = stack.of("Volume").filter(({ type }) => type.startsWith("docker:"));
      expect(own.map(({ name }) => name).sort()).toEqual(["db-data", "db-data", "db-secrets", "db-secrets"]);
      expect(stack.of("Network").filter(({ name }) => name === "db-outside")).toHaveLength(2);
    });

    test("folders of secrets whose volumes would have one name have two, in whatever order they are named", async () => {
      const A = { value: "key 1", path: "/etc/a-b/k" };
      const B = { value: "key 2", path: "/etc/a/b/k" };
      const volumes = async (secrets: ContainerArgs["secrets"]) => {
        const { inputs } = (await server(secrets === undefined ? {} : { secrets })).get(CONTAINER);
        const all = inputs.volumes as { containerPath: string; volumeName: string }[];
        return Object.fromEntries(all.map(({ containerPath, volumeName }) => [containerPath, volumeName]));
      };
      const both = await volumes({ A, B });
      expect(both).toEqual({
        "/etc/a-b": expect.stringMatching(/^volume-web-secrets-etc-a-b-[0-9a-f]{7}-/),
        "/etc/a/b": expect.stringMatching(/^volume-web-secrets-etc-a-b-[0-9a-f]{7}-/),
      });
      expect(new Set(Object.values(both)).size).toBe(2);
      expect(await volumes({ B, A })).toEqual(both);
      expect(await volumes({ A })).toEqual({ "/etc/a-b": volumeOf("web-secrets-etc-a-b") });
    });

    test("services can have the names of hooks", async () => {
      const stack = await deploy((platform) =>
        ["guard", "secrets", "memory", "volume", "builds", "images", "ledger"].map((name) =>
          container(platform, name, { secrets, volumes: { data: "/data" } }),
        ),
      );
      expect(stack.of("Container")).toHaveLength(7);
    });

    test("gates of one's own can have the names of hooks", async () => {
      writeFileSync(join(folder, "Dockerfile"), "FROM scratch\n");
      const stack = await deploy((platform) => {
        container(platform, "web", {});
        new SetupJob("seed", { platform, build: { context: folder } });
        const parent = new pulumi.ComponentResource("test:index:Checks", "checks");
        return ["builds", "images", "ledger"].map((name) => gate(name, {}, async () => {}, { parent }));
      });
      expect(stack.of("Stash").filter(({ parent }) => parent === "Checks checks")).toHaveLength(3);
    });
  });

  test("folders of this machine, which it may write to on request", async () => {
    expect(await inputs({ mounts: { [folder]: { path: "/srv", readOnly: false } } })).toMatchObject({
      mounts: [{ type: "bind", source: folder, target: "/srv", readOnly: false }],
    });
  });

  test("the network of its machine, and no other", async () => {
    const stack = await server({ networkMode: "host", probe: { tcp: 80 } });
    expect(stack.of("Network")).toEqual([]);
    expect(stack.get(CONTAINER).inputs).toMatchObject({ networkMode: "host", networksAdvanced: [] });
    expect(stack.get(CONTAINER).deleteBeforeReplace).toBe(true);
    expect((stack.get(CONTAINER).inputs.healthcheck as { tests: string[] }).tests).toContain("127.0.0.1");
  });
});

test.each<[string, () => Partial<ContainerArgs>, object]>([
  ["a volume", () => ({ volumes: { tmp: "/tmp" } }), {}],
  ["a mount", () => ({ mounts: { [folder]: "/tmp" }, tmpfs: { "/run": {} } }), { "/run": "mode=1777,size=64m" }],
])("%s may replace the folder in memory at /tmp", async (_, args, tmpfs) => {
  expect((await inputs(args())).tmpfs).toEqual(tmpfs);
});

describe("its files", () => {
  test("are mounted over a read-only root, hide nothing else, and replace the container when their content changes", async () => {
    const before = await inputs({ files: { "/etc/web/web.conf": file } });
    expect(before.mounts).toEqual([{ type: "bind", source: file, target: "/etc/web/web.conf", readOnly: true }]);
    writeFileSync(file, "listen 81\n");
    const after = await inputs({ files: { "/etc/web/web.conf": file } });
    expect(after.mounts).toEqual(before.mounts);
    expect(after.labels).not.toEqual(before.labels);
  });

  test("are put into a root that can be written, byte for byte", async () => {
    const bytes = Buffer.from([0, 255, 10]);
    const binary = join(folder, "binary");
    writeFileSync(binary, bytes);
    expect(await inputs({ readOnlyRoot: false, files: { "/etc/web/key": binary } })).toMatchObject({
      uploads: [{ file: "/etc/web/key", contentBase64: bytes.toString("base64") }],
    });
  });

  test("are refused where they cannot be mounted", async () => {
    expect(await refused({ files: { "/etc/web.conf": file } }, { host: "tcp://elsewhere:2375" })).toMatch(
      /^files: should be empty, got some: the engine is on another machine/,
    );
    expect(await refused({ files: { "/etc/web.conf": join(folder, "none") } })).toMatch(
      /^files\.\/etc\/web\.conf: should be a file that is there/,
    );
    expect(await refused({ files: { "etc/web.conf": file } })).toMatch(/an absolute path inside the container/);
  });
});

describe("its probe", () => {
  test("by HTTP or TCP runs a program from a read-only volume, which all containers share", async () => {
    const stack = await deploy((platform) => {
      new Container("web", { platform, image: "web:1", ports: { http: { port: 8080 } }, probe: { http: "/health" } });
      new Container("queue", { platform, image: "queue:1", probe: { tcp: 4222 } });
    });
    const program = { containerPath: "/run/stackyard", volumeName: volumeOf("probe-program"), readOnly: true };
    for (const name of ["web", "queue"]) expect(stack.get(`Container ${name}`).inputs.volumes).toEqual([program]);
    expect(stack.get(CONTAINER).inputs.healthcheck).toMatchObject({
      tests: expect.arrayContaining(["CMD", PROBE_PROGRAM, "8080", "/health"]),
    });
    await stack.run("web:program");
    const [[, volume, files, image] = []] = stack.engine.acts.filter(([act]) => act === "fillVolume");
    expect([volume, image]).toEqual([volumeOf("probe-program"), "sha256:image-busybox-1-37-musl"]);
    expect(files).toMatchObject([{ name: "busybox", mode: 0o555 }]);
  });

  test("can be its image's own, with the library's timings; an image without one is refused", async () => {
    const { FakeEngine } = await import("../helpers/engine.ts");
    const engine = new FakeEngine();
    engine.probes.set("sha256:image-web-1", ["CMD", "health"]);
    expect(await inputs({ probe: "image" }, { engine })).toMatchObject({
      healthcheck: { tests: ["CMD", "health"], startInterval: "200ms" },
    });
    const stack = await deploy((platform) => new Container("web", { platform, image: "web:1", probe: "image" }));
    const { inputs: newInputs } = stack.get(CONTAINER);
    expect(stack.hook("web:image-probe").opts).toEqual({ onDryRun: true });
    await expect(stack.run("web:image-probe", { newInputs })).rejects.toThrow(
      'Container "web": its image has no probe of its own (HEALTHCHECK). Set probe to a command, to http or tcp, or to "none".',
    );
  });
});

describe("its connection gives others", () => {
  const both = (connection: ContainerArgs["connection"]) =>
    deploy((platform) => {
      const queue = new Container("queue", {
        platform,
        image: "nats:2",
        ports: { client: { port: 4222 }, monitor: { port: 8222 } },
        ...(connection ? { connection } : {}),
        probe: "none",
      });
      return new Container("web", { platform, image: "web:1", probe: "none", uses: { queue } });
    });

  test("its address, further ports by name, and credentials", async () => {
    const stack = await both({ scheme: "nats", user: "u", password: "pass1" });
    expect(stack.get(CONTAINER).inputs.envs).toEqual([
      "QUEUE_HOST=queue",
      "QUEUE_PORT=4222",
      "QUEUE_MONITOR_PORT=8222",
      "QUEUE_USER=u",
      "QUEUE_URL_FILE=/run/secrets/queue_url",
      "QUEUE_PASSWORD_FILE=/run/secrets/queue_password",
    ]);
  });

  test("another one of its ports, on request", async () => {
    const stack = await both({ scheme: "http", port: "monitor" });
    expect(stack.get(CONTAINER).inputs.envs).toEqual([
      "QUEUE_HOST=queue",
      "QUEUE_PORT=8222",
      "QUEUE_CLIENT_PORT=4222",
      "QUEUE_URL_FILE=/run/secrets/queue_url",
    ]);
  });

  test("no variables where there is none; they wait for it and reach it all the same", async () => {
    const stack = await both(undefined);
    const { inputs, dependsOn } = stack.get(CONTAINER);
    expect(inputs.envs).toEqual([]);
    expect(dependsOn).toContain("Stash queue-ready");
    expect(inputs.networksAdvanced).toContainEqual({ name: idOf("queue"), aliases: [] });
  });
});

test("values of a connection in env and in secrets are references, as `uses` are", async () => {
  const stack = await deploy((platform) => {
    const database = new Postgres("pg", { platform });
    const cache = new Redis("cache", { platform });
    return new Container("web", {
      platform,
      image: "web:1",
      probe: "none",
      env: { PGHOST: database.connection.host },
      secrets: { REDIS_URL: { value: cache.connection.url, as: "environment" } },
    });
  });
  const { inputs, dependsOn } = stack.get(CONTAINER);
  expect(inputs.networksAdvanced).toEqual([
    { name: idOf("web"), aliases: [] },
    { name: idOf("pg"), aliases: [] },
    { name: idOf("cache"), aliases: [] },
  ]);
  expect(dependsOn).toEqual(expect.arrayContaining(["Stash pg-ready", "Stash cache-ready"]));
  // Depending on the other's container would replace this one with it.
  expect(dependsOn).not.toContain("Container pg");
});

test("a job without references and egress has no network; one with a connection's values is on that connection's network", async () => {
  const stack = await deploy((platform) => {
    const database = new Postgres("pg", { platform });
    new SetupJob("alone", { platform, image: "alpine:3", command: ["true"] });
    new SetupJob("ours", { platform, image: "alpine:3", env: { PGHOST: database.connection.host } });
  });
  expect(stack.get("Container alone").inputs).toMatchObject({ networkMode: "none", networksAdvanced: [] });
  expect(stack.get("Container ours").inputs).toMatchObject({ networksAdvanced: [{ name: idOf("pg"), aliases: [] }] });
});

describe("refuses", () => {
  const TWICE = "`a` is 80/tcp already: the engine publishes a port of a container once.";
  test.each<[Partial<ContainerArgs>, string]>([
    [{ image: undefined }, "image: Say which image it runs: `image`, or `build` for one that is built."],
    [{ build: { context: "examples/api" } }, "image: It has one image: set `image` or `build`, not both."],
    [{ ports: { a: { port: 80 }, b: { port: 80, hostPort: 1 } } }, `ports.b.port: ${TWICE}`],
    [
      { networkMode: "host", ports: { a: { port: 80, hostPort: 80 } } },
      "ports.a.hostPort: With networkMode: host every port that it opens is published as it is: leave this out.",
    ],
    [
      { ports: { a: { port: 80, hostPort: 80, address: "1.2.3" } } },
      'ports.a.address: should be an address of the host, got "1.2.3"',
    ],
    [{ entrypoint: [] }, "entrypoint: Without an entry point the command is the program: say which in `command`."],
    [{ entrypoint: [""], command: ["x"] }, `entrypoint.0: should be ${NOT_EMPTY}, got ""`],
    [{ command: ["x", ""] }, `command.1: should be ${NOT_EMPTY}, got ""`],
    [{ probe: ["x", ""] }, `probe.1: should be ${NOT_EMPTY}, got ""`],
    [{ develop: { mounts: {}, command: [""] } }, `develop.command.0: should be ${NOT_EMPTY}, got ""`],
    [
      { capabilities: ["NET_ADMIN"] },
      'capabilities: The engine gives capabilities to root\'s programs only, and this one is 1000:1000: set user: "0:0", or leave them ' +
        "out. To listen on a port below 1024, none is needed.",
    ],
    [
      { user: "0:0", capabilities: ["CAP_NET_ADMN"] },
      'capabilities.0: should be a capability\'s name, as NET_BIND_SERVICE, got "CAP_NET_ADMN"',
    ],
    [
      { stopSignal: "SIGNAL" as never },
      'stopSignal: should be a signal\'s name, as SIGQUIT or SIGRTMIN+3, got "SIGNAL"',
    ],
    [
      { ulimits: { nofiles: 1 } },
      "ulimits.nofiles: should be a limit's name, one of core, cpu, data, fsize, locks, memlock, msgqueue, nice, nofile, nproc, rss, " +
        'rtprio, rttime, sigpending, stack, got "nofiles"',
    ],
    [
      { ulimits: { nofile: -1 } },
      "ulimits.nofile: The kernel always limits open files: give a number, 1048576 at most by default.",
    ],
    [
      { ulimits: { nofile: { soft: 2, hard: 1 } } },
      "ulimits.nofile: should be a soft limit that is not above the hard one, got { soft, hard }",
    ],
    [
      { ulimits: { nofile: { soft: -1, hard: 1 } } },
      "ulimits.nofile: should be a soft limit that is not above the hard one, got { soft, hard }",
    ],
    [
      { sysctls: { "vm.swappiness": 1 } },
      'sysctls.vm.swappiness: should be a kernel parameter that a container has for itself, as net.core.somaxconn, got "vm.swappiness"',
    ],
    [
      { networkMode: "host", sysctls: { "net.core.somaxconn": 1, "kernel.msgmax": 1 } },
      "sysctls.net.core.somaxconn: With networkMode: host this is the machine's own: set it there, and leave it out.",
    ],
    [{ docker: { user: "5:5" } }, "docker.user: It is set by `user`: set that option instead."],
    [{ docker: { memorySwap: 5 } }, "docker.memorySwap: It is set by `memoryMiB`: set that option instead."],
    [
      { docker: { removeVolumes: true } },
      "docker.removeVolumes: What becomes of data is decided by `lifecycle` in `volumes`: set that instead.",
    ],
    [{ docker: { cpuShare: 512 } as never }, "docker.cpuShare: should not be there; did you mean `cpuShares`?"],
    [
      { command: [] },
      "command: The engine takes the image's own for an empty one: leave it out, or name the image's program in `entrypoint`, which " +
        "has no command then.",
    ],
    [{ connection: { scheme: "http" } }, "connection: It needs a port to lead to: name one in `ports`."],
    [
      { ports: { a: { port: 80 } }, connection: { scheme: "http", port: "b" } },
      "connection.port: There is no port b in `ports`, only a.",
    ],
    [{ probe: { http: "/" } }, "probe.port: It has no port in `ports`: say which one answers."],
    [{ user: "root" }, 'user: should be uid:gid in digits, got "root"'],
    [
      { mounts: { "/none/there": "/srv" } },
      'mounts: should be a path of this machine that is there, got "/none/there"',
    ],
    [
      { labels: { "stackyard.id": "x" } },
      'labels.stackyard.id: should be another label than stackyard.…, by which it is found, got "stackyard.id"',
    ],
    [{ hosts: { db: "::1" } }, 'hosts.db: should be an IPv4 address, or host-gateway, got "::1"'],
    [{ env: { A: "1" }, secrets: { A: "secret" } }, "env.A: `secrets.A` is A already. Give one of them another name."],
  ])("%j", async (args, fault) => {
    expect(await refused(args)).toBe(fault);
  });

  test.each<[string, (database: Postgres) => Partial<ContainerArgs>]>([
    ["uses", (database) => ({ uses: { database } })],
    ["env", ({ connection }) => ({ env: { PGHOST: connection.host } })],
    ["secrets", ({ connection }) => ({ secrets: { URL: connection.url } })],
  ])("a reference beside the machine's own network, by %s", async (argument, referring) => {
    const fault = await deploy((platform) => {
      const more = referring(new Postgres("pg", { platform }));
      new Container("web", { platform, image: "web:1", probe: "none", networkMode: "host", ...more });
    }).catch((error: Error) => error.message);
    expect(fault).toBe(
      `Container "web" has bad arguments\n  ${argument}: With networkMode: host it is on none of their networks: refer to them from ` +
        "a container without it, or publish them and take their `connection.fromHost`.",
    );
  });

  test("nothing that the machine's own network reaches too", async () => {
    const { connection } = external({ scheme: "http", host: "example.com", port: 80 });
    expect(await inputs({ networkMode: "host", env: { HOST: connection.host } })).toMatchObject({
      envs: ["HOST=example.com"],
    });
  });
});

describe("a name that another service is reached by", () => {
  const IMAGE = { image: "web:1", probe: "none" } as const;
  const db = (platform: Platform) => new Redis("db", { platform });
  const web = (args: Partial<ContainerArgs>) => (platform: Platform) =>
    new Container("web", { platform, ...IMAGE, ...args });

  test.each<[string, Partial<ContainerArgs>, string]>([
    ["its host name", { hostname: "db" }, 'hostname: should have no name of a service of this stack, got "db"'],
    ["in capitals", { hostname: "DB." }, 'hostname: should have no name of a service of this stack, got "DB."'],
    [
      "in its /etc/hosts",
      { hosts: { cache: "10.9.9.8", db: "10.9.9.9" } },
      'hosts: should have no name of a service of this stack, got "db"',
    ],
  ])("%s is refused, whichever is declared first", async (_, args, fault) => {
    for (const both of [
      [db, web(args)],
      [web(args), db],
    ])
      await expect(deploy((platform) => both.map((make) => make(platform)))).rejects.toThrow(
        `Container "web" has bad arguments\n  ${fault}, by which Redis "db" is reached.`,
      );
  });

  test("its own name is its host name, if it says so, and in no /etc/hosts", async () => {
    expect(await inputs({ hostname: "web" })).toMatchObject({ hostname: "web" });
    expect(await refused({ hosts: { web: "10.9.9.9" } })).toContain('by which Container "web" is reached');
  });

  test("a host name that another service on the same network has is refused; on another network it is free", async () => {
    const other = (uses: ContainerArgs["uses"] & object) => (platform: Platform) =>
      new Container("other", { platform, ...IMAGE, hostname: "Mail", uses });
    const message =
      'Container "other" has bad arguments\n  hostname: should be another one than that of Container "web", which is on a network with ' +
      'it, got "Mail": what asks for that name would reach either. Give one of them another one.';
    const referring = (platform: Platform) => other({ web: web({ hostname: "mail." })(platform) })(platform);
    await expect(deploy(referring)).rejects.toThrow(message);
    const beside = (platform: Platform) => {
      const cache = db(platform);
      web({ hostname: "mail", uses: { cache } })(platform);
      return other({ cache })(platform);
    };
    await expect(deploy(beside)).rejects.toThrow(message);
    const apart = (platform: Platform) => [
      web({ hostname: "mail" })(platform),
      other({ cache: db(platform) })(platform),
    ];
    expect((await deploy(apart)).get("Container other").inputs).toMatchObject({ hostname: "Mail" });
  });

  test("a job has no address, and its name is free", async () => {
    const stack = await deploy((platform) => {
      new SetupJob("seed", { platform, image: "alpine:3" });
      return web({ hostname: "seed" })(platform);
    });
    expect(stack.get(CONTAINER).inputs).toMatchObject({ hostname: "seed" });
  });
});

describe("its image, for a job that runs the same", () => {
  const both = (args: Partial<ContainerArgs>, options: Options = {}) =>
    deploy((platform) => {
      const web = new Container("web", { platform, probe: "none", ...args });
      return new SetupJob("job", { platform, image: web.image, command: ["migrate"] });
    }, options);
  const build = { context: "examples/api" };
  const imageOf = async (args: Partial<ContainerArgs>) => (await both(args)).get("Container job").inputs.image;

  test("is the one that it was given, or that it is built as", async () => {
    expect(await imageOf({ image: "web:1" })).toBe("sha256:image-web-1");
    expect(await imageOf({ build })).toBe("sha256:web");
  });

  test("has all sources where it runs with mounted ones", async () => {
    const develop = { mounts: { "examples/api/src": "/app/src" }, command: ["node"] };
    expect(await imageOf({ build, develop })).toBe("sha256:web-image");
  });
});

test("what the connection of a database always has needs no check: the types of these are required", async () => {
  const stack = await deploy((platform) => {
    const { user, password, database } = new Postgres("pg", { platform }).connection;
    const { ports, apiKey } = new Qdrant("vectors", { platform }).connection;
    const { access_key } = new Minio("storage", { platform }).connection.keys;
    return new Container("web", {
      platform,
      image: "web:1",
      probe: "none",
      env: { PGUSER: user, PGDATABASE: database, GRPC: ports.grpc ?? 0, HAS: access_key !== undefined },
      secrets: { PGPASSWORD: { value: password }, KEY: apiKey },
    });
  });
  expect(stack.get(CONTAINER).inputs.envs).toEqual(
    expect.arrayContaining(["PGUSER=app", "PGDATABASE=app", "GRPC=6334", "HAS=true"]),
  );
});

describe("what the engine would refuse only once the container before has been removed", () => {
  const REMOTE = { host: "tcp://one:2375" };
  test.each<[Partial<ContainerArgs>, string]>([
    [{ dns: ["nope"] }, "dns: should be a list of IP addresses, or { servers, search, options }, got a list"],
    [{ dns: { servers: ["fe80::1%eth0"] } }, "dns.servers.0: should be an IP address"],
    [{ user: "4294967295:1" }, 'user: should be uid:gid in digits, each 2147483647 at most, got "4294967295:1"'],
    [{ groups: [4_294_967_295] }, "groups.0: should be a whole number, 0 to 2147483647, got 4294967295"],
    [{ devices: ["/dev/fuse", "/dev/doesnotexist"] }, "devices.1: This machine has no /dev/doesnotexist"],
    [{ sysctls: { "net.ipv4.doesnotexist": 1 } }, "sysctls.net.ipv4.doesnotexist: This machine's kernel has no such"],
  ])("%j: %s", async (args, fault) => {
    expect(await refused(args)).toContain(fault);
  });

  test.each([{}, REMOTE])("more open files than any kernel allows, %j", async (options) => {
    expect(await refused({ ulimits: { nofile: 99_999_999_999 } }, options)).toMatch(
      /^ulimits\.nofile: The kernel allows \d+ open files at most \(fs\.nr_open\): give no more\.$/,
    );
  });

  test("nothing is known of the devices and the kernel of another machine, or of the container's own interfaces", async () => {
    const args = { devices: ["/dev/doesnotexist"], sysctls: { "net.ipv4.doesnotexist": 1 } };
    expect(await inputs(args, REMOTE)).toMatchObject({ sysctls: { "net.ipv4.doesnotexist": "1" } });
    expect(await inputs({ sysctls: { "net.ipv4.conf.eth7.rp_filter": 1 } })).toHaveProperty("sysctls");
  });

  test.each(["/proc/x", "/proc/sys/net/x", "/proc/1/x"])("%s cannot be mounted", async (path) => {
    const fault =
      "a folder of the engine's is at /proc, in which an engine mounts nothing. Give one of them another path.";
    expect(await refused({ files: { [path]: file } })).toBe(`files.${path}: ${fault}`);
    expect(await refused({ mounts: { tests: path } })).toBe(`mounts.tests: ${fault}`);
    expect(await refused({ tmpfs: { [path]: {} } })).toBe(`tmpfs.${path}: ${fault}`);
  });

  test("in /sys nothing can be made, and over what is there something can be mounted", async () => {
    expect(await refused({ files: { "/sys/x": file } })).toContain("no place for x can be made in it");
    expect(await refused({ files: { "/sys/kernel/x": file }, readOnlyRoot: false })).toContain("can only be read");
    expect(await inputs({ mounts: { "/sys/fs/cgroup": "/sys/fs/cgroup" } })).toHaveProperty("mounts");
    expect(await inputs({ files: { "/proc/cpuinfo": file } })).toHaveProperty("mounts");
  });
});
