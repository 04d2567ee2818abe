import { createHash } from "node:crypto";
import { pulumiCommand } from "./command-line.ts";

/** 4,096 subnets of 16 addresses, in a corner of 10.0.0.0/8 that neither Docker nor common routers use by default. */
export const SUBNET_POOL = "10.213.0.0/16";
const SIZE = 16;

/** What a pool should be. */
export const POOL_RULE = "an IPv4 network of addresses for hosts, from /8 to /28, as 10.214.0.0/16";

/** Whether subnets can be taken from a network as `10.213.0.0/16`: it has room for one, and is not of loopback or multicast. */
export function isPool(text: string): boolean {
  const [, address = "", bits = ""] = /^(\d{1,3}(?:\.\d{1,3}){3})\/(\d{1,2})$/.exec(text) ?? [];
  const parts = address.split(".").map(Number);
  const [first = 0] = parts;
  return (
    Number(bits) >= 8 &&
    Number(bits) <= 28 &&
    parts.every((part) => part <= 255) &&
    ![0, 127].includes(first) &&
    first < 224 &&
    parse(text).first === numberOf(address)
  );
}

/**
 * A subnet of 16 addresses (13 for containers) that overlaps none of the used ones. The search starts at a place that follows
 * from the name, so that two Pulumi stacks that come up at the same time seldom want the same one.
 *
 * @param used subnets in CIDR form; IPv6 ones are passed over.
 * @param claim claims a free one, and tells whether that has worked. @default - it always does
 */
export function freeSubnet(
  name: string,
  used: readonly string[],
  claim: (subnet: string) => boolean = () => true,
  pool: string = SUBNET_POOL,
): string {
  const { first: start, last: end } = parse(pool);
  const taken = used.filter((each) => !each.includes(":")).map(parse);
  const slots = (end - start + 1) / SIZE;
  const from = createHash("sha256").update(name).digest().readUInt32BE(0) % slots;
  for (let step = 0; step < slots; step++) {
    const first = start + ((from + step) % slots) * SIZE;
    const free = taken.every((other) => first + SIZE - 1 < other.first || first > other.last);
    if (!free) continue;
    const subnet = `${[24, 16, 8, 0].map((shift) => (first >>> shift) & 255).join(".")}/28`;
    if (claim(subnet)) return subnet;
  }
  throw new Error(
    `All of ${pool} is in use, by networks of this engine or by routes of this machine: remove unused networks ` +
      `(\`docker network prune\`), or set another range: ${pulumiCommand("config set subnetPool 10.214.0.0/16")}.`,
  );
}

/** Routes that a subnet of the pool must not overlap. It may be in a wider one, before which its own route takes precedence. */
export function inTheWay(routes: readonly string[], pool: string = SUBNET_POOL): string[] {
  const widest = sizeOf(pool);
  return routes.filter((route) => route.includes(":") || sizeOf(route) <= widest);
}

function sizeOf(cidr: string): number {
  const { first, last } = parse(cidr);
  return last - first + 1;
}

function parse(cidr: string): { first: number; last: number } {
  const [address = "", bits = "32"] = cidr.split("/");
  const number = numberOf(address);
  const size = 2 ** (32 - Number(bits));
  const first = Math.floor(number / size) * size;
  return { first, last: first + size - 1 };
}

const numberOf = (address: string) => address.split(".").reduce((sum, part) => sum * 256 + Number(part), 0);
