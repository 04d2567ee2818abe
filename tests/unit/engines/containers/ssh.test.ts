import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { type EngineApi, engineApi, wrongWith } from "../../../../components/engines/containers/api.ts";
import { FakeDaemon, logged } from "../../helpers/daemon.ts";

// A program called `ssh` leads to a socket of this machine, because ssh itself is not under test.

let daemon: FakeDaemon;
let folder: string;
let leads: string;
beforeEach(async () => {
  daemon = await new FakeDaemon().ready();
  daemon.routes["GET /_ping"] = { headers: { "Api-Version": "1.45" } };
  folder = mkdtempSync(join(tmpdir(), "stackyard-ssh-"));
  vi.stubEnv("PATH", `${folder}:${process.env.PATH}`);
  leads = `
    const socket = require("node:net").connect(${JSON.stringify(daemon.host.slice("unix://".length))});
    process.stdin.pipe(socket).pipe(process.stdout);
  `;
  ssh(leads);
});
afterEach(async () => {
  await daemon.close();
  // A program that is ending may still write its note into the folder.
  rmSync(folder, { recursive: true, maxRetries: 10 });
});

/** Writes a program called `ssh`, which notes the start and the end of each run. */
function ssh(program: string): void {
  const note = `require("node:fs").appendFileSync(${JSON.stringify(join(folder, "runs"))}`;
  const noted = `${note}, JSON.stringify(process.argv.slice(2)) + "\\n");process.once("SIGTERM", process.exit).on("exit", () => ${note}, "ended\\n"));`;
  writeFileSync(join(folder, "ssh"), `#!${process.execPath}\n${noted}${program}`, { mode: 0o755 });
}

const runs = (): string[] =>
  existsSync(join(folder, "runs")) ? readFileSync(join(folder, "runs"), "utf8").trim().split("\n") : [];
const OPTIONS = '"-o","BatchMode=yes","-o","ConnectTimeout=30","-T"';

test.each([
  ["ssh://build", '"--","build","docker","system","dial-stdio"'],
  ["ssh://me@build.example:2222", '"-l","me","-p","2222","--","build.example","docker","system","dial-stdio"'],
  ["ssh://me@[::1]", '"-l","me","--","::1","docker","system","dial-stdio"'],
  ["ssh://MyBox/run/d.sock", '"--","MyBox","docker","--host","unix:///run/d.sock","system","dial-stdio"'],
])("%s is reached by this machine's own ssh", async (host, args) => {
  expect(await engineApi({ host }).ping()).toBe("1.45");
  expect(runs()[0]).toBe(`[${OPTIONS},${args}]`);
});

test("ssh has a process group of its own, so that Ctrl-C at a terminal does not end it", async () => {
  // It fails where there is no group that is called after it.
  ssh(`process.kill(-process.pid, 0);${leads}`);
  expect(await engineApi({ host: "ssh://build" }).ping()).toBe("1.45");
});

describe("carries", () => {
  const api = () => engineApi({ host: "ssh://build" });

  test("one request after another over one connection, also those of the client library", async () => {
    daemon.routes["GET /networks"] = {
      body: [{ Id: "n1", Name: "one", IPAM: { Config: [{ Subnet: "10.0.0.0/24" }] } }],
    };
    const engine = api();
    expect(await engine.ping()).toBe("1.45");
    expect(await engine.subnets()).toEqual(["10.0.0.0/24"]);
    expect(await engine.networks({})).toEqual([{ id: "n1", name: "one" }]);
    expect(runs()).toHaveLength(1);
  });

  test("simultaneous requests over a connection each", async () => {
    const engine = api();
    daemon.routes["GET /containers/json"] = { body: [] };
    expect(await Promise.all([engine.list({}), engine.list({}), engine.list({})])).toEqual([[], [], []]);
    expect(runs().length).toBeGreaterThan(1);
  });

  test("bodies larger than a pipe holds, both ways", async () => {
    const content = Buffer.alloc(3_000_000, "Zeile ");
    daemon.routes["PUT /containers/c1/archive"] = { status: 200 };
    await api().putFiles("c1", "/f", [{ name: "big", content, mode: 0o400, uid: 0, gid: 0 }]);
    expect((daemon.bodies[0] as Buffer).includes(content)).toBe(true);
    daemon.routes["GET /containers/c1/json"] = { body: { Config: {} } };
    daemon.routes["GET /containers/c1/logs"] = { body: logged("stdout", `${"x".repeat(2_000_000)}\n`) };
    expect((await api().logs("c1", 1))[0]).toHaveLength(2_000_000);
  });

  test("a log that is followed, until the signal fires, which ends ssh too", async () => {
    daemon.routes["GET /containers/c1/json"] = { body: { Config: {} } };
    daemon.routes["GET /containers/c1/logs"] = (_, response) => void response.write(logged("stdout", "one\n"));
    const end = new AbortController();
    await api().follow("c1", new Date(0), () => end.abort(), end.signal);
    await expect.poll(runs, { timeout: 8_000 }).toEqual([expect.stringContaining("dial-stdio"), "ended"]);
  });

  test("an engine's refusals", async () => {
    await expect(api().start("none")).rejects.toThrow("not there");
    expect(await api().hasImage("none")).toBe(false);
  });
});

describe("ends", () => {
  const SILENCE_MS = 2_000;
  const over = (signal?: AbortSignal) => engineApi({ host: "ssh://build" }, { silenceMs: SILENCE_MS, signal });
  const ended = () => expect.poll(runs, { timeout: 8_000 }).toEqual([expect.stringContaining("dial-stdio"), "ended"]);

  test.each<[string, string, (api: EngineApi) => Promise<unknown>]>([
    ["inspect", "GET /containers/c1/json", (api) => api.inspect("c1")],
    ["ping", "GET /_ping", (api) => api.ping()],
  ])("when no byte comes: %s", async (_, route, ask) => {
    daemon.routes[route] = () => {};
    await expect(ask(over())).rejects.toThrow(/ 1 s/);
    await ended();
  });

  test("when the other machine is silent", async () => {
    ssh("setInterval(() => {}, 1_000)");
    await expect(over().list({})).rejects.toThrow(
      "The Docker engine at ssh://build does not answer: nothing from it for 1 s.",
    );
    await ended();
  });

  test.each<[string, string, (api: EngineApi) => Promise<unknown>]>([
    ["inspect", "GET /containers/c1/json", (api) => api.inspect("c1")],
    ["wait", "POST /containers/c1/wait", (api) => api.wait("c1")],
    ["ping", "GET /_ping", (api) => api.ping()],
  ])("once the user interrupts: %s", async (_, route, ask) => {
    const user = new AbortController();
    daemon.routes[route] = () => user.abort(new Error("interrupted"));
    const api = engineApi({ host: "ssh://build" }, { signal: user.signal });
    await expect(ask(api)).rejects.toThrow(/interrupted|aborted/);
    await ended();
    daemon.routes["POST /containers/c1/kill"] = { status: 204 };
    await expect(api.kill("c1")).resolves.toBeUndefined();
  });

  test("not while it waits for a container, or bytes come slowly", async () => {
    daemon.routes["POST /containers/c1/wait"] = (_, response) =>
      void setTimeout(() => response.end('{"StatusCode":3}'), SILENCE_MS * 1.5);
    daemon.routes["GET /containers/json"] = async (_, response) => {
      for (const piece of ["[", " ", " ", " ", " ", " ", " ", "]"]) {
        response.write(piece);
        await new Promise((resolve) => setTimeout(resolve, SILENCE_MS / 5));
      }
      response.end();
    };
    expect(await Promise.all([over().wait("c1"), over().list({})])).toEqual([3, []]);
  });

  test("with the engine; the next request makes a new connection", async () => {
    const engine = engineApi({ host: "ssh://build" });
    expect(await engine.ping()).toBe("1.45");
    daemon.hangUp();
    await ended();
    // A request before the end is noticed here fails at once.
    await expect.poll(() => engine.ping(), { timeout: 8_000 }).toBe("1.45");
  });
});

test.each([
  [
    "a host key that is not known",
    'console.error("No ED25519 host key is known.\\r\\nHost key verification failed.\\r"); process.exit(255)',
    "ssh: Host key verification failed",
  ],
  [
    "an unknown host",
    'console.error("ssh: Could not resolve hostname build"); process.exit(255)',
    "ssh: Could not resolve hostname build",
  ],
  [
    "no docker on the other machine",
    'console.error("sh: 1: docker: not found"); process.exit(127)',
    "ssh: sh: 1: docker: not found",
  ],
  ["no message at all", "process.exit(3)", "ssh: ended with exit code 3"],
])("reports in one sentence what is wrong: %s", async (_, program, reason) => {
  ssh(program);
  const host = "ssh://me@build:22";
  const wrong = await wrongWith(engineApi({ host }), host);
  expect(wrong).toContain(`No Docker engine answers at ${host} (${reason}`);
  expect(wrong).toContain("; `ssh -l me -p 22 build docker version` has to work without a question).");
});

test("reports a missing ssh", async () => {
  rmSync(join(folder, "ssh"));
  vi.stubEnv("PATH", folder);
  await expect(engineApi({ host: "ssh://build" }).ping()).rejects.toThrow("ssh does not run: spawn ssh ENOENT");
});
