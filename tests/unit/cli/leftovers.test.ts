import { describe, expect, test } from "vitest";
import { type Inventory, leftovers } from "../../../cli/shared/leftovers.ts";
import type { State } from "../../../cli/shared/stack.ts";
import type { Labelled } from "../../../components/engines/inspection.ts";

const [MINE, GONE] = ["0a1b2c3d", "deadbeef"];
const CONTENT = ["aaaaaaaaaaaa", "bbbbbbbbbbbb", "cccccccccccc"];
const at = (hour: number) => new Date(Date.UTC(2026, 0, 1, hour));
const [OLD, YOUNG] = [at(11), at(13)];

const state = (id: string, ...images: string[]): State => ({
  resources: images.map((name) => ({ urn: "", type: "", name: "", outputs: { name } })),
  pending: 0,
  id,
});
const NOTHING: Inventory = {
  images: [],
  labelled: [],
  states: [state(MINE)],
  complete: true,
  current: new Set(),
  before: at(12),
};
const found = (inventory: Partial<Inventory>) => leftovers({ ...NOTHING, ...inventory });

const image = (names: string[], more: Partial<Inventory["images"][number]> = {}) => ({
  names: names.map((name) => ({ kind: "image" as const, name, handle: name })),
  bytes: 100,
  containers: 0,
  namedAt: OLD,
  ...more,
});
const of = (id: string, content = 0) => `stackyard.invalid/shop-dev-api:${id}-${CONTENT[content]}`;
const server = (content = 0) => `stackyard.invalid/redis:${CONTENT[content]}`;

describe("images", () => {
  const why = (inventory: Partial<Inventory>) =>
    Object.fromEntries(found(inventory).map(({ thing, why }) => [thing.name, why]));

  test.each<[string, Partial<Inventory>, Record<string, string>]>([
    ["of a stack that is gone", { images: [image([of(GONE)])] }, { [of(GONE)]: "its stack is in no state" }],
    [
      "other builds of a stack, not the one that it has",
      { images: [0, 1, 2].map((content) => image([of(MINE, content)])), states: [state(MINE, of(MINE, 1))] },
      { [of(MINE, 0)]: "its stack has another build", [of(MINE, 2)]: "its stack has another build" },
    ],
    [
      "what no clone is built from",
      { images: [image([server(0)]), image([server(1)]), image([server(2)])], current: new Set([server(1)]) },
      { [server(0)]: "no clone here is built from it", [server(2)]: "no clone here is built from it" },
    ],
  ])("%s", (_, inventory, expected) => {
    expect(why(inventory)).toEqual(expected);
  });

  test.each<[string, Partial<Inventory>]>([
    ["one that a container uses", { images: [image([of(GONE)], { containers: 1 })] }],
    ["a young one", { images: [image([of(GONE)], { namedAt: YOUNG })] }],
    ["one that a state names", { images: [image([server()])], states: [state(MINE), state("11111111", server())] }],
    ["one of a stack that is down", { images: [image([of(MINE, 0)]), image([of(MINE, 1)])] }],
    ["one of a stack that has others by other names", { images: [image([of(MINE)])], states: [state(MINE, server())] }],
    ["one of a stack that may be in another backend", { images: [image([of(GONE)])], complete: false }],
    ["somebody else's", { images: [image(["redis:8", "shop.invalid/shop-dev-api:deadbeef-aaaaaaaaaaaa"])] }],
    ["one named by hand", { images: [image(["stackyard.invalid/redis:mine", "stackyard.invalid/redis:0.1"])] }],
    ["one without a name", { images: [image([])] }],
  ])("not %s", (_, inventory) => {
    expect(found(inventory)).toEqual([]);
  });

  test("are deleted, and free their bytes, with their last name", () => {
    const images = [image([of(GONE, 0), of(GONE, 1)]), image([server(0), "mine:1"])];
    expect(found({ images }).map(({ thing, bytes }) => [thing.name, bytes])).toEqual([
      [of(GONE, 0), 0],
      [of(GONE, 1), 100],
      [server(0), 0],
    ]);
  });
});

describe("containers and networks", () => {
  const labelled = (kind: string, more: Partial<Labelled> = {}, id = GONE): Labelled => ({
    kind: kind === "network" ? "network" : "container",
    handle: kind,
    name: `shop-${kind}`,
    createdAt: OLD,
    active: false,
    labels: { "stackyard.id": id, "stackyard.kind": kind },
    ...more,
  });
  const NETWORK = labelled("network");

  test("of a stack that is gone: networks after containers", () => {
    const [job, carrier] = [labelled("job"), labelled("carrier")];
    expect(found({ labelled: [NETWORK, job, carrier] })).toEqual(
      [job, carrier, NETWORK].map((thing) => ({ thing, bytes: 0, why: "its stack is in no state" })),
    );
  });

  test.each<[string, Labelled[], Partial<Inventory>?]>([
    ["those of a stack that is known", [labelled("job", {}, MINE), labelled("network", {}, MINE)]],
    ["those of a stack that may be in another backend", [NETWORK, labelled("job")], { complete: false }],
    ["a stack of which something runs", [NETWORK, labelled("job", { active: true })]],
    ["a stack with a service, which may hold data", [NETWORK, labelled("job"), labelled("service")]],
    ["a stack with something young", [NETWORK, labelled("job", { createdAt: YOUNG })]],
    ["what has no stack's id", [labelled("job", { labels: { "stackyard.kind": "job" } })], { states: [] }],
  ])("not %s", (_, things, inventory = {}) => {
    expect(found({ labelled: things, ...inventory })).toEqual([]);
  });
});
