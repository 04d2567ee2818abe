import { createHash } from "node:crypto";

/** 4,096 subnets of 16 addresses, in a corner of 10.0.0.0/8 that neither Docker nor common routers hand out by themselves. */
const POOL = parse("10.213.0.0/16");
const SIZE = 16;

/**
 * A subnet of 16 addresses (13 for containers) that overlaps none of the used ones. The search starts at a place that the
 * name decides, so that two Pulumi stacks that come up at the same time seldom want the same one.
 *
 * @param used subnets in CIDR form; IPv6 ones are passed over.
 * @param claim whether one that is free can be had. @default - it can
 */
export function freeSubnet(
  name: string,
  used: readonly string[],
  claim: (subnet: string) => boolean = () => true,
): string {
  const taken = used.filter((each) => !each.includes(":")).map(parse);
  const slots = (POOL.last - POOL.first + 1) / SIZE;
  const start = createHash("sha256").update(name).digest().readUInt32BE(0) % slots;
  for (let step = 0; step < slots; step++) {
    const first = POOL.first + ((start + step) % slots) * SIZE;
    const free = taken.every((other) => first + SIZE - 1 < other.first || first > other.last);
    if (!free) continue;
    const subnet = `${[24, 16, 8, 0].map((shift) => (first >>> shift) & 255).join(".")}/28`;
    if (claim(subnet)) return subnet;
  }
  throw new Error(
    "All subnets of 10.213.0.0/16 are in use on this engine: remove unused networks (`docker network prune`).",
  );
}

function parse(cidr: string): { first: number; last: number } {
  const [address = "", bits = "32"] = cidr.split("/");
  const number = address.split(".").reduce((sum, part) => sum * 256 + Number(part), 0);
  const size = 2 ** (32 - Number(bits));
  const first = Math.floor(number / size) * size;
  return { first, last: first + size - 1 };
}
