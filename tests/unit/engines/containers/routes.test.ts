import { expect, test } from "vitest";
import { localRoutes, routesOf } from "../../../../components/engines/containers/routes.ts";

const TABLE = `Iface	Destination	Gateway 	Flags	RefCnt	Use	Metric	Mask		MTU	Window	IRTT
eth0	00000000	010200C0	0003	0	0	0	00000000	0	0	0
eth0	000200C0	00000000	0001	0	0	0	00FFFFFF	0	0	0
br0	4052D50A	00000000	0001	0	0	0	F0FFFFFF	0	0	0
tun0	0000000A	0101000A	0003	0	0	0	000000FF	0	0	0
`;

test("Linux's table of routes is read", () => {
  expect(routesOf(TABLE)).toEqual(["0.0.0.0/0", "192.0.2.0/24", "10.213.82.64/28", "10.0.0.0/8"]);
});

test("this machine has some, in CIDR form", () => {
  for (const route of localRoutes()) expect(route).toMatch(/^[0-9a-f.:]+\/\d+$/);
});
