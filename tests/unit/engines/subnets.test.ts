import { createHash } from "node:crypto";
import { describe, expect, test } from "vitest";
import { freeSubnet, inTheWay, isPool } from "../../../components/engines/subnets.ts";

const POOL = /^10\.213\.(\d+)\.(\d+)\/28$/;

/** @returns the place of a subnet in the pool. */
const slotOf = (subnet: string) => {
  const [, third, fourth] = POOL.exec(subnet) ?? [];
  return (Number(third) * 256 + Number(fourth)) / 16;
};
const startOf = (name: string) => createHash("sha256").update(name).digest().readUInt32BE(0) % 4096;
const at = (slot: number) => `10.213.${slot >>> 4}.${(slot % 16) * 16}/28`;

describe("freeSubnet", () => {
  test.each(["a", "stackyard/dev/postgres", "stackyard/prod/postgres"])(
    "starts for %s at a place that follows from the name",
    (name) => {
      expect(freeSubnet(name, [])).toBe(at(startOf(name)));
    },
  );

  test("spreads names over the pool", () => {
    const slots = new Set(
      Array.from({ length: 1000 }, (_, index) => slotOf(freeSubnet(`project/stack/service-${index}`, []))),
    );
    expect(slots.size).toBeGreaterThan(850);
  });

  test.each([
    ["the same", (slot: number) => at(slot), 1],
    ["a larger one around it", (slot: number) => `10.213.${slot >>> 4}.0/24`, 16],
    ["a smaller one in it", (slot: number) => at(slot).replace("/28", "/30"), 1],
    ["one address in it", (slot: number) => at(slot).replace("/28", "/32"), 1],
    ["one with host bits set", (slot: number) => at(slot).replace("0/28", "7/28"), 1],
  ])("passes over %s", (_, used, free) => {
    const name = "a/b/c-1";
    const slot = startOf(name);
    const chosen = slotOf(freeSubnet(name, [used(slot)]));
    expect(chosen).toBe(free === 1 ? (slot + 1) % 4096 : ((slot >>> 4) + 1) * 16);
  });

  test("takes a subnet between two used ones", () => {
    const slot = startOf("x");
    expect(freeSubnet("x", [at(slot - 1), at(slot + 1)])).toBe(at(slot));
  });

  test("passes over IPv6", () => {
    expect(freeSubnet("x", ["fd00::/8", "::/0"])).toBe(at(startOf("x")));
  });

  test("continues at the beginning of the pool", () => {
    const rest = Array.from({ length: 4096 - startOf("x") }, (_, index) => at(startOf("x") + index));
    expect(freeSubnet("x", rest)).toBe("10.213.0.0/28");
  });

  test("passes over what cannot be claimed", () => {
    const asked: string[] = [];
    const claim = (subnet: string) => asked.push(subnet) === 3;
    const slot = startOf("x");
    expect(freeSubnet("x", [at(slot + 1)], claim)).toBe(at(slot + 3));
    expect(asked).toEqual([at(slot), at(slot + 2), at(slot + 3)]);
  });

  test("finds the last free one, and fails when there is none", () => {
    const others = Array.from({ length: 4096 }, (_, slot) => at(slot)).filter((subnet) => subnet !== "10.213.7.32/28");
    expect(freeSubnet("x", others)).toBe("10.213.7.32/28");
    expect(() => freeSubnet("x", ["10.0.0.0/8"])).toThrow(
      new Error(
        "All of 10.213.0.0/16 is in use, by networks of this engine or by routes of this machine: remove unused networks " +
          '(`docker network prune`), or set another range: make pulumi ARGS="config set subnetPool 10.214.0.0/16".',
      ),
    );
  });
});

test.each([
  ["10.214.0.0/16", /^10\.214\.\d+\.\d+\/28$/],
  ["192.168.7.0/27", /^192\.168\.7\.(0|16)\/28$/],
  ["172.30.1.16/28", /^172\.30\.1\.16\/28$/],
])("takes its subnets from another pool: %s", (pool, subnets) => {
  const first = freeSubnet("x", ["10.213.0.0/16"], undefined, pool);
  expect(first).toMatch(subnets);
  expect(() => freeSubnet("x", [pool], undefined, pool)).toThrow(`All of ${pool} is in use`);
});

test.each([
  ["10.213.0.0/16", true],
  ["10.0.0.0/8", true],
  ["192.168.1.16/28", true],
  ["192.168.1.16/29", false],
  ["10.0.0.0/7", false],
  ["10.213.0.1/16", false],
  ["10.213.0.0", false],
  ["10.300.0.0/16", false],
  ["223.255.255.0/24", true],
  ["224.0.0.0/8", false],
  ["127.0.0.0/8", false],
  ["0.0.0.0/8", false],
  ["fd00::/64", false],
  ["everything", false],
])("%s can be a pool: %s", (text, expected) => {
  expect(isPool(text)).toBe(expected);
});

test("of the machine's routes those no wider than the pool are in the way", () => {
  const narrow = ["10.213.0.0/16", "10.213.64.0/20", "10.213.5.32/28", "192.168.0.0/24"];
  expect(inTheWay(["0.0.0.0/0", "10.0.0.0/8", ...narrow])).toEqual(narrow);
  expect(inTheWay(["10.0.0.0/8"], "10.0.0.0/8")).toEqual(["10.0.0.0/8"]);
});
