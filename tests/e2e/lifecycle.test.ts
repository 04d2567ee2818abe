import { spawn } from "node:child_process";
import { chmodSync, rmSync } from "node:fs";
import { type AddressInfo, createServer } from "node:net";
import { join } from "node:path";
import pg from "pg";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { redis } from "../contract/rows.ts";
import { connects, done, getNote as get, inspected, postNote as post, restricted } from "./checks.ts";
import { api, copyOfProject, eventually, freePorts, inspect, polyglotSettings, TestStack } from "./harness.ts";

// A stack's whole life with real clients: from another container, through the published ports, and over HTTP.

interface Urls {
  postgres: string;
  redis: string;
  api: string;
}

const SERVICES = ["api", "postgres", "redis"];

describe("the polyglot stack, from the first up to destroy", () => {
  const stack = new TestStack();
  let settings: Record<string, Record<string, unknown>>;
  let urls: Urls;
  const volumes = watchVolumes(stack);

  beforeAll(async () => {
    settings = (await polyglotSettings()).settings as typeof settings;
    settings.api = { ...settings.api, cpus: 0.5 };
    await stack.create(settings);
  });
  afterAll(async () => {
    volumes.end();
    await stack.dispose();
  });

  test("up brings every service up, and shows its address", async () => {
    await done(stack.up());
    urls = await stack.outputs<Urls>("urls");

    const services = await stack.containers({ "stackyard.kind": "service" });
    expect(services.map(({ labels }) => labels["stackyard.service"]).sort()).toEqual(SERVICES);
    for (const { status } of services) expect(status).toContain("(healthy)");
    expect(await stack.outputs("addresses")).toEqual({
      api: { inside: "api:3000", host: `127.0.0.1:${settings.api?.hostPort}` },
      postgres: { inside: "postgres:5432", host: `127.0.0.1:${settings.postgres?.hostPort}` },
      redis: { inside: "redis:6379", host: `127.0.0.1:${settings.redis?.hostPort}` },
    });

    const rows = JSON.parse((await done(stack.verb("ps", { json: "1" }))).stdout) as Record<string, string>[];
    expect(rows.map(({ service, state }) => `${service} ${state}`)).toEqual([
      "api ready",
      "postgres ready",
      "redis ready",
      "postgres-setup done",
    ]);
  });

  test("data that is written is read again: from another container, through a host port, over HTTP", async () => {
    const inside = await clients(stack, urls);
    await inside.psql("create table kept (what text); insert into kept values ('from a container')");
    expect(await inside.psql("select what from kept")).toBe("from a container");
    expect(await inside.redis("set", "kept", "from a container")).toBe("OK");
    expect(await inside.redis("get", "kept")).toBe("from a container");

    expect(await query(urls.postgres, "select what from kept")).toEqual([{ what: "from a container" }]);
    await query(urls.postgres, "insert into kept values ('through a host port')");
    expect(await inside.psql("select what from kept offset 1")).toBe("through a host port");
    expect(await redis(urls.redis, "GET", "kept")).toBe("from a container");

    const { id } = await post(urls.api, "over HTTP");
    expect(await get(urls.api, id)).toEqual({ status: 200, cache: "miss", title: "over HTTP" });
    expect(await get(urls.api, id)).toEqual({ status: 200, cache: "hit", title: "over HTTP" });
    expect(await inside.psql(`select title from notes where id = ${id}`)).toBe("over HTTP");
  });

  test("a wrong password, and none, is refused inside and outside", async () => {
    const wrong = await clients(stack, { postgres: withPassword(urls.postgres), redis: withPassword(urls.redis) });
    await expect(wrong.psql("select 1")).rejects.toThrow('password authentication failed for user "app"');
    await expect(query(withPassword(urls.postgres), "select 1")).rejects.toThrow("password authentication failed");
    const answer = await wrong.redis("get", "kept");
    expect(answer).toContain("WRONGPASS");
    expect(answer).toContain("NOAUTH");
    await expect(redis(withPassword(urls.redis), "GET", "kept")).rejects.toThrow("WRONGPASS");

    const none = await clients(stack, {
      postgres: withPassword(urls.postgres, ""),
      redis: withPassword(urls.redis, ""),
    });
    await expect(none.psql("select 1")).rejects.toThrow("no password supplied");
    expect(await none.redis("get", "kept")).toMatch("NOAUTH");
    await expect(redis(withPassword(urls.redis, ""), "GET", "kept")).rejects.toThrow("NOAUTH");
  });

  test("limits and least rights are in force", async () => {
    const limits = { postgres: [256, "999:999"], redis: [128, "999:999"], api: [256, "1000:1000"] } as const;
    for (const [service, [memoryMiB, user]] of Object.entries(limits)) {
      const container = await restricted(stack, service);
      expect(container, service).toMatchObject({
        Config: { User: user },
        HostConfig: { Memory: memoryMiB * 1024 ** 2, MemorySwap: memoryMiB * 1024 ** 2, PidsLimit: 256 },
      });
      expect(container.HostConfig.RestartPolicy.Name, service).toBe("unless-stopped");
      expect(Object.values(container.HostConfig.PortBindings ?? {}), service).toEqual([
        [{ HostIp: "127.0.0.1", HostPort: String(settings[service]?.hostPort) }],
      ]);
    }
    expect((await restricted(stack, "api")).HostConfig.NanoCpus).toBe(0.5e9);
    expect(await restricted(stack, "postgres-setup")).toMatchObject({
      Config: { User: "999:999" },
      HostConfig: { Memory: 128 * 1024 ** 2, PidsLimit: 256, RestartPolicy: { Name: "no" }, PortBindings: {} },
    });
  });

  test("a container that does not refer to a service does not reach it", async () => {
    const { NetworkSettings } = await inspected(stack, "postgres");
    const address = NetworkSettings.Networks[await stack.network("postgres")]?.IPAddress ?? "";
    const { image } = await stack.container("api");
    const reached = SERVICES.map(async (service) => {
      return [service, await connects(stack, await stack.network(service), image, address, 5432)];
    });
    expect(Object.fromEntries(await Promise.all(reached))).toEqual({
      postgres: "connected",
      redis: "ENETUNREACH",
      api: "ENETUNREACH",
    });
    // There is a route through the network on which another service is published, but no answer comes back.
    expect(await connects(stack, await stack.network("redis", "outside"), image, address, 5432)).toBe("no answer");
    for (const service of SERVICES) {
      const { Options } = await inspect<{ Options: Record<string, string> }>(await stack.network(service, "outside"));
      expect(Options, service).toMatchObject({ "com.docker.network.bridge.enable_ip_masquerade": "false" });
    }
  });

  test("this machine is not reached through a network that services share", async () => {
    const { image } = await stack.container("api");
    const server = createServer().listen(0, "0.0.0.0");
    onTestFinished(() => void server.close());
    await new Promise((resolve) => server.once("listening", resolve));
    const { port } = server.address() as AddressInfo;
    const gateway = async (network: string) => {
      const { IPAM } = await inspect<{ IPAM: { Config: { Gateway: string }[] } }>(network);
      return connects(stack, network, image, IPAM.Config[0]?.Gateway ?? "", port);
    };
    for (const service of SERVICES) expect(await gateway(await stack.network(service)), service).not.toBe("connected");
  });

  test("publishing a service changes its own network and container, and nothing that refers to it", async () => {
    const { hostPort: _, ...redis } = settings.redis ?? {};
    stack.configure({ ...settings, redis });
    expect(await stack.planned()).toEqual([
      "delete Network redis-outside",
      "replace Container redis",
      "replace Stash redis-ready",
      "update Stash ledger",
    ]);
    stack.configure(settings);
  });

  test.each([false, true])("a second preview finds nothing to do, refreshed: %j", (refreshed) => {
    return stack.unchanged({}, refreshed);
  });

  test.each([
    ["postgres", /database system was shut down at/, /not properly shut down|recovery/],
    ["redis", /DB loaded from append only file/, /short read|truncat|corrupt|bad file/i],
  ])("another host port replaces only %s, which stops in order and keeps its data", async (database, good, bad) => {
    const before = {
      state: await stack.state(),
      container: await stack.container(database),
      api: await stack.container("api"),
    };
    const [hostPort] = await freePorts(1);
    settings = { ...settings, [database]: { ...settings[database], hostPort } };
    stack.configure(settings);

    const replaced = [`Container ${database}`, `Stash ${database}-ready`];
    // The ledger records the new port, too.
    expect(await stack.planned()).toEqual([...replaced.map((key) => `replace ${key}`), "update Stash ledger"]);
    await done(stack.up());
    urls = await stack.outputs<Urls>("urls");
    const after = await stack.state();
    expect(Object.keys(after).filter((key) => after[key] !== before.state[key])).toEqual(replaced);
    expect(Object.keys(after)).toEqual(Object.keys(before.state));

    const container = await stack.container(database);
    expect(container.id).not.toBe(before.container.id);
    const log = (await api.logs(container.id, 200)).join("\n");
    expect(log).toMatch(good);
    expect(log).not.toMatch(bad);
    await expectData(stack, urls);

    // What refers to it connects again by itself.
    expect((await stack.container("api")).id).toBe(before.api.id);
    const { id } = await eventually(() => post(urls.api, `after ${database}`));
    await eventually(async () => expect(await get(urls.api, id)).toMatchObject({ status: 200, cache: "hit" }));
  });

  test("a running database gets more memory", async () => {
    const { id } = await stack.container("postgres");
    settings.postgres = { ...settings.postgres, memoryMiB: 320 };
    stack.configure(settings);
    const planned = await stack.planned();
    expect(planned.filter((step) => step.includes("Container"))).toEqual(["update Container postgres"]);
    await done(stack.up());
    expect(await restricted(stack, "postgres")).toMatchObject({
      Id: id,
      HostConfig: { Memory: 320 * 1024 ** 2, MemorySwap: 320 * 1024 ** 2, PidsLimit: 256 },
    });
    // Nothing is left to do of all changes until here.
    await stack.unchanged();
  });

  test("down leaves data, passwords and finished jobs; up continues from there", async () => {
    const before = await stack.state();
    await done(stack.verb("down"));
    const kept = ["Volume postgres-data", "Volume redis-data"].map((key) => before[key]);
    expect((await stack.leftovers()).sort()).toEqual(kept.sort());

    // The preview shows that the job will not run.
    expect((await stack.planned()).filter((step) => step.includes("-setup"))).toEqual([
      "create Container postgres-setup",
    ]);
    await done(stack.up());
    expect(await stack.outputs("urls")).toEqual(urls);
    const after = await stack.state();
    const lasting = /^(Volume \w+-data|RandomPassword .*|Stash (identity|ledger|postgres-setup-done))$/;
    const lastingOf = (state: Record<string, string>) => Object.entries(state).filter(([key]) => lasting.test(key));
    expect(lastingOf(before)).toHaveLength(7);
    expect(lastingOf(after)).toEqual(expect.arrayContaining(lastingOf(before)));
    // The job's container exists again, and was not started.
    expect(await stack.container("postgres-setup")).toMatchObject({ state: "created" });

    const log = (await api.logs((await stack.container("postgres")).id, 200)).join("\n");
    expect(log).toMatch(/database system was shut down at/);
    await expectData(stack, urls);
    await eventually(() => post(urls.api, "after down and up"));
    await stack.unchanged();
  });

  test("destroy leaves nothing", async () => {
    await done(stack.pulumi(["destroy", "--yes", "--skip-preview"]));
    expect(await stack.leftovers()).toEqual([]);
    expect(await stack.state()).toEqual({});
  });

  test("nor does it leave volumes without a name", async () => {
    const left = await api.volumes({});
    const mounted = volumes.mounted();
    expect(mounted.length).toBeGreaterThan(0);
    expect(left.filter(({ name }) => mounted.includes(name))).toEqual([]);
  });
});

describe("two stacks of one program, from two clones", () => {
  const clone = copyOfProject();
  // Git keeps of a file's mode only whether it can be executed; the rest depends on who cloned it.
  for (const path of ["package.json", "src/server.ts"]) chmodSync(join(clone, "examples/api", path), 0o664);
  const [one, other] = [new TestStack(), new TestStack(clone)];
  afterAll(async () => {
    await Promise.all([one.dispose(), other.dispose()]);
    rmSync(clone, { recursive: true });
  });

  test("come up at the same time, independently of each other", async () => {
    for (const stack of [one, other]) await stack.create((await polyglotSettings()).settings);
    // Waits for both, even if one fails: nothing may run any more when everything is removed.
    for (const ran of await Promise.all([one.up(), other.up()])) expect(ran.code, ran.output).toBe(0);
    const urls = { one: await one.outputs<Urls>("urls"), other: await other.outputs<Urls>("urls") };

    const { id } = await post(urls.one.api, "only here");
    expect(await get(urls.one.api, id)).toMatchObject({ status: 200 });
    expect(await get(urls.other.api, id)).toMatchObject({ status: 404 });
    const stranger = withPassword(urls.other.postgres, passwordOf(urls.one.postgres));
    await expect(query(stranger, "select 1")).rejects.toThrow("password authentication failed");
    await other.unchanged();

    await done(other.pulumi(["destroy", "--yes", "--skip-preview"]));
    expect(await get(urls.one.api, id)).toMatchObject({ status: 200 });
    await one.unchanged();
  });
});

const passwordOf = (url: string) => decodeURIComponent(new URL(url).password);

function withPassword(url: string, password = "wrong"): string {
  const changed = new URL(url);
  changed.password = encodeURIComponent(password);
  if (password === "") changed.username = "";
  return changed.href;
}

/** Clients in containers of their own, on the networks of their servers. */
async function clients(stack: TestStack, urls: Pick<Urls, "postgres" | "redis">) {
  const [postgres, redis] = [await stack.container("postgres"), await stack.container("redis")];
  const networks = { postgres: await stack.network("postgres"), redis: await stack.network("redis") };
  const env = (name: string, url: string): Record<string, string> =>
    passwordOf(url) ? { [name]: passwordOf(url) } : {};
  const answer = async (ran: ReturnType<TestStack["client"]>) => {
    const { code, output } = await ran;
    if (code !== 0) throw new Error(output);
    return output.trim();
  };
  return {
    psql: (sql: string) => {
      const command = ["psql", "-h", "postgres", "-U", "app", "-d", "app", "--quiet", "--no-password", "-Atc", sql];
      return answer(stack.client(networks.postgres, postgres.image, command, env("PGPASSWORD", urls.postgres)));
    },
    redis: (...command: string[]) => {
      const whole = ["redis-cli", "-h", "redis", ...command];
      return answer(stack.client(networks.redis, redis.image, whole, env("REDISCLI_AUTH", urls.redis)));
    },
  };
}

async function query(url: string, sql: string): Promise<unknown[]> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query(sql)).rows;
  } finally {
    await client.end();
  }
}

/** Checks what the tests before have written to both databases. */
async function expectData(stack: TestStack, urls: Urls): Promise<void> {
  const inside = await clients(stack, urls);
  expect(await inside.psql("select what from kept")).toBe("from a container\nthrough a host port");
  expect(await query(urls.postgres, "select title from notes order by id limit 1")).toEqual([{ title: "over HTTP" }]);
  expect(await inside.redis("get", "kept")).toBe("from a container");
  expect(await redis(urls.redis, "GET", "kept")).toBe("from a container");
}

/** Watches which volumes the stack's containers get. An image's own volumes have neither a name nor a label of ours. */
function watchVolumes(stack: TestStack) {
  interface Event {
    Type: string;
    Actor: { ID: string; Attributes: Record<string, string> };
  }
  const only = ["type=container", "type=volume", "event=create", "event=mount"].flatMap((filter) => [
    "--filter",
    filter,
  ]);
  const child = spawn("docker", ["events", ...only, "--format", "{{json .}}"], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  let text = "";
  child.stdout.setEncoding("utf8").on("data", (more: string) => (text += more));
  return {
    mounted(): string[] {
      const events = text.split("\n").flatMap((line) => (line === "" ? [] : [JSON.parse(line) as Event]));
      const ofStack = new Set(
        events.flatMap(({ Actor }) => (Actor.Attributes["stackyard.stack"] === stack.name ? [Actor.ID] : [])),
      );
      return events.flatMap(({ Type, Actor }) =>
        Type === "volume" && ofStack.has(Actor.Attributes.container ?? "") ? [Actor.ID] : [],
      );
    },
    end: () => child.kill(),
  };
}
