import { randomBytes } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { connect, type NatsConnection } from "nats";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import { api, docker, freePorts, inspect, localImage, ROOT, TestStack } from "./harness.ts";

// Servers that the library does not know, as Containers: NATS by its real client, and one with nothing in its image but itself.

// Begins with a letter, because NATS reads an environment variable as a value of its configuration.
const TOKEN = `t${randomBytes(8).toString("hex")}`;
const stack = new TestStack(join(ROOT, "tests/e2e/programs/servers"));
const own = join(stack.folder, "nats.conf");
let ports: { clientPort: number; monitorPort: number; barePort: number; allPort: number };
const env = { NATS_CONF: own, ALL_FOLDER: stack.folder };

beforeAll(async () => {
  const [clientPort = 0, monitorPort = 0, barePort = 0, allPort = 0] = await freePorts(4);
  ports = { clientPort, monitorPort, barePort, allPort };
  writeFileSync(own, readFileSync(join(stack.program, "nats.conf")), { mode: 0o644 });
  await stack.create({ ...ports, token: TOKEN });
});
afterAll(() => stack.dispose());

async function up(more: NodeJS.ProcessEnv = {}): Promise<string> {
  const { code, output } = await stack.up({ ...env, ...more });
  expect(code, output).toBe(0);
  return output;
}

async function queue<T>(act: (queue: NatsConnection) => Promise<T>): Promise<T> {
  const client = await connect({ servers: `127.0.0.1:${ports.clientPort}`, token: TOKEN });
  try {
    return await act(client);
  } finally {
    await client.close();
  }
}

test("a server with a file, two ports, a volume and secrets comes up, and a job with only its address in the environment reaches it", async () => {
  const output = await up();
  expect(output).toContain("reached e2e");
  await stack.unchanged(env);
  await queue(async (client) => {
    const manager = await client.jetstreamManager();
    await manager.streams.add({ name: "orders", subjects: ["orders.*"] });
    await client.jetstream().publish("orders.new", "the first");
  });
  const monitor = await fetch(`http://127.0.0.1:${ports.monitorPort}/varz`);
  expect(await monitor.json()).toMatchObject({ server_name: "e2e" });
});

test("nobody gets in without the token, and it is in no log", async () => {
  const servers = `127.0.0.1:${ports.clientPort}`;
  await expect(connect({ servers, token: "wrong", reconnect: false })).rejects.toThrow(/authorization/i);
  const { id } = await stack.container("queue");
  expect((await docker(["logs", id])).output).not.toContain(TOKEN);
});

test("a secret of several lines is a file at the given path, readable only by its user", async () => {
  const { id } = await stack.container("queue");
  const { stdout } = await docker([
    "exec",
    id,
    "sh",
    "-c",
    "cat /etc/keys/key.pem; stat -c ' %a %u:%g' /etc/keys/key.pem",
  ]);
  expect(stdout).toBe("line one\nline two 400 1000:1000\n");
  expect((await docker(["inspect", id])).stdout).not.toContain("line one");
});

test("the defaults are safe", async () => {
  const { HostConfig, Config } = await inspect<{
    HostConfig: {
      ReadonlyRootfs: boolean;
      CapDrop: string[];
      Privileged: boolean;
      PortBindings: Record<string, { HostIp: string }[]>;
    };
    Config: { User: string };
  }>((await stack.container("queue")).id);
  expect(Config.User).toBe("1000:1000");
  expect(HostConfig).toMatchObject({ ReadonlyRootfs: true, CapDrop: ["ALL"], Privileged: false });
  expect(Object.values(HostConfig.PortBindings).map(([{ HostIp } = { HostIp: "" }]) => HostIp)).toEqual([
    "127.0.0.1",
    "127.0.0.1",
  ]);
});

test("every option that a server can have reaches its container; that none of them is a change was proved above", async () => {
  const { id } = await stack.container("all");
  const container = await inspect<{
    Config: { Hostname: string; WorkingDir: string; User: string; StopSignal: string; Labels: Record<string, string> };
    HostConfig: Record<string, unknown>;
  }>(id);
  expect(container.Config).toMatchObject({
    Hostname: "all.example",
    WorkingDir: "/srv",
    User: "0:0",
    StopSignal: "SIGQUIT",
  });
  expect(container.HostConfig).toMatchObject({
    CapAdd: ["CAP_NET_BIND_SERVICE"],
    CpuShares: 512,
    Dns: ["192.0.2.1"],
    GroupAdd: ["44"],
    Init: true,
    PidsLimit: 64,
    Sysctls: { "net.core.somaxconn": "512" },
    PortBindings: {
      "5300/tcp": [{ HostIp: "127.0.0.1", HostPort: String(ports.allPort) }],
      "5300/udp": [{ HostIp: "0.0.0.0", HostPort: String(ports.allPort) }],
    },
  });
  const shell = (line: string) => docker(["exec", id, "sh", "-c", line]);
  expect((await shell("cat /etc/all/all.conf")).stdout).toBe(readFileSync(join(stack.program, "nats.conf"), "utf8"));
  expect((await shell("ls /etc/hostname; ulimit -n; id -G; stat -c %u /cache")).stdout).toBe(
    "/etc/hostname\n4096\n0 44\n1000\n",
  );
  await shell("echo written > /srv/by-the-container");
  expect(readFileSync(join(stack.folder, "by-the-container"), "utf8")).toBe("written\n");
});

test("a new volume belongs to its user, where the image has no such folder; an ephemeral one too", async () => {
  const { id } = await stack.container("queue");
  expect((await docker(["exec", id, "stat", "-c", "%u:%g", "/data", "/scratch"])).stdout).toBe(
    "1000:1000\n1000:1000\n",
  );
  const { code, output } = await docker(["exec", id, "touch", "/data/kept", "/scratch/gone"]);
  expect(code, output).toBe(0);
});

test("a container with a read-only volume reads what a job wrote there, and cannot change it", async () => {
  const { id } = await stack.container("idle");
  expect((await docker(["exec", id, "cat", "/in/server"])).stdout).toBe("e2e");
  expect((await docker(["exec", "--user", "65534", id, "touch", "/in/server"])).output).toContain(
    "Read-only file system",
  );
});

test("a server with nothing else in its image is probed by HTTP, or by TCP", async () => {
  expect(await (await fetch(`http://127.0.0.1:${ports.barePort}/`)).text()).toBe("from nothing\n");
  await up({ BARE_PROBE: "tcp" });
  const { State } = await inspect<{ State: { Health: { Status: string } } }>((await stack.container("bare")).id);
  expect(State.Health.Status).toBe("healthy");
});

test("a changed file replaces the container, keeps its data, and leaves everything else alone", async () => {
  writeFileSync(own, readFileSync(own, "utf8").replace("server_name: e2e", "server_name: e2e-2"));
  expect(await stack.planned({ ...env, BARE_PROBE: "tcp" })).toEqual([
    "replace Container queue",
    "replace Stash queue-ready",
  ]);
  await up({ BARE_PROBE: "tcp" });
  await queue(async (client) => {
    expect(client.info?.server_name).toBe("e2e-2");
    const manager = await client.jetstreamManager();
    expect((await manager.streams.info("orders")).state.messages).toBe(1);
  });
  const { id } = await stack.container("queue");
  expect((await docker(["exec", id, "ls", "/data/kept"])).stdout).toBe("/data/kept\n");
  expect((await docker(["exec", id, "stat", "-c", "%u:%g", "/scratch"])).stdout).toBe("1000:1000\n");
  expect((await docker(["exec", id, "ls", "-A", "/scratch"])).stdout).toBe("");
});

test("a probe that never passes fails `up`, with the probe's output", async () => {
  const { code, output } = await stack.up({ ...env, BARE_PROBE: "wrong" });
  expect(code, output).not.toBe(0);
  expect(output).toContain('Container "bare" did not get ready within 10 s');
  expect(output).toMatch(/last probe: exit code 1: HTTP\/1.1 404 Not Found/);
});

test("a server without a probe that does not stay up fails `up`, with the log of its terminal", async () => {
  const { code, output } = await stack.up({ ...env, IDLE_ENDS: "1" });
  expect(code, output).not.toBe(0);
  // It is seen between two attempts of its restart policy, or in one.
  expect(output).toMatch(/Container "idle" (stopped with exit code 3|does not stay up: it was started again)/);
  expect(output).toMatch(/last log lines:\n +cannot start\n/);
});

test("a probe of an image that has none is refused by a preview, in one sentence", async () => {
  const { code, output } = await stack.pulumi(["preview"], { ...env, IDLE_PROBE: "image" });
  expect(code, output).not.toBe(0);
  expect(output).toContain('Container "idle": its image has no probe of its own (HEALTHCHECK). Set probe to');
  expect(output).not.toMatch(/^\s+at /m);
});

test("a volume with an empty folder in it, or an empty file, is not empty", async () => {
  const run = `${stack.name}-look`;
  const label = `com.example.look=${run}`;
  onTestFinished(async () => void (await docker(["volume", "rm", "--force", run])));
  await docker(["volume", "create", "--label", label, run]);
  const node = await localImage("node");
  const inside = async (line: string) => {
    const { code, output } = await docker([
      "run",
      "--rm",
      "-v",
      `${run}:/in`,
      "--entrypoint",
      "",
      node,
      "sh",
      "-c",
      line,
    ]);
    expect(code, output).toBe(0);
    return api.isEmptyVolume(run);
  };
  expect(await api.isEmptyVolume(run)).toBe(true);
  expect(await inside("mkdir /in/folder")).toBe(false);
  expect(await inside("rmdir /in/folder; touch /in/file")).toBe(false);
  expect(await inside("rm /in/file")).toBe(true);
  expect(await api.list({ "com.example.look": run })).toEqual([]);
});

test("a volume is emptied, wherever an ended `up` has left it, unless somebody has it", async () => {
  const run = `${stack.name}-empty`;
  const labels = { "com.example.empty": run };
  onTestFinished(async () => {
    await docker(["rm", "--force", `${run}-left`, `${run}-other`]);
    await docker(["volume", "rm", "--force", run]);
  });
  const node = await localImage("node");
  const create = async (name: string, ...args: string[]) => {
    const { code, output } = await docker(["create", "--name", name, "--volume", `${run}:/in`, ...args, node]);
    expect(code, output).toBe(0);
  };
  await create(`${run}-left`, "--label", "stackyard.kind=carrier");
  await docker(["cp", join(stack.program, "nats.conf"), `${run}-left:/in/content`]);
  expect(await api.isEmptyVolume(run)).toBe(false);
  await api.emptyVolume(run, labels);
  expect(await api.isEmptyVolume(run)).toBe(true);
  await api.removeVolume(run);
  await api.emptyVolume(run, labels);
  expect((await api.volumes(labels)).map(({ name }) => name)).toEqual([run]);
  await create(`${run}-other`);
  await expect(api.emptyVolume(run, labels)).rejects.toThrow("volume is in use");
});

test("destroy leaves nothing", async () => {
  const { code, output } = await stack.pulumi(["destroy", "--yes"]);
  expect(code, output).toBe(0);
  expect(await stack.leftovers()).toEqual([]);
});
