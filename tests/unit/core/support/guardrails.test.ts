import { createSocket } from "node:dgram";
import { createServer, type Server } from "node:net";
import * as pulumi from "@pulumi/pulumi";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import { type Guarded, guard } from "../../../../components/core/support/guardrails.ts";
import { NEW_PORTS } from "../../../../components/core/support/ports.ts";
import type { ContainerListed } from "../../../../components/engines/containers/api.ts";
import { onLoopback } from "../../../../components/engines/ports.ts";
import { FakeEngine } from "../../helpers/engine.ts";
import { deploy, labels, type Options } from "../../helpers/stack.ts";

const SUBJECT = 'Postgres "pg"';
const OURS = Object.fromEntries(labels("pg", "service").map(({ label, value }) => [label, value]));

let engine: FakeEngine;
/** A program that listens on 127.0.0.1. */
let other: Server;
let taken: number;
beforeEach(async () => {
  engine = new FakeEngine();
  other = createServer();
  await new Promise<void>((resolve) => other.listen(0, "127.0.0.1", resolve));
  taken = (other.address() as { port: number }).port;
});
afterEach(() => new Promise((resolve) => other.close(resolve)));

async function guarded(guarded: Partial<Guarded> = {}, options: Options = {}): Promise<void> {
  const { platform } = await deploy(() => {}, { engine, ...options });
  await guard({
    platform,
    service: "pg",
    subject: SUBJECT,
    ports: [],
    volumes: [],
    exclusive: true,
    stopGraceSeconds: 60,
    ...guarded,
  });
}

const listed = (id: string, change: Partial<ContainerListed> = {}): ContainerListed => ({
  id,
  name: `name-${id}`,
  state: "running",
  status: "Up",
  image: "postgres:17",
  labels: OURS,
  ports: [],
  ...change,
});
const publishing = (port: number) => ({ ports: [{ ...onLoopback(port), port: 5432 }] });

test("passes where nothing conflicts, and looks for leftovers by labels", async () => {
  await guarded();
  expect(engine.calls.filter(([method]) => method === "list")).toEqual([["list", OURS]]);
  expect(engine.acts).toEqual([]);
});

describe("a container that a killed `up` left behind", () => {
  beforeEach(() => {
    engine.listed = [listed("c1"), listed("c2"), listed("c3", { labels: { ...OURS, "stackyard.id": "another" } })];
  });

  test("is removed with its grace, where only one may run", async () => {
    await guarded();
    expect(engine.acts).toEqual([
      ["remove", "c1", 60],
      ["remove", "c2", 60],
    ]);
  });

  test("stays where several may run", async () => {
    await guarded({ exclusive: false });
    expect(engine.acts).toEqual([]);
  });

  test("stays in a preview", async () => {
    await guarded({}, { preview: true });
    expect(engine.acts).toEqual([]);
  });
});

describe("a port", () => {
  const refused = (holder: string) =>
    new Error(`${SUBJECT}: port ${taken} on 127.0.0.1 is taken by ${holder}. Stop that, or set another hostPort.`);

  test("passes when it is free", async () => {
    await new Promise((resolve) => other.close(resolve));
    await expect(guarded({ ports: [onLoopback(taken)] })).resolves.toBeUndefined();
  });

  test.each([false, true])("of another program is refused, preview: %s", async (preview) => {
    await expect(guarded({ ports: [onLoopback(taken)] }, { preview })).rejects.toThrow(refused("another program"));
  });

  test.each([false, true])("of a container is refused with that container's name, preview: %s", async (preview) => {
    engine.listed = [listed("c9", { labels: {}, ...publishing(taken) })];
    await expect(guarded({ ports: [onLoopback(taken)] }, { preview })).rejects.toThrow(refused("container name-c9"));
  });

  test("of another stack's container is refused with the names of both", async () => {
    engine.listed = [listed("c9", { labels: { ...OURS, "stackyard.id": "another" }, ...publishing(taken) })];
    await expect(guarded({ ports: [onLoopback(taken)] })).rejects.toThrow(
      refused("container name-c9 of stack stackyard/dev"),
    );
    expect(engine.acts).toEqual([]);
  });

  test.each(["pg", "another"])("of this stack's container of %s passes in a preview", async (service) => {
    engine.listed = [listed("c1", { labels: { ...OURS, "stackyard.service": service }, ...publishing(taken) })];
    await expect(guarded({ ports: [onLoopback(taken)] }, { preview: true })).resolves.toBeUndefined();
    expect(engine.acts).toEqual([]);
  });

  describe("of UDP", () => {
    const socket = createSocket("udp4");
    const port = { hostPort: 0, protocol: "udp" as const, address: "127.0.0.1" };
    beforeAll(async () => {
      await new Promise<void>((resolve) => socket.bind(0, "127.0.0.1", resolve));
      port.hostPort = socket.address().port;
    });
    afterAll(() => new Promise<void>((resolve) => socket.close(resolve)));

    test.each([false, true])("of another program is refused, preview: %s", async (preview) => {
      await expect(guarded({ ports: [port] }, { preview })).rejects.toThrow(
        `${SUBJECT}: UDP port ${port.hostPort} on 127.0.0.1 is taken by another program. Stop that, or set another hostPort.`,
      );
    });

    test("does not conflict with the same number of TCP", async () => {
      await expect(guarded({ ports: [onLoopback(port.hostPort)] })).resolves.toBeUndefined();
    });

    test("is not freed by removing a container that has the same number of TCP", async () => {
      engine.listed = [
        listed("c1", { labels: { ...OURS, "stackyard.service": "other" }, ...publishing(port.hostPort) }),
      ];
      await expect(guarded({ ports: [port] })).rejects.toThrow("taken by another program");
      expect(engine.acts).toEqual([]);
    });
  });

  test.each([
    ["192.0.2.1", "0.0.0.0"],
    ["2001:db8::1", "::"],
  ])(
    "on an address that the machine does not have, %s, is refused with the addresses that it has",
    async (address, every) => {
      const refused = guarded({ ports: [{ ...onLoopback(taken), address }] }, { preview: true });
      await expect(refused).rejects.toThrow(
        `${SUBJECT}: this machine does not have the address ${address}. Set one that it has (`,
      );
      await expect(refused).rejects.toThrow(`), or ${every} for all of them.`);
    },
  );

  test("that was chosen at the first `up` can be chosen again, as the message says", async () => {
    const { platform } = await deploy(() => {}, { engine });
    Object.assign(platform, { ports: { "pg.hostPort": taken } });
    const args = {
      platform,
      service: "pg",
      subject: SUBJECT,
      ports: [onLoopback(taken)],
      volumes: [],
      exclusive: true,
      stopGraceSeconds: 60,
    };
    await expect(guard(args)).rejects.toThrow(
      `taken by another program. Stop that, or let another be chosen: \`make dev\` of this copy does, ${NEW_PORTS}=pg.hostPort for plain pulumi.`,
    );
  });

  test("that moves from another service of this stack is freed by removing its container, with that container's own grace", async () => {
    engine.listed = [
      listed("c1", { labels: { ...OURS, "stackyard.service": "other" }, ...publishing(taken) }),
      listed("c2", { labels: { ...OURS, "stackyard.service": "third" }, ...publishing(taken + 1) }),
    ];
    engine.remove = async (id, grace) => {
      expect([id, grace]).toEqual(["c1", undefined]);
      await new Promise((resolve) => other.close(resolve));
    };
    await expect(guarded({ ports: [onLoopback(taken)] })).resolves.toBeUndefined();
    expect(other.listening).toBe(false);
  });

  test("is checked after leftovers are removed", async () => {
    engine.listed = [listed("c1", publishing(taken))];
    engine.remove = async () => {
      await new Promise((resolve) => other.close(resolve));
    };
    await expect(guarded({ ports: [onLoopback(taken)] })).resolves.toBeUndefined();
  });

  test("is checked also as one of several", async () => {
    const free = createServer();
    await new Promise<void>((resolve) => free.listen(0, "127.0.0.1", resolve));
    const { port } = free.address() as { port: number };
    await new Promise((resolve) => free.close(resolve));
    await expect(guarded({ ports: [port, taken].map(onLoopback) })).rejects.toThrow(refused("another program"));
  });

  test("is not checked on this machine when the engine is on another one", async () => {
    await expect(guarded({ ports: [onLoopback(taken)] }, { host: "tcp://elsewhere:2375" })).resolves.toBeUndefined();
  });

  test("that this process may not listen on, but the engine may, passes", async () => {
    // As a port below 1024 for a user other than root.
    vi.spyOn(other.constructor.prototype, "listen").mockImplementation(function (this: Server) {
      queueMicrotask(() => this.emit("error", Object.assign(new Error("listen EACCES"), { code: "EACCES" })));
      return this;
    });
    await expect(guarded({ ports: [onLoopback(80)] })).resolves.toBeUndefined();
  });
});

describe("its volume", () => {
  const volumes = [{ key: pulumi.output("pg-data"), resource: {} as pulumi.Resource }];

  test("passes when it exists", async () => {
    engine.madeVolumes.add("pg-data");
    await expect(guarded({ volumes })).resolves.toBeUndefined();
  });

  test("is refused when it is gone", async () => {
    await expect(guarded({ volumes })).rejects.toThrow(
      new Error(
        `${SUBJECT}: its volume pg-data is no longer on the engine; a new one would be empty. Bring it back, or let this stack ` +
          "find out and ask: `make dev`, or `pulumi up --refresh`.",
      ),
    );
  });

  test("is not checked by a preview, which may not know it yet", async () => {
    await expect(guarded({ volumes }, { preview: true })).resolves.toBeUndefined();
    expect(engine.calls.filter(([method]) => method === "hasVolume")).toEqual([]);
  });
});
