import { createServer, type Server } from "node:net";
import * as pulumi from "@pulumi/pulumi";
import { afterEach, expect, test, vi } from "vitest";
import { keptPorts, NEW_PORTS } from "../../../../components/core/support/ports.ts";
import { isFree, onLoopback } from "../../../../components/engines/ports.ts";
import { mock } from "../../helpers/stack.ts";

const servers: Server[] = [];
afterEach(() => Promise.all(servers.splice(0).map((server) => new Promise((resolve) => server.close(resolve)))));

async function ports(names: string[], options: Parameters<typeof mock>[0] = {}) {
  const monitor = mock(options);
  const chosen = await keptPorts(names);
  await pulumi.runtime.disconnect();
  return { chosen, resources: monitor.recorded };
}

function take(port: number): Promise<void> {
  const server = createServer();
  servers.push(server);
  return new Promise((resolve) => server.listen(port, "127.0.0.1", resolve));
}

test("each is free, differs from the others, and is kept in state", async () => {
  const { chosen, resources } = await ports(["a.hostPort", "b.hostPort", "b.httpHostPort"]);
  const all = Object.values(chosen);
  expect(Object.keys(chosen)).toEqual(["a.hostPort", "b.hostPort", "b.httpHostPort"]);
  expect(new Set(all).size).toBe(3);
  for (const port of all) {
    expect(port).toBeGreaterThanOrEqual(10_000);
    expect(port).toBeLessThan(32_000);
    expect(await isFree(onLoopback(port))).toBe(true);
  }
  expect(resources.map(({ key, inputs, ignoreChanges }) => ({ key, inputs, ignoreChanges }))).toEqual(
    Object.entries(chosen).map(([name, input]) => ({
      key: `Stash port-${name}`,
      inputs: { input },
      ignoreChanges: ["input"],
    })),
  );
});

test("is the recorded one, even while its own server has it", async () => {
  const { chosen } = await ports(["a.hostPort"]);
  await take(chosen["a.hostPort"] ?? 0);
  expect((await ports(["a.hostPort"], { recorded: { "port-a.hostPort": 12_345 } })).chosen).toEqual({
    "a.hostPort": 12_345,
  });
});

test("is the same in a preview, and another one when it is taken, or for another stack", async () => {
  const { chosen } = await ports(["a.hostPort"]);
  expect((await ports(["a.hostPort"], { preview: true })).chosen).toEqual(chosen);
  expect((await ports(["a.hostPort"], { stack: "alice" })).chosen).not.toEqual(chosen);
  await take(chosen["a.hostPort"] ?? 0);
  expect((await ports(["a.hostPort"])).chosen).not.toEqual(chosen);
  expect(await isFree(onLoopback(chosen["a.hostPort"] ?? 0))).toBe(false);
});

test("is chosen again on request, and replaces the recorded one", async () => {
  vi.stubEnv(NEW_PORTS, "b.hostPort,c.hostPort");
  const { resources } = await ports(["a.hostPort", "b.hostPort"]);
  expect(resources.map(({ name, ignoreChanges, replaceOnChanges }) => [name, ignoreChanges, replaceOnChanges])).toEqual(
    [
      ["port-a.hostPort", ["input"], []],
      ["port-b.hostPort", [], ["input"]],
    ],
  );
});

test("nothing is registered without a request", async () => {
  expect(await ports([])).toEqual({ chosen: {}, resources: [] });
});
