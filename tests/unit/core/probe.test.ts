import { describe, expect, test } from "vitest";
import { needsProgram, type ProbeArgs, probe, probeOf } from "../../../components/core/probe.ts";
import { faultsOf } from "../../../components/core/support/args.ts";
import { PROBE_PROGRAM } from "../../../components/engines/engine.ts";

const of = (args: ProbeArgs, port?: number) => probeOf(probe().parse(args), "web", port);

describe("probeOf", () => {
  test.each<[string, ProbeArgs, unknown]>([
    ["a list of texts is a program", ["node", "probe.ts"], { test: ["CMD", "node", "probe.ts"] }],
    ["so is a command", { command: ["a"], retries: 9 }, { test: ["CMD", "a"], retries: 9 }],
    ["a line goes to the shell", { shell: "a | b" }, { test: ["CMD-SHELL", "a | b"] }],
    ["none", "none", { test: "none" }],
    ["the image's own", "image", { test: "image" }],
    [
      "the image's own, with other timings",
      { image: true, intervalSeconds: 60 },
      { test: "image", intervalSeconds: 60 },
    ],
    [
      "HTTP, over its network, on the port that it is reached at",
      { http: "/health" },
      { test: ["CMD", PROBE_PROGRAM, "wget", "-q", "-O", "/dev/null", "-T", "5", "http://web:8080/health"] },
    ],
    [
      "HTTP on another port, within its own time",
      { http: "/health", port: 9000, timeoutSeconds: 2 },
      {
        test: ["CMD", PROBE_PROGRAM, "wget", "-q", "-O", "/dev/null", "-T", "2", "http://web:9000/health"],
        timeoutSeconds: 2,
      },
    ],
    [
      "TCP",
      { tcp: 4222 },
      { test: ["CMD", PROBE_PROGRAM, "nc", "-w", "5", "web", "4222", "-e", PROBE_PROGRAM, "true"] },
    ],
  ])("%s", (_, args, expected) => {
    expect(of(args, 8080)).toEqual(expected);
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

const RULE = 'a command, { http }, { tcp }, { shell }, "image" or "none"';

test.each<[unknown, string]>([
  [undefined, `arguments: should be ${RULE}, got nothing`],
  ["often", `arguments: should be ${RULE}, got "often"`],
  [{}, `arguments: should be ${RULE}, got {}`],
  [[], "arguments: should be at least a program, got []"],
  [{ http: "health" }, 'http: should be a path, as /health, got "health"'],
  [{ http: "/", port: 0 }, "port: should be 1 to 65535, got 0"],
  [{ tcp: "4222" }, 'tcp: should be a number, got "4222"'],
  [{ tcp: 1, retires: 3 }, "retires: should not be there"],
  [{ command: ["a"], retries: 0 }, "retries: should be a whole number, 1 to 100, got 0"],
])("%j is refused by name", (given, fault) => {
  const { error } = probe().safeParse(given);
  expect(error && faultsOf(error, given)).toEqual([fault]);
});
