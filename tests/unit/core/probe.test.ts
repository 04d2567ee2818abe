import { spawnSync } from "node:child_process";
import { describe, expect, test } from "vitest";
import { needsProgram, type ProbeArgs, probe, probeOf } from "../../../components/core/probe.ts";
import { faultsOf } from "../../../components/core/support/args.ts";
import { PROBE_PROGRAM } from "../../../components/engines/engine.ts";

const testOf = (args: ProbeArgs, port?: number) => probeOf(probe().parse(args), "web", port);

/** The beginning of what a connection is needed for, with any script. */
const connected = (port: number, seconds: number, address = "") => [
  ...["CMD", PROBE_PROGRAM, "sh", "-c", expect.any(String), PROBE_PROGRAM, `${seconds}`, address, `${port}`],
];

/** The command of a probe by HTTP, with any script. */
const httpTest = (host: string, port: number, path: string, seconds: number) => [
  ...connected(port, seconds),
  ...["sh", "-c", expect.any(String), PROBE_PROGRAM, `${host}:${port}`, path, `${seconds}`],
];

describe("probeOf", () => {
  test.each<[string, ProbeArgs, unknown]>([
    ["a list of texts is a program", ["node", "probe.ts"], { test: ["CMD", "node", "probe.ts"] }],
    ["a command is a program", { command: ["a"], retries: 9 }, { test: ["CMD", "a"], retries: 9 }],
    ["a line goes to the shell", { shell: "a | b" }, { test: ["CMD-SHELL", "a | b"] }],
    ["there can be none", "none", { test: "none" }],
    ["it can be the image's own", "image", { test: "image" }],
    [
      "it can be the image's own with other timings",
      { image: true, intervalSeconds: 60 },
      { test: "image", intervalSeconds: 60 },
    ],
    [
      "HTTP goes to the container's own address, at the port of its connection",
      { http: "/health" },
      { test: httpTest("web", 8080, "/health", 5) },
    ],
    [
      "HTTP can have another port and time-out",
      { http: "/health", port: 9000, timeoutSeconds: 2 },
      {
        test: httpTest("web", 9000, "/health", 2),
        timeoutSeconds: 2,
      },
    ],
    ["TCP opens a connection", { tcp: 4222 }, { test: [...connected(4222, 5), "true"] }],
  ])("%s", (_, args, expected) => {
    expect(testOf(args, 8080)).toEqual(expected);
  });

  test("another address is asked where there is one", () => {
    const { test } = probeOf(probe().parse({ tcp: 1 }), "web", undefined, "127.0.0.1");
    expect(test).toEqual([...connected(1, 5, "127.0.0.1"), "true"]);
  });

  test.each<[ProbeArgs, boolean]>([
    [["true"], false],
    ["none", false],
    ["image", false],
    [{ shell: "true" }, false],
    [{ http: "/" }, true],
    [{ tcp: 1 }, true],
  ])("%j needs a program of ours: %s", (args, expected) => {
    expect(needsProgram(probe().parse(args))).toBe(expected);
  });
});

describe("the script of a probe by HTTP", () => {
  /** Runs the script with an answer, by another shell and with the programs of this machine. */
  const ask = (answer: string) => {
    const { test = [] } = testOf({ http: `/a?b="c'%s$e` }, 80);
    const [script = "", , ...args] = (test as string[]).slice(11);
    const { status, stdout, stderr } = spawnSync("bash", ["-c", script, "env", ...args], { input: answer });
    return { status, asked: String(stdout), message: String(stderr).trim() };
  };

  test("asks for the path as it is, and for the end of the connection", () => {
    expect(ask("").asked).toBe(
      `GET /a?b="c'%s$e HTTP/1.1\r\nHost: web:80\r\nUser-Agent: stackyard-probe\r\nAccept: */*\r\nConnection: close\r\n\r\n`,
    );
  });

  test.each([
    "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok",
    "HTTP/1.0 204\r\n\r\n",
    "HTTP/1.1 206 Partial Content\r\n\r\n",
    "HTTP/1.1 304 Not Modified\r\n\r\n",
    "HTTP/1.1 302 Found\r\nLocation: http://192.0.2.1/\r\n\r\n",
    "HTTP/1.1 200 OK",
  ])("passes for %j", (answer) => {
    expect(ask(answer)).toMatchObject({ status: 0, message: "" });
  });

  test.each([
    ["HTTP/1.1 404 Not Found\r\n\r\n", "HTTP/1.1 404 Not Found"],
    ["HTTP/1.0 503 Service Unavailable\r\n\r\n", "HTTP/1.0 503 Service Unavailable"],
    ["HTTP/1.1 100 Continue\r\n\r\n", "HTTP/1.1 100 Continue"],
    ["SSH-2.0-OpenSSH_9.9\r\n", "the answer is not HTTP"],
    ["\u0015\u0003\u0003\u0000\u0002\u0002\u0032", "the answer is not HTTP"],
    ["", "no answer: the connection was closed, or 5 s were over"],
  ])("fails for %j, and says why", (answer, message) => {
    expect(ask(answer)).toMatchObject({ status: 1, message: expect.stringContaining(message) });
  });
});

const RULE = 'a command, { http }, { tcp }, { shell }, "image" or "none"';

test.each<[unknown, string]>([
  [undefined, `arguments: should be ${RULE}, got nothing`],
  ["often", `arguments: should be ${RULE}, got "often"`],
  [{}, `arguments: should be ${RULE}, got {}`],
  [[], "arguments: should be at least a program, got []"],
  [{ http: "health" }, 'http: should be a path, as /health, got "health"'],
  [{ http: "/", port: 0 }, "port: should be 1 to 65535, got 0"],
  [{ tcp: "4222" }, 'tcp: should be a number, got "4222"'],
  [{ tcp: 1, retires: 3 }, "retires: should not be there; did you mean `retries`?"],
  [{ command: ["a"], retries: 0 }, "retries: should be a whole number, 1 to 100, got 0"],
])("%j is refused by name", (given, fault) => {
  const { error } = probe().safeParse(given);
  expect(error && faultsOf(error, given)).toEqual([fault]);
});
