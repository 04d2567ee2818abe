import * as pulumi from "@pulumi/pulumi";
import { describe, expect, test, vi } from "vitest";
import { DISCARD, Ledger, refusals, toDiscard } from "../../../components/core/ledger.ts";
import { type HostPort, onLoopback } from "../../../components/engines/ports.ts";
import { mock } from "../helpers/stack.ts";

type Entry = Parameters<typeof refusals>[0]["volumes"][string];

const PG: Entry = { volume: "pg-1", major: "17", firstStart: { database: "app" } };
const DB: Entry = { volume: "db-1", major: "16", firstStart: {} };
const allow = (name: string) =>
  `To lose its data on purpose: make … DISCARD=${name} (STACKYARD_DISCARD=${name} for plain pulumi).`;
const gone = (name: string, volume: string) =>
  `${name}: its volume ${volume} is no longer there, or is to be replaced; a new one would be empty. ` +
  `If it can be brought back (a backup, another engine), do that first. ${allow(name)}`;
const deleted = (name: string, volume: string) =>
  `${name}: this change would delete its volume ${volume} and all data in it. ${allow(name)}`;
const major = (name: string, old: string, now: string) =>
  `${name}: its data was written by version ${old}, which version ${now} does not read. ` +
  `Keep ${old}; or dump with ${old} and load into a new database. ${allow(name)}`;
const first = (name: string, key: string, old: string, now: string) =>
  `${name}: ${key} should be ${old}, got ${now}: its data was first made so, and what is there cannot be made otherwise. ` +
  `Keep it; or load a dump into a new database. ${allow(name)}`;

test.each([
  ["make", "make … DISCARD=db"],
  ["", "npx stackyard … --discard=db"],
])("what lets data go is said as it is typed: by %j", (by, typed) => {
  vi.stubEnv("STACKYARD_BY", by);
  expect(toDiscard("db")).toBe(`To lose its data on purpose: ${typed} (STACKYARD_DISCARD=db for plain pulumi).`);
});

describe("refusals", () => {
  test.each<[string, Record<string, Entry>, Record<string, Entry>, string[]]>([
    ["nothing changes", { pg: PG }, { pg: PG }, []],
    ["a first database is added", {}, { pg: PG }, []],
    ["a database is added", { pg: PG }, { pg: PG, more: PG }, []],
    ["a database is removed", { pg: PG }, {}, [deleted("pg", "pg-1")]],
    ["a database is renamed, and keeps its volume", { pg: PG }, { db: PG }, []],
    ["two swap their names", { pg: PG, db: DB }, { pg: DB, db: PG }, []],
    ["one is renamed, and a new one gets its name", { pg: PG }, { db: PG, pg: { ...PG, volume: "pg-2" } }, []],
    ["one is renamed, and changes its version", { pg: PG }, { db: { ...PG, major: "18" } }, [major("db", "17", "18")]],
    ["a database is renamed", { pg: PG }, { db: { ...PG, volume: "db-1" } }, [deleted("pg", "pg-1")]],
    [
      "two are removed",
      { pg: PG, redis: { volume: "r-1", firstStart: {} } },
      {},
      [deleted("pg", "pg-1"), deleted("redis", "r-1")],
    ],
    ["the volume is replaced", { pg: PG }, { pg: { ...PG, volume: "pg-2" } }, [gone("pg", "pg-1")]],
    [
      "the volume is not known yet, as in a preview",
      { pg: PG },
      { pg: { ...PG, volume: undefined } },
      [gone("pg", "pg-1")],
    ],
    [
      "the volume is replaced and everything else changes: only the volume",
      { pg: PG },
      { pg: { volume: "pg-2", major: "18", firstStart: {} } },
      [gone("pg", "pg-1")],
    ],
    ["the major version goes up", { pg: PG }, { pg: { ...PG, major: "18" } }, [major("pg", "17", "18")]],
    ["the major version goes down", { pg: PG }, { pg: { ...PG, major: "16" } }, [major("pg", "17", "16")]],
    [
      "a first-start setting changes",
      { pg: PG },
      { pg: { ...PG, firstStart: { database: "shop" } } },
      [first("pg", "database", "app", "shop")],
    ],
    ["a first-start setting is left out", { pg: PG }, { pg: { ...PG, firstStart: {} } }, []],
    ["a first-start setting is added", { pg: PG }, { pg: { ...PG, firstStart: { database: "app", locale: "C" } } }, []],
    [
      "version and setting change",
      { pg: PG },
      { pg: { ...PG, major: "18", firstStart: { database: "shop" } } },
      [major("pg", "17", "18"), first("pg", "database", "app", "shop")],
    ],
    [
      "each of two has a fault",
      { pg: PG, redis: { volume: "r-1", major: "8", firstStart: {} } },
      { pg: { ...PG, volume: "pg-2" }, redis: { volume: "r-1", major: "9", firstStart: {} } },
      [gone("pg", "pg-1"), major("redis", "8", "9")],
    ],
  ])("when %s", (_, before, after, expected) => {
    expect(refusals({ volumes: before }, { volumes: after }, new Set())).toEqual(expected);
  });

  test("what may be discarded is not refused, everything else is", () => {
    const before = { volumes: { pg: PG, redis: { volume: "r-1", firstStart: {} } } };
    expect(refusals(before, { volumes: {} }, new Set(["pg"]))).toEqual([deleted("redis", "r-1")]);
    expect(refusals(before, { volumes: {} }, new Set(["pg", "redis"]))).toEqual([]);
  });
});

describe("Ledger", () => {
  const free = vi.fn(async (_port: HostPort, _subject: string) => {});

  async function made(declare: (ledger: Ledger) => void = () => {}) {
    const monitor = mock();
    const complete = Promise.withResolvers<void>();
    const ledger = new Ledger(complete.promise, free, {});
    declare(ledger);
    complete.resolve();
    await pulumi.runtime.disconnect();
    const hook = monitor.hooks.get("platform:ledger");
    if (!hook) throw new Error("no hook");
    return { ledger, hook, recorded: monitor.recorded };
  }
  const args = (before: unknown, after: unknown) =>
    ({
      urn: "",
      id: "",
      name: "",
      type: "",
      oldInputs: { input: pulumi.Output.isInstance(before) ? before : { ports: {}, ...(before as object) } },
      newInputs: { input: pulumi.Output.isInstance(after) ? after : { ports: {}, ...(after as object) } },
    }) as pulumi.ResourceHookArgs;

  test("is one resource with everything that was recorded by the end of the declaration", async () => {
    const { recorded } = await made((ledger) => {
      ledger.record("redis", { volume: "r-1", firstStart: {} });
      ledger.record("pg", { volume: pulumi.output("pg-1"), major: "17", firstStart: { database: "app" } });
      ledger.publish('Redis "redis"', onLoopback(6379));
    });
    expect(recorded.map(({ key, inputs, hooks }) => ({ key, inputs, hooks }))).toEqual([
      {
        key: "Stash ledger",
        inputs: {
          input: { volumes: { redis: { volume: "r-1", firstStart: {} }, pg: PG }, ports: { 6379: 'Redis "redis"' } },
        },
        hooks: { beforeUpdate: ["platform:ledger"] },
      },
    ]);
  });

  test("refuses in the preview too", async () => {
    const { hook } = await made();
    expect(hook.opts).toEqual({ onDryRun: true });
  });

  test.each([
    ['Redis "cache"', 'by Redis "cache" and by it'],
    ['Api "web"', "by it, twice"],
  ])("refuses a port that is asked for twice: first by %s", async (first, by) => {
    const { ledger } = await made((ledger) => ledger.publish(first, onLoopback(3000)));
    expect(() => ledger.publish('Api "web"', onLoopback(3000))).toThrow(
      new pulumi.RunError(
        `Api "web": hostPort 3000 is asked for ${by}: a port of the host leads to one place only. Set another one.`,
      ),
    );
    expect(() => ledger.publish('Api "web"', onLoopback(3001))).not.toThrow();
  });

  test.each<[Partial<HostPort>, Partial<HostPort>, string[]]>([
    [{}, { protocol: "udp" }, ["53", "53/udp"]],
    [{}, { address: "127.0.0.2" }, ["53", "127.0.0.2:53"]],
    [{ address: "0.0.0.0" }, { address: "::" }, ["53", "[::]:53"]],
    [{ address: "::1" }, { address: "::2", protocol: "udp" }, ["[::1]:53", "[::2]:53/udp"]],
  ])("two ports that can both be listened on are both recorded: %j and %j", async (one, two, keys) => {
    const { recorded } = await made((ledger) => {
      for (const each of [one, two]) ledger.publish("it", { ...onLoopback(53), ...each });
    });
    const ports = Object.fromEntries(keys.map((key) => [key, "it"]));
    expect(recorded).toMatchObject([{ inputs: { input: { ports } } }]);
  });

  test.each<[Partial<HostPort>, Partial<HostPort>]>([
    [{}, { address: "0.0.0.0" }],
    [{ address: "0.0.0.0" }, { address: "127.0.0.2" }],
    [{ address: "::1" }, { address: "0:0:0:0:0:0:0:1" }],
    [{ address: "::" }, { address: "::1" }],
  ])("two ports of which only one can be listened on are refused: %j and %j", async (one, two) => {
    const { ledger } = await made((ledger) => ledger.publish("one", { ...onLoopback(53), ...one }));
    expect(() => ledger.publish("two", { ...onLoopback(53), ...two })).toThrow(
      /^two: hostPort .*53 is asked for by one and by it/,
    );
  });

  test("a new port has to be free; one that this stack had before need not be, even for another service", async () => {
    const { hook } = await made((ledger) => {
      ledger.publish("one", onLoopback(6379));
      ledger.publish("two", onLoopback(5433));
    });
    const change = args({ volumes: {}, ports: { 5432: "one", 6379: "two" } }, { volumes: {} });
    free.mockClear();
    await hook.callback(change);
    expect(free.mock.calls).toEqual([[onLoopback(5433), "two"]]);
    free.mockRejectedValueOnce(new Error("two: taken"));
    await expect(hook.callback(change)).rejects.toThrow(new Error("two: taken"));
  });

  test("all refusals come at once, those of ports too", async () => {
    const { hook } = await made((ledger) => {
      ledger.publish("one", onLoopback(5433));
      ledger.publish("two", onLoopback(5434));
    });
    for (const who of ["one", "two"]) free.mockRejectedValueOnce(new Error(`${who}: taken`));
    await expect(hook.callback(args({ volumes: { pg: PG } }, { volumes: {} }))).rejects.toThrow(
      new Error(`${deleted("pg", "pg-1")}\none: taken\ntwo: taken`),
    );
  });

  test("allows a change that loses nothing", async () => {
    const { hook } = await made();
    await expect(
      hook.callback(args({ volumes: { pg: PG } }, { volumes: { pg: PG, more: PG } })),
    ).resolves.toBeUndefined();
  });

  test("refuses everything that would lose data, in one message", async () => {
    const { hook } = await made();
    const before = { volumes: { pg: PG, redis: { volume: "r-1", firstStart: {} } } };
    await expect(hook.callback(args(before, { volumes: {} }))).rejects.toThrow(
      new Error(`${deleted("pg", "pg-1")}\n${deleted("redis", "r-1")}`),
    );
  });

  test("reads inputs that are secret", async () => {
    const { hook } = await made();
    const before = pulumi.secret({ volumes: { pg: PG }, ports: {} });
    await expect(hook.callback(args(before, pulumi.secret({ volumes: {}, ports: {} })))).rejects.toThrow(
      new Error(deleted("pg", "pg-1")),
    );
  });

  test.each([
    ["pg", ["redis"]],
    ["redis,pg", []],
    [",pg,", ["redis"]],
    ["", ["pg", "redis"]],
    ["PG", ["pg", "redis"]],
  ])(`${DISCARD}=%s still refuses: %j`, async (value, expected) => {
    vi.stubEnv(DISCARD, value);
    const { hook } = await made();
    const before = { volumes: { pg: PG, redis: { volume: "r-1", firstStart: {} } } };
    const refusedNames = await hook.callback(args(before, { volumes: {} }))?.then(
      () => [],
      (error: Error) => error.message.split("\n").map((line) => line.split(":")[0]),
    );
    expect(refusedNames).toEqual(expected);
  });
});
