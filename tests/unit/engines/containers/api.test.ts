import type { ServerResponse } from "node:http";
import { buffer, text } from "node:stream/consumers";
import { extract, pack } from "tar-stream";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { type EngineApi, engineApi } from "../../../../components/engines/containers/api.ts";
import { FakeDaemon, logged } from "../../helpers/daemon.ts";

let daemon: FakeDaemon;
let api: EngineApi;
beforeEach(async () => {
  daemon = await new FakeDaemon().ready();
  api = engineApi({ host: daemon.host });
});
afterEach(() => daemon.close());

/** The labels of each container that is never started, made for what has `stackyard.id=x`. */
const CARRIER = { "stackyard.id": "x", "stackyard.kind": "carrier", "stackyard.run": expect.stringMatching(/^\w{8}$/) };
const broken = { status: 500, body: { message: "out of order" } };

describe("ping", () => {
  test("answers the API version", async () => {
    daemon.routes["GET /_ping"] = { headers: { "Api-Version": "1.45" }, body: "OK" };
    expect(await api.ping()).toBe("1.45");
    expect(daemon.requests).toEqual(["GET /_ping"]);
  });

  test("fails where nothing listens", async () => {
    const path = `${daemon.host.slice("unix://".length)}.none`;
    await expect(engineApi({ host: `unix://${path}` }).ping()).rejects.toThrow(`connect ENOENT ${path}`);
  });

  test.each([
    ["an engine in trouble", { status: 500, headers: { "Api-Version": "1.45" }, body: "out of order" }],
    ["a server that is not an engine", { status: 200, body: "hello" }],
  ])("fails at %s", async (_, route) => {
    daemon.routes["GET /_ping"] = route;
    await expect(api.ping()).rejects.toThrow(Error);
  });

  test("over TCP asks for the version", async () => {
    const { createServer } = await import("node:http");
    const server = createServer((request, response) => {
      response.end(JSON.stringify({ ApiVersion: `1.44 ${request.url}` }));
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const { port } = server.address() as { port: number };
    expect(await engineApi({ host: `tcp://127.0.0.1:${port}` }).ping()).toBe("1.44 /version");
    server.closeAllConnections();
    server.close();
  });
});

describe("subnets", () => {
  test("are those of every network", async () => {
    daemon.routes["GET /networks"] = {
      body: [
        { Name: "bridge", IPAM: { Config: [{ Subnet: "172.17.0.0/16", Gateway: "172.17.0.1" }] } },
        { Name: "both", IPAM: { Config: [{ Subnet: "10.0.0.0/24" }, { Subnet: "fd00::/64" }] } },
        { Name: "none", IPAM: { Config: [] } },
        { Name: "host", IPAM: { Driver: "default", Config: null } },
        { Name: "dynamic", IPAM: { Config: [{ Gateway: "10.1.0.1" }] } },
      ],
    };
    expect(await api.subnets()).toEqual(["172.17.0.0/16", "10.0.0.0/24", "fd00::/64"]);
  });

  test("fail with the engine's message", async () => {
    daemon.routes["GET /networks"] = broken;
    await expect(api.subnets()).rejects.toThrow("out of order");
  });
});

test.each([
  ["its own", { body: { ID: "bb46-1180" } }, "bb46-1180"],
  ["none, where it makes up a new one each time (Podman)", { body: { ID: "1", BuildahVersion: "1.31.2" } }, undefined],
  ["none, where it has none", { body: { ID: "" } }, undefined],
  ["none, where it may not be asked", { status: 403, body: "forbidden" }, undefined],
])("the engine's id is %s", async (_, route, id) => {
  daemon.routes["GET /info"] = route;
  expect(await api.engineId()).toBe(id);
});

test("info has the engine's machine", async () => {
  daemon.routes["GET /info"] = {
    body: {
      ServerVersion: "26.1.5",
      MemTotal: 1024,
      NCPU: 2,
      DockerRootDir: "/docker",
    },
  };
  expect(await api.info()).toEqual({
    version: "26.1.5",
    memoryBytes: 1024,
    cpus: 2,
    folder: "/docker",
  });
});

test("an engine that has hung up meanwhile is asked anew", async () => {
  daemon.routes["GET /_ping"] = { headers: { "Api-Version": "1.45" } };
  daemon.routes["GET /networks"] = { body: [] };
  await api.ping();
  daemon.hangUp();
  expect(await api.subnets()).toEqual([]);
});

describe("the engine's clock", () => {
  const HOUR = 3_600_000;
  let aheadMs: number;
  beforeEach(() => {
    daemon.routes["GET /info"] = (_, response) => {
      // The engine gives nanoseconds.
      const SystemTime = new Date(Date.now() + aheadMs).toISOString().replace("Z", "456789Z");
      response.end(JSON.stringify({ ID: "bb46-1180", SystemTime }));
    };
  });
  /** @returns by how many ms the engine's clock is ahead, which is known to half of the answer's duration. */
  const ahead = async () => (await api.clock()).there(new Date(0)).getTime();

  test.each([
    ["the same", 0],
    ["three hours ahead", 3 * HOUR],
    ["three hours behind", -3 * HOUR],
  ])("is %s", async (_, ms) => {
    aheadMs = ms;
    const asked = Date.now();
    const found = await ahead();
    const took = Date.now() - asked;
    expect(Math.abs(found - ms)).toBeLessThanOrEqual(ms === 0 ? 0 : took / 2 + 1);
  });

  test.each<[string, (api: EngineApi) => Promise<unknown>]>([
    ["itself", (api) => api.clock()],
    ["the engine's id", (api) => api.engineId()],
    ["what its machine has", (api) => api.info()],
  ])("is measured once, by asking for %s", async (_, ask) => {
    aheadMs = 3 * HOUR;
    await ask(api);
    const first = await ahead();
    aheadMs = -3 * HOUR;
    await api.info();
    expect([await ahead(), first > 2 * HOUR]).toEqual([first, true]);
    expect(daemon.requests).toEqual(["GET /info", "GET /info"]);
  });

  test("cannot be read where the engine does not answer", async () => {
    daemon.routes["GET /info"] = broken;
    expect(await api.engineId()).toBe(undefined);
    await expect(api.clock()).rejects.toThrow("out of order");
  });
});

describe("inspect", () => {
  const STATE = { Status: "running", ExitCode: 0, OOMKilled: false, StartedAt: "2026-01-02T03:04:05.678901234Z" };
  const INFO = {
    Id: "c1",
    Name: "/one",
    Created: "2026-01-02T03:04:05Z",
    State: STATE,
    RestartCount: 2,
    HostConfig: { PidsLimit: 256 },
    Config: { Labels: { a: "b" } },
  };
  const inspected = async (info: unknown) => {
    daemon.routes["GET /containers/c1/json"] = { body: info };
    return api.inspect("c1");
  };

  test("has the time that the first good probe may take", async () => {
    const Config = { Labels: {}, Healthcheck: { Test: ["CMD", "true"], StartPeriod: 90e9 } };
    expect(await inspected({ ...INFO, Config })).toMatchObject({ startPeriodSeconds: 90 });
  });

  test("has everything of a container with a health check", async () => {
    const Health = {
      Status: "unhealthy",
      FailingStreak: 3,
      Log: [{ Start: "2026-01-02T03:04:06Z", End: "2026-01-02T03:04:07.5Z", ExitCode: 1, Output: " refused\n" }],
    };
    expect(await inspected({ ...INFO, State: { ...STATE, Health } })).toEqual({
      id: "c1",
      name: "one",
      status: "running",
      exitCode: 0,
      outOfMemory: false,
      restarts: 2,
      createdAt: new Date("2026-01-02T03:04:05Z"),
      startedAt: new Date("2026-01-02T03:04:05.678Z"),
      health: {
        status: "unhealthy",
        probes: [
          {
            start: new Date("2026-01-02T03:04:06Z"),
            end: new Date("2026-01-02T03:04:07.500Z"),
            exitCode: 1,
            output: "refused",
          },
        ],
      },
      pidsLimit: 256,
      labels: { a: "b" },
    });
    expect(daemon.requests).toEqual(["GET /containers/c1/json"]);
  });

  test("leaves out what a container does not have: start, health check, limit, labels", async () => {
    const State = { Status: "created", ExitCode: 0, OOMKilled: false, StartedAt: "0001-01-01T00:00:00Z" };
    expect(
      await inspected({ ...INFO, State, RestartCount: 0, HostConfig: { PidsLimit: null }, Config: { Labels: null } }),
    ).toEqual({
      id: "c1",
      name: "one",
      status: "created",
      exitCode: 0,
      outOfMemory: false,
      restarts: 0,
      createdAt: new Date("2026-01-02T03:04:05Z"),
      labels: {},
    });
  });

  test("has an end for lack of memory", async () => {
    const State = {
      ...STATE,
      Status: "exited",
      ExitCode: 137,
      OOMKilled: true,
      Health: { Status: "starting", Log: null },
    };
    expect(await inspected({ ...INFO, State })).toMatchObject({
      status: "exited",
      exitCode: 137,
      outOfMemory: true,
      health: { status: "starting", probes: [] },
    });
  });

  test("is undefined for a container that does not exist", async () => {
    expect(await api.inspect("none")).toBeUndefined();
  });

  test("fails for any other reason", async () => {
    daemon.routes["GET /containers/c1/json"] = broken;
    await expect(api.inspect("c1")).rejects.toThrow("(HTTP code 500) server error - out of order");
  });
});

test("list asks for all containers with these labels, and maps them", async () => {
  daemon.routes["GET /containers/json"] = {
    body: [
      {
        Id: "c1",
        Names: ["/one"],
        State: "running",
        Status: "Up 2 seconds (healthy)",
        Image: "postgres:17",
        Labels: { "stackyard.id": "x" },
        Ports: [
          { IP: "127.0.0.1", PrivatePort: 5432, PublicPort: 15_432, Type: "tcp" },
          { PrivatePort: 8080, Type: "tcp" },
        ],
      },
    ],
  };
  expect(await api.list({ "stackyard.id": "x", "stackyard.kind": "service" })).toEqual([
    {
      id: "c1",
      name: "one",
      state: "running",
      status: "Up 2 seconds (healthy)",
      image: "postgres:17",
      labels: { "stackyard.id": "x" },
      ports: [{ address: "127.0.0.1", hostPort: 15_432, port: 5432, protocol: "tcp" }],
    },
  ]);
  expect(daemon.requests).toEqual([
    'GET /containers/json?all=true&filters={"label":["stackyard.id=x","stackyard.kind=service"]}',
  ]);
});

describe("requests to the engine", () => {
  const OK = { status: 204 };
  test.each<[string, string, (api: EngineApi) => Promise<unknown>, unknown?]>([
    ["start", "POST /containers/c1/start", (api) => api.start("c1")],
    ["restart", "POST /containers/c1/restart?t=7", (api) => api.restart("c1", 7)],
    ["kill", "POST /containers/c1/kill", (api) => api.kill("c1")],
    ["limitPids", "POST /containers/c1/update", (api) => api.limitPids("c1", 64), { PidsLimit: 64 }],
    [
      "update",
      "POST /containers/c1/update",
      (api) => api.update("c1", { memoryMiB: 1, memorySwapMiB: 2, restart: "no" }),
      { Memory: 1024 ** 2, MemorySwap: 2 * 1024 ** 2, RestartPolicy: { Name: "no" } },
    ],
    ["removeNetwork", "DELETE /networks/n1", (api) => api.removeNetwork("n1")],
    ["removeVolume", "DELETE /volumes/v1", (api) => api.removeVolume("v1")],
  ])("%s: %s", async (_, request, call, body) => {
    daemon.routes[request.split("?")[0] as string] = OK;
    await expect(call(api)).resolves.toBeUndefined();
    expect(daemon.requests).toEqual([request]);
    if (body !== undefined) expect(daemon.bodies).toEqual([body]);
  });

  test("wait returns the exit code", async () => {
    daemon.routes["POST /containers/c1/wait"] = { body: { StatusCode: 3 } };
    expect(await api.wait("c1")).toBe(3);
  });

  test("wait waits as long as it takes", async () => {
    let waiting: ServerResponse | undefined;
    daemon.routes["POST /containers/c1/wait"] = (_, response) => {
      waiting = response;
    };
    const done = api.wait("c1");
    await expect.poll(() => waiting).toBeDefined();
    waiting?.end(JSON.stringify({ StatusCode: 0 }));
    expect(await done).toBe(0);
  });

  test("remove stops first, with its grace", async () => {
    daemon.routes["POST /containers/c1/stop"] = OK;
    daemon.routes["DELETE /containers/c1"] = OK;
    await api.remove("c1", 60);
    expect(daemon.requests).toEqual(["POST /containers/c1/stop?t=60", "DELETE /containers/c1?force=true&v=true"]);
  });

  test("remove also removes what does not run", async () => {
    daemon.routes["POST /containers/c1/stop"] = { status: 304 };
    daemon.routes["DELETE /containers/c1"] = OK;
    await api.remove("c1", 60);
    expect(daemon.requests).toHaveLength(2);
  });

  test.each(["GET /containers/none", "stop"])("remove passes when it is gone already: %s", async (at) => {
    if (at !== "stop") daemon.routes["POST /containers/c1/stop"] = OK;
    await expect(api.remove("c1", 60)).resolves.toBeUndefined();
  });

  test("removeNetwork detaches what is attached, on request", async () => {
    const attached = { c1: { Name: "web" }, "ep-77": { Name: "gone" }, c2: { Name: "none any more" } };
    daemon.routes["GET /networks/n1"] = { body: { Containers: attached } };
    daemon.routes["POST /networks/n1/disconnect"] = { status: 200 };
    daemon.routes["DELETE /networks/n1"] = OK;
    await api.removeNetwork("n1", true);
    expect(daemon.requests.slice(1, -1)).toEqual(Array(3).fill("POST /networks/n1/disconnect"));
    expect(daemon.bodies.filter((body) => body !== undefined)).toEqual(
      ["c1", "gone", "c2"].map((Container) => ({ Container, Force: true })),
    );
  });

  test("remove does not remove what it could not stop", async () => {
    daemon.routes["POST /containers/c1/stop"] = broken;
    await expect(api.remove("c1", 60)).rejects.toThrow("out of order");
    expect(daemon.requests).toEqual(["POST /containers/c1/stop?t=60"]);
  });

  test.each<[string, (api: EngineApi) => Promise<unknown>]>([
    ["removeNetwork", (api) => api.removeNetwork("none")],
    ["removeVolume", (api) => api.removeVolume("none")],
  ])("%s is content when it is gone already", async (_, call) => {
    await expect(call(api)).resolves.toBeUndefined();
  });

  test.each<[string, (api: EngineApi) => Promise<unknown>]>([
    ["start", (api) => api.start("none")],
    ["kill", (api) => api.kill("none")],
    ["limitPids", (api) => api.limitPids("none", 1)],
    ["wait", (api) => api.wait("none")],
  ])("%s fails for a container that is not there", async (_, call) => {
    await expect(call(api)).rejects.toThrow("not there");
  });
});

describe("networks of a container", () => {
  const on = (networks: Record<string, { NetworkID: string; Aliases: string[] | null }>) => {
    daemon.routes["GET /containers/c1/json"] = { body: { NetworkSettings: { Networks: networks } } };
    for (const act of ["connect", "disconnect"]) daemon.routes[`POST /networks/n1/${act}`] = { status: 200 };
  };
  const acts = () => daemon.requests.filter((each) => each.startsWith("POST"));

  test("are told by id, with its aliases there", async () => {
    on({ web: { NetworkID: "n1", Aliases: ["web", "c1"] }, other: { NetworkID: "n2", Aliases: null } });
    expect(await api.endpoints("c1")).toEqual({ n1: ["web", "c1"], n2: [] });
  });

  test("one is joined under aliases", async () => {
    on({});
    await api.join("c1", "n1", ["web"]);
    expect(acts()).toEqual(["POST /networks/n1/connect"]);
    expect(daemon.bodies.at(-1)).toEqual({ Container: "c1", EndpointConfig: { Aliases: ["web"] } });
  });

  test("one where it has no such alias is left first, because aliases cannot be changed there", async () => {
    on({ web: { NetworkID: "n1", Aliases: ["c1"] } });
    await api.join("c1", "n1", ["web"]);
    expect(acts()).toEqual(["POST /networks/n1/disconnect", "POST /networks/n1/connect"]);
  });

  test("one where it has them already stays as it is", async () => {
    on({ web: { NetworkID: "n1", Aliases: ["c1", "web"] } });
    await api.join("c1", "n1", ["web"]);
    expect(acts()).toEqual([]);
  });

  test.each([
    ["it is left", { web: { NetworkID: "n1", Aliases: null } }, ["POST /networks/n1/disconnect"]],
    ["one where it is not is no matter", {}, []],
  ])("%s", async (_, networks, expected) => {
    on(networks);
    await api.leave("c1", "n1");
    expect(acts()).toEqual(expected);
  });

  test("a container that is gone has left", async () => {
    await expect(api.leave("none", "n1")).resolves.toBeUndefined();
  });
});

test("a program in a container is run to its end, and both its streams are returned", async () => {
  daemon.routes["POST /containers/c1/exec"] = { status: 201, body: { Id: "e1" } };
  daemon.routes["POST /exec/e1/start"] = { body: Buffer.concat([logged("stdout", "one\n"), logged("stderr", "twö")]) };
  daemon.routes["GET /exec/e1/json"] = { body: { ExitCode: 7 } };
  expect(await api.execute("c1", ["sh", "-c", "a b"])).toEqual({ exitCode: 7, output: "one\ntwö" });
  expect(daemon.bodies[0]).toMatchObject({ Cmd: ["sh", "-c", "a b"], AttachStdout: true, AttachStderr: true });
});

describe("files", () => {
  const FILES = [
    { name: "password", content: "hunter22 é", mode: 0o400, uid: 999, gid: 998 },
    { name: "empty.sql", content: "", mode: 0o444, uid: 0, gid: 0 },
  ];
  const unpacked = async (archive: unknown) => {
    const found: unknown[] = [];
    const reader = extract();
    reader.on("entry", ({ name, mode, uid, gid }, stream, next) => {
      text(stream).then((content) => {
        found.push({ name, content, mode, uid, gid });
        next();
      });
    });
    reader.end(archive);
    await new Promise<void>((resolve) => reader.on("finish", () => resolve()));
    return found;
  };

  test("are put into a folder of a container, each with its owner and its mode", async () => {
    daemon.routes["PUT /containers/c1/archive"] = { status: 200 };
    await api.putFiles("c1", "/run/secrets", FILES);
    expect(daemon.requests).toEqual(["PUT /containers/c1/archive?path=/run/secrets"]);
    expect(await unpacked(daemon.bodies[0])).toEqual(FILES);
  });

  test("fail for a container that does not exist", async () => {
    await expect(api.putFiles("none", "/run/secrets", FILES)).rejects.toThrow("not there");
  });

  describe("for a volume", () => {
    beforeEach(() => {
      daemon.routes["POST /containers/create"] = { status: 201, body: { Id: "carrier" } };
      daemon.routes["PUT /containers/carrier/archive"] = { status: 200 };
      daemon.routes["DELETE /containers/carrier"] = { status: 204 };
    });
    const fill = (image = "sha256:1") => api.fillVolume("v1", FILES, image, { "stackyard.id": "x" });

    test("are put in through a container that is never started and removed again", async () => {
      await fill();
      const [create, ...rest] = daemon.requests;
      expect(create).toMatch(/^POST \/containers\/create\b/);
      expect(rest).toEqual([
        "PUT /containers/carrier/archive?path=/handed",
        "DELETE /containers/carrier?force=true&v=true",
      ]);
      expect(daemon.requests.join()).not.toContain("hunter22");
      expect(daemon.bodies[0]).toEqual({
        Image: "sha256:1",
        Cmd: ["never started"],
        Labels: CARRIER,
        NetworkDisabled: true,
        HostConfig: { Binds: ["v1:/handed"] },
      });
      expect(await unpacked(daemon.bodies[1])).toEqual(FILES);
    });

    test("leave no such container behind when that fails", async () => {
      daemon.routes["PUT /containers/carrier/archive"] = broken;
      await expect(fill()).rejects.toThrow("out of order");
      expect(daemon.requests.at(-1)).toBe("DELETE /containers/carrier?force=true&v=true");
    });

    test("fail for an image that does not exist", async () => {
      daemon.routes["POST /containers/create"] = { status: 404, body: { message: "No such image: none" } };
      await expect(fill("none")).rejects.toThrow("No such image: none");
    });
  });
});

describe("fileOf", () => {
  const fileOf = async (type: "file" | "directory") => {
    const tar = pack();
    tar.entry({ name: "busybox", type }, type === "file" ? "program" : "");
    tar.finalize();
    daemon.routes["POST /containers/create"] = { status: 201, body: { Id: "carrier" } };
    daemon.routes["GET /containers/carrier/archive"] = { body: await buffer(tar) };
    daemon.routes["DELETE /containers/carrier"] = { status: 204 };
    return api.fileOf("sha256:1", "/bin/busybox", { "stackyard.id": "x" });
  };

  test("reads through a container that is never started, has the labels by which it is found, and is removed again", async () => {
    expect(String(await fileOf("file"))).toBe("program");
    expect(daemon.bodies[0]).toEqual({
      Image: "sha256:1",
      Cmd: ["never started"],
      Labels: CARRIER,
      NetworkDisabled: true,
    });
    expect(daemon.requests.slice(1)).toEqual([
      "GET /containers/carrier/archive?path=/bin/busybox",
      "DELETE /containers/carrier?force=true&v=true",
    ]);
  });

  test("fails for what is no file, and removes the container", async () => {
    await expect(fileOf("directory")).rejects.toThrow("/bin/busybox of the image sha256:1 should be a file");
    expect(daemon.requests.at(-1)).toBe("DELETE /containers/carrier?force=true&v=true");
  });
});

describe("isEmptyVolume", () => {
  type Entry = { name: string; type?: "directory" };
  const archive = async (...entries: Entry[]) => {
    const tar = pack();
    for (const each of entries) tar.entry({ ...each, uid: 999 }, "");
    tar.finalize();
    return buffer(tar);
  };
  const TOP: Entry = { name: "handed/", type: "directory" };
  const LABELS = { "stackyard.id": "x", "stackyard.service": "db", "stackyard.kind": "data" };
  const isEmpty = async (entries: Entry[]) => {
    daemon.routes["GET /containers/carrier/archive"] = { body: await archive(...entries) };
    return api.isEmptyVolume("v1");
  };
  beforeEach(() => {
    daemon.routes["GET /volumes/v1"] = { body: { Name: "v1", Labels: LABELS } };
    daemon.routes["GET /images/json"] = { body: [{ Id: "sha256:1" }, { Id: "sha256:2" }] };
    daemon.routes["POST /containers/create"] = { status: 201, body: { Id: "carrier" } };
    daemon.routes["DELETE /containers/carrier"] = { status: 204 };
  });

  test.each<[string, Entry[], boolean]>([
    ["true with nothing in it", [TOP], true],
    ["false with an empty folder in it", [TOP, { name: "handed/tables/", type: "directory" }], false],
    ["false with an empty file in it", [TOP, { name: "handed/PG_VERSION" }], false],
    ["false where the engine shows nothing of it", [], false],
  ])("%s", async (_, entries, expected) => {
    expect(await isEmpty(entries)).toBe(expected);
  });

  test("looks through a container that is never started, cannot write, and is removed again", async () => {
    await isEmpty([TOP]);
    expect(daemon.requests.slice(3)).toEqual([
      "GET /containers/carrier/archive?path=/handed",
      "DELETE /containers/carrier?force=true&v=true",
    ]);
    expect(daemon.bodies[2]).toEqual({
      Image: "sha256:1",
      Cmd: ["never started"],
      Labels: CARRIER,
      NetworkDisabled: true,
      HostConfig: { Binds: ["v1:/handed:ro"] },
    });
  });

  test("is false on an engine without images, which could not look", async () => {
    daemon.routes["GET /images/json"] = { body: [] };
    expect(await isEmpty([TOP])).toBe(false);
  });

  test("fails with the engine's message, and removes the container", async () => {
    await isEmpty([TOP]);
    daemon.routes["GET /containers/carrier/archive"] = broken;
    await expect(api.isEmptyVolume("v1")).rejects.toThrow("out of order");
    expect(daemon.requests.at(-1)).toBe("DELETE /containers/carrier?force=true&v=true");
  });
});

describe("emptyVolume", () => {
  const LABELS = { "stackyard.id": "x", "stackyard.kind": "ephemeral" };
  // The client library repeats what it sends.
  const CREATE = `POST /volumes/create?Name=v1&Labels=${JSON.stringify(LABELS)}`;
  beforeEach(() => {
    daemon.routes["GET /containers/json"] = { body: [] };
    daemon.routes["DELETE /volumes/v1"] = { status: 204 };
    daemon.routes["POST /volumes/create"] = { status: 201, body: { Name: "v1" } };
  });

  test("makes the volume anew, with its name and its labels", async () => {
    await api.emptyVolume("v1", LABELS);
    expect(daemon.requests.slice(1)).toEqual(["DELETE /volumes/v1", CREATE]);
    expect(daemon.bodies[2]).toEqual({ Name: "v1", Labels: LABELS });
  });

  test("makes it where an `up` that was ended has only removed it", async () => {
    delete daemon.routes["DELETE /volumes/v1"];
    await api.emptyVolume("v1", LABELS);
    expect(daemon.requests.at(-1)).toBe(CREATE);
  });

  test("first removes what an ended `up` has left to carry something to it", async () => {
    daemon.routes["GET /containers/json"] = { body: [{ Id: "left" }] };
    daemon.routes["DELETE /containers/left"] = { status: 204 };
    await api.emptyVolume("v1", LABELS);
    expect(daemon.requests).toEqual([
      'GET /containers/json?all=true&filters={"volume":["v1"],"label":["stackyard.kind=carrier"]}',
      "DELETE /containers/left?force=true&v=true",
      "DELETE /volumes/v1",
      CREATE,
    ]);
  });

  test("fails with the engine's message where another container uses it", async () => {
    daemon.routes["DELETE /volumes/v1"] = { status: 409, body: { message: "volume is in use - [c1]" } };
    await expect(api.emptyVolume("v1", LABELS)).rejects.toThrow("volume is in use - [c1]");
    expect(daemon.requests.at(-1)).toBe("DELETE /volumes/v1");
  });
});

const INSPECTED = "GET /containers/c1/json";

describe("logs", () => {
  beforeEach(() => {
    daemon.routes[INSPECTED] = { body: { Config: {} } };
  });
  const asked = () => daemon.requests.filter((request) => request !== INSPECTED);

  test("of a terminal are the last lines, which come without the engine's headers", async () => {
    daemon.routes[INSPECTED] = { body: { Config: { Tty: true } } };
    daemon.routes["GET /containers/c1/logs"] = { body: Buffer.from("one\r\n\u001b[1mtwo\u001b[0m\r\n") };
    expect(await api.logs("c1", 20)).toEqual(["one", "\u001b[1mtwo\u001b[0m"]);
  });

  test("are the last lines of both streams, without the engine's headers", async () => {
    const pieces = [logged("stdout", "one\ntwo\r\n"), logged("stderr", "thr"), logged("stderr", "ee\n\nfour é")];
    daemon.routes["GET /containers/c1/logs"] = { body: Buffer.concat(pieces) };
    expect(await api.logs("c1", 20)).toEqual(["one", "two", "three", "four é"]);
    expect(asked()).toEqual(["GET /containers/c1/logs?stdout=true&stderr=true&tail=20"]);
  });

  test("can be all lines from a time on, with their times", async () => {
    daemon.routes["GET /containers/c1/logs"] = { body: logged("stdout", "2026-01-02T03:04:06.000000001Z one\n") };
    const since = new Date("2026-01-02T03:04:05.500Z");
    expect(await api.logs("c1", undefined, { since, stamped: true })).toEqual(["2026-01-02T03:04:06.000000001Z one"]);
    expect(asked()).toEqual([
      `GET /containers/c1/logs?stdout=true&stderr=true&timestamps=true&since=${since.getTime() / 1000}`,
    ]);
  });

  test("show a piece that was cut off as far as it came", async () => {
    daemon.routes["GET /containers/c1/logs"] = { body: logged("stdout", "one\ntwo").subarray(0, 13) };
    expect(await api.logs("c1", 20)).toEqual(["one", "t"]);
  });

  test("are empty for a container that does not exist, or wrote nothing", async () => {
    expect(await api.logs("none", 20)).toEqual([]);
    daemon.routes["GET /containers/c1/logs"] = { body: Buffer.alloc(0) };
    expect(await api.logs("c1", 20)).toEqual([]);
  });
});

describe("follow", () => {
  const SINCE = new Date("2026-01-02T03:04:05.500Z");
  let response: ServerResponse | undefined;
  beforeEach(() => {
    response = undefined;
    daemon.routes[INSPECTED] = { body: { Config: {} } };
    daemon.routes["GET /containers/c1/logs"] = (_, opened) => {
      response = opened;
      opened.flushHeaders();
    };
  });
  const asked = () => daemon.requests.filter((request) => request !== INSPECTED);
  const follow = (signal = new AbortController().signal) => {
    const lines: string[] = [];
    const done = api.follow("c1", SINCE, (line) => lines.push(line), signal);
    return { lines, done };
  };

  test("passes on each line once it is complete, until the container stops", async () => {
    const { lines, done } = follow();
    await expect.poll(() => response).toBeDefined();
    response?.write(logged("stdout", "one\ntw"));
    await expect.poll(() => lines).toEqual(["one"]);
    response?.write(Buffer.concat([logged("stdout", "o\n"), logged("stderr", "three\n")]));
    await expect.poll(() => lines).toEqual(["one", "two", "three"]);
    response?.end(logged("stdout", "last"));
    await done;
    expect(lines).toEqual(["one", "two", "three", "last"]);
    expect(asked()).toEqual([
      `GET /containers/c1/logs?follow=true&stdout=true&stderr=true&since=${SINCE.getTime() / 1000}`,
    ]);
  });

  test("passes on the lines of a terminal, which come without headers", async () => {
    daemon.routes[INSPECTED] = { body: { Config: { Tty: true } } };
    const { lines, done } = follow();
    await expect.poll(() => response).toBeDefined();
    response?.end("one\r\ntwo");
    await done;
    expect(lines).toEqual(["one", "two"]);
  });

  test("can begin with the last lines, with their times", async () => {
    const done = api.follow("c1", SINCE, () => {}, new AbortController().signal, { lines: 5, stamped: true });
    await expect.poll(() => response).toBeDefined();
    response?.end();
    await done;
    expect(asked()).toEqual([
      `GET /containers/c1/logs?follow=true&stdout=true&stderr=true&tail=5&timestamps=true&since=${SINCE.getTime() / 1000}`,
    ]);
  });

  test("puts together a line whose bytes come in pieces", async () => {
    const { lines, done } = follow();
    await expect.poll(() => response).toBeDefined();
    const bytes = logged("stdout", "größe\n");
    response?.write(bytes.subarray(0, 4));
    await new Promise((resolve) => setTimeout(resolve, 5));
    response?.write(bytes.subarray(4, 11));
    await new Promise((resolve) => setTimeout(resolve, 5));
    response?.end(bytes.subarray(11));
    await done;
    expect(lines).toEqual(["größe"]);
  });

  test("ends at once when the signal fires", async () => {
    const end = new AbortController();
    const { lines, done } = follow(end.signal);
    await expect.poll(() => response).toBeDefined();
    response?.write(logged("stdout", "one\n"));
    await expect.poll(() => lines).toEqual(["one"]);
    end.abort();
    await done;
    expect(lines).toEqual(["one"]);
  });

  test("ends when the engine stops", async () => {
    const { done } = follow();
    await expect.poll(() => response).toBeDefined();
    response?.destroy();
    await done;
  });
});

describe("lists", () => {
  test("what an image says of itself", async () => {
    const Config = {
      ExposedPorts: { "5432/tcp": {} },
      Env: ["PGDATA=/data"],
      Entrypoint: ["entry.sh"],
      Cmd: ["postgres"],
      WorkingDir: "/work",
      Volumes: { "/data": {} },
      Labels: { title: "PostgreSQL" },
    };
    daemon.routes["GET /images/own:1/json"] = { body: { Id: "sha256:1", Config } };
    daemon.routes["GET /images/empty:1/json"] = { body: { Id: "sha256:2", Config: { Env: null } } };
    expect(await api.imageConfig("own:1")).toEqual({
      ports: [5432],
      env: ["PGDATA=/data"],
      words: ["entry.sh", "postgres", "/work", "/data", "title", "PostgreSQL"],
    });
    expect(await api.imageConfig("empty:1")).toEqual({ ports: [], env: [], words: [] });
    expect(await api.imageConfig("none:1")).toBeUndefined();
  });

  test("volumes and images, by name", async () => {
    daemon.routes["GET /volumes/v1"] = { body: { Name: "v1" } };
    daemon.routes["GET /images/postgres:17/json"] = { body: { Id: "sha256:1" } };
    expect(await Promise.all([api.hasVolume("v1"), api.hasVolume("v2")])).toEqual([true, false]);
    expect(await Promise.all([api.hasImage("postgres:17"), api.hasImage("postgres:18")])).toEqual([true, false]);
    expect(await Promise.all([api.imageId("postgres:17"), api.imageId("postgres:18")])).toEqual([
      "sha256:1",
      undefined,
    ]);
  });

  test("names of images that match a pattern, and removing one", async () => {
    daemon.routes["GET /images/json"] = { body: [{ RepoTags: ["a:1", "a:2"] }, { RepoTags: null }] };
    daemon.routes["DELETE /images/a:1"] = { body: [] };
    expect(await api.imageNames("a:*")).toEqual(["a:1", "a:2"]);
    await api.removeImage("a:1");
    await api.removeImage("gone:1");
    expect(daemon.requests).toEqual([
      'GET /images/json?filters={"reference":["a:*"]}',
      "DELETE /images/a:1?force=true",
      "DELETE /images/gone:1?force=true",
    ]);
  });

  test("all images, with the bytes that are theirs alone and their containers", async () => {
    const Images = [
      { Id: "i1", RepoTags: ["a:1", "a:2"], Size: 50, SharedSize: 20, Containers: 1 },
      { Id: "i2", RepoTags: null, Size: 50, SharedSize: 0, Containers: 0 },
    ];
    daemon.routes["GET /system/df"] = { body: { Images } };
    expect(await api.allImages()).toEqual([
      { id: "i1", names: ["a:1", "a:2"], bytes: 30, containers: 1 },
      { id: "i2", names: [], bytes: 50, containers: 0 },
    ]);
    expect(daemon.requests).toEqual(["GET /system/df?type=image"]);
  });

  test("an image is removed unless it is used; and when it was tagged", async () => {
    daemon.routes["GET /images/i1/json"] = { body: { Metadata: { LastTagTime: "2026-01-02T03:04:05Z" } } };
    daemon.routes["GET /images/i2/json"] = { body: {} };
    daemon.routes["DELETE /images/i1"] = { status: 409, body: { message: "in use" } };
    expect(await api.imageNamedAt("i1")).toEqual(new Date("2026-01-02T03:04:05Z"));
    expect(await api.imageNamedAt("i2")).toEqual(new Date(0));
    await expect(api.removeImage("i1", false)).rejects.toThrow("in use");
    expect(daemon.requests.at(-1)).toBe("DELETE /images/i1?force=false");
  });

  test("build caches that no build uses", async () => {
    const BuildCache = [
      { Size: 1, InUse: false },
      { Size: 2, InUse: true },
      { Size: 4, InUse: false },
    ];
    daemon.routes["GET /system/df"] = { body: { BuildCache } };
    expect(await api.buildCacheBytes()).toBe(5);
    daemon.routes["GET /system/df"] = { body: { BuildCache: null } };
    expect(await api.buildCacheBytes()).toBe(0);
  });

  test("containers and networks with a label", async () => {
    const Labels = { "stackyard.id": "x" };
    const container = { Id: "c1", Names: ["/shop"], Created: 60, State: "exited", Labels };
    daemon.routes["GET /containers/json"] = { body: [container] };
    daemon.routes["GET /networks"] = { body: [{ Id: "n1", Name: "net", Created: "1970-01-01T00:02:00Z", Labels }] };
    expect(await api.labelled("stackyard.id")).toEqual([
      { kind: "container", id: "c1", name: "shop", createdAt: new Date(60_000), state: "exited", labels: Labels },
      { kind: "network", id: "n1", name: "net", createdAt: new Date(120_000), labels: Labels },
    ]);
    expect(daemon.requests.sort()).toEqual([
      'GET /containers/json?all=true&filters={"label":["stackyard.id"]}',
      'GET /networks?filters={"label":["stackyard.id"]}',
    ]);
  });

  test("an engine's failure is not an answer", async () => {
    daemon.routes["GET /volumes/v1"] = daemon.routes["GET /images/i/json"] = broken;
    await expect(api.hasVolume("v1")).rejects.toThrow("out of order");
    await expect(api.hasImage("i")).rejects.toThrow("out of order");
  });

  test("networks by labels", async () => {
    daemon.routes["GET /networks"] = { body: [{ Id: "n1", Name: "one", IPAM: {} }] };
    expect(await api.networks({ "stackyard.id": "x" })).toEqual([{ id: "n1", name: "one" }]);
    expect(daemon.requests).toEqual(['GET /networks?filters={"label":["stackyard.id=x"]}']);
  });

  test("volumes by labels", async () => {
    daemon.routes["GET /volumes"] = {
      body: {
        Volumes: [
          { Name: "v1", CreatedAt: "2026-01-02T03:04:05Z", Labels: { a: "b" } },
          { Name: "v2", Labels: null },
        ],
      },
    };
    expect(await api.volumes({ "stackyard.id": "x" })).toEqual([
      { name: "v1", createdAt: new Date("2026-01-02T03:04:05Z"), labels: { a: "b" } },
      { name: "v2", createdAt: new Date(0), labels: {} },
    ]);
    expect(daemon.requests).toEqual(['GET /volumes?filters={"label":["stackyard.id=x"]}']);
    daemon.routes["GET /volumes"] = { body: { Volumes: null } };
    expect(await api.volumes({})).toEqual([]);
  });

  test("an image's digest in its registry", async () => {
    daemon.routes["GET /distribution/postgres:17/json"] = { body: { Descriptor: { digest: "sha256:abc" } } };
    expect(await api.digest("postgres:17")).toBe("sha256:abc");
    await expect(api.digest("postgres:none")).rejects.toThrow("not there");
  });
});

describe("an engine that does not answer", () => {
  const silent = () => {};
  const SILENCE_MS = 80;
  const impatient = (signal?: AbortSignal) => engineApi({ host: daemon.host }, { silenceMs: SILENCE_MS, signal });

  test.each<[string, string, (api: EngineApi) => Promise<unknown>]>([
    ["inspect", "GET /containers/c1/json", (api) => api.inspect("c1")],
    ["list", "GET /containers/json", (api) => api.list({})],
    ["start", "POST /containers/c1/start", (api) => api.start("c1")],
    [
      "update",
      "POST /containers/c1/update",
      (api) => api.update("c1", { memoryMiB: 6, memorySwapMiB: 6, restart: "no" }),
    ],
    ["logs", "GET /containers/c1/logs", (api) => api.logs("c1", 1)],
    ["putFiles", "PUT /containers/c1/archive", (api) => api.putFiles("c1", "/", [])],
    ["fillVolume", "POST /containers/create", (api) => api.fillVolume("v1", [], "image", {})],
  ])("is said not to, and not waited for: %s", async (_, route, ask) => {
    daemon.routes[INSPECTED] = { body: { Config: {} } };
    daemon.routes[route] = silent;
    await expect(ask(impatient())).rejects.toThrow(
      `The Docker engine at ${daemon.host} does not answer: nothing from it for 0.08 s.`,
    );
  });

  test.each<[string, string, (api: EngineApi) => Promise<unknown>]>([
    ["ping", "GET /_ping", (api) => api.ping()],
    ["subnets", "GET /networks", (api) => api.subnets()],
    ["info", "GET /info", (api) => api.info()],
    ["clock", "GET /info", (api) => api.clock()],
    ["hasImage", "GET /images/x/json", (api) => api.hasImage("x")],
    ["imageConfig", "GET /images/x/json", (api) => api.imageConfig("x")],
    ["buildCacheBytes", "GET /system/df", (api) => api.buildCacheBytes()],
  ])("nor where no client library is loaded: %s", async (_, route, ask) => {
    daemon.routes[route] = silent;
    await expect(ask(impatient())).rejects.toThrow("no answer within 0.08 s");
  });

  test.each<[string, string, (api: EngineApi) => Promise<unknown>]>([
    ["inspect", "GET /containers/c1/json", (api) => api.inspect("c1")],
    ["wait", "POST /containers/c1/wait", (api) => api.wait("c1")],
    ["restart", "POST /containers/c1/restart", (api) => api.restart("c1", 60)],
    ["ping", "GET /_ping", (api) => api.ping()],
  ])("is not waited for once the user interrupts: %s", async (_, route, ask) => {
    const user = new AbortController();
    daemon.routes[route] = () => user.abort(new Error("interrupted"));
    await expect(ask(engineApi({ host: daemon.host }, { signal: user.signal }))).rejects.toThrow(/interrupted|aborted/);
  });

  test("can be asked after an interruption, to clean up", async () => {
    const user = new AbortController();
    user.abort();
    daemon.routes["POST /containers/c1/kill"] = { status: 204 };
    await expect(engineApi({ host: daemon.host }, { signal: user.signal }).kill("c1")).resolves.toBeUndefined();
  });

  test("is not an engine whose bytes come slowly", async () => {
    // The pauses are longer than a busy machine's own, and together longer than the silence that counts.
    const silenceMs = 2_000;
    daemon.routes["GET /containers/json"] = async (_, response) => {
      for (const piece of ["[", " ", " ", " ", " ", " ", "]"]) {
        response.write(piece);
        await new Promise((resolve) => setTimeout(resolve, silenceMs / 5));
      }
      response.end();
    };
    expect(await engineApi({ host: daemon.host }, { silenceMs }).list({})).toEqual([]);
  });

  test("is not an engine that waits for a container, or for its grace", async () => {
    const later = (status: number, body: string) => (_: unknown, response: ServerResponse) =>
      void setTimeout(() => response.writeHead(status).end(body), SILENCE_MS * 3);
    daemon.routes["POST /containers/c1/wait"] = later(200, '{"StatusCode":3}');
    daemon.routes["POST /containers/c1/restart"] = later(204, "");
    expect(await impatient().wait("c1")).toBe(3);
    await expect(impatient().restart("c1", 1)).resolves.toBeUndefined();
  });

  test("is waited for by the container's own grace where none is named", async () => {
    daemon.routes["GET /containers/c1/json"] = { body: { Config: { StopTimeout: 42 } } };
    daemon.routes["GET /containers/c2/json"] = { body: { Config: {} } };
    for (const id of ["c1", "c2"]) daemon.routes[`POST /containers/${id}/restart`] = { status: 204 };
    await api.restart("c1");
    await api.restart("c2");
    expect(daemon.requests.filter((each) => each.startsWith("POST"))).toEqual([
      "POST /containers/c1/restart?t=42",
      "POST /containers/c2/restart?t=10",
    ]);
  });
});
