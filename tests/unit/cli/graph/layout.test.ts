import { describe, expect, test } from "vitest";
import type { Box, Point } from "../../../../cli/graph/layered.ts";
import { layoutOf } from "../../../../cli/graph/layout.ts";
import type { Graph } from "../../../../components/core/support/graph.ts";
import { graphOf, LARGE, SHOP, someGraph } from "../../helpers/graphs.ts";

const GRAPHS: [string, Graph][] = [
  ["nothing", graphOf({})],
  ["one that is alone", graphOf({ "app api": [] })],
  ["a job that uses nothing", graphOf({ "job alone": [], "app api": ["alone"] })],
  ["a shop", SHOP],
  ["a large one", LARGE],
  ...Array.from({ length: 60 }, (_, seed): [string, Graph] => {
    const count = 3 + (seed % 18);
    return [`${count} at random, seed ${seed}`, someGraph(count, seed)];
  }),
];

const apart = (a: Box, b: Box, by: number) =>
  a.x + a.width + by <= b.x || b.x + b.width + by <= a.x || a.y + a.height + by <= b.y || b.y + b.height + by <= a.y;
const within = (box: Box, [x, y]: Point) => x > box.x && x < box.x + box.width && y > box.y && y < box.y + box.height;
const holds = (outer: Box, inner: Box) =>
  inner.x >= outer.x &&
  inner.y >= outer.y &&
  inner.x + inner.width <= outer.x + outer.width &&
  inner.y + inner.height <= outer.y + outer.height;

/** Points all along a line: its curves are no higher and no lower than their ends. */
function along(route: readonly Point[]): Point[] {
  return route.slice(1).flatMap(([toX, toY], at) => {
    const [x, y] = route[at]!;
    return Array.from({ length: 41 }, (_, step): Point => {
      const t = step / 40;
      // A cubic Bézier curve with level ends: https://en.wikipedia.org/wiki/Bézier_curve#Cubic_Bézier_curves
      const bend = 3 * (1 - t) * t ** 2 + t ** 3;
      const run = 1.5 * (1 - t) ** 2 * t + 1.5 * (1 - t) * t ** 2 + t ** 3;
      return [x + (toX - x) * run, y + (toY - y) * bend];
    });
  });
}

describe.each(GRAPHS)("%s", (_, graph) => {
  const { nodes, regions, lines, width, height } = layoutOf(graph);

  test("has everything, within its size", () => {
    expect(nodes.map(({ node }) => node)).toEqual(graph.nodes);
    expect(lines.map(({ edge }) => edge)).toEqual(graph.edges);
    expect(regions.map(({ network }) => network).sort()).toEqual(
      graph.nodes.flatMap(({ network = [] }) => network).sort(),
    );
    for (const box of [...nodes, ...regions]) expect(holds({ x: 0, y: 0, width, height }, box)).toBe(true);
  });

  test("has no boxes that overlap or are too near to each other", () => {
    for (const [at, a] of nodes.entries())
      for (const b of nodes.slice(at + 1)) expect([a, b, apart(a, b, 12)]).toEqual([a, b, true]);
    for (const [at, a] of regions.entries())
      for (const b of regions.slice(at + 1)) expect([a, b, apart(a, b, 16)]).toEqual([a, b, true]);
  });

  test("draws each node in the region that it belongs to", () => {
    for (const region of regions)
      for (const { node, ...box } of nodes)
        expect([region, node, holds(region, box)]).toEqual([region, node, region.members.includes(node.name)]);
    for (const region of regions)
      for (const { node, ...box } of nodes.filter(({ node }) => !region.members.includes(node.name)))
        expect([region, node, apart(region, box, 16)]).toEqual([region, node, true]);
  });

  test("has lines that cross no other box", () => {
    const boxOf = (name: string) => nodes.find(({ node }) => node.name === name)!;
    for (const { edge, route } of lines) {
      const [from, to] = [boxOf(edge.from), boxOf(edge.to)];
      const [start, end] = [route[0]!, route.at(-1)!];
      expect([edge, start[0], end[0]]).toEqual([edge, from.x + from.width, to.x]);
      expect([edge, start[1] > from.y && start[1] < from.y + from.height]).toEqual([edge, true]);
      expect([edge, end[1] > to.y && end[1] < to.y + to.height]).toEqual([edge, true]);
      const own = (region: { members: string[] }) =>
        region.members.includes(edge.from) || region.members.includes(edge.to);
      const strange: Box[] = [...nodes, ...regions.filter((region) => !own(region))];
      const crossed = along(route).flatMap((point) => strange.filter((box) => within(box, point)));
      expect([edge, crossed]).toEqual([edge, []]);
    }
  });
});

test("a reference from another network enters a service's own; one that only waits for a job does not", () => {
  const joining = layoutOf(SHOP).lines.filter(({ joins }) => joins);
  expect(joining.map(({ edge }) => `${edge.from} ${edge.to}`)).toEqual(["api orders", "api cache"]);
  const { lines, regions } = layoutOf(SHOP);
  for (const { edge, joins } of lines.filter(({ joins }) => joins))
    expect(joins?.[0]).toBe(regions.find(({ network }) => network === edge.to)?.x);
});

test("a job is drawn in a network when it joins that one alone", () => {
  const graph = graphOf({
    "db one": [],
    "db two": [],
    "job first": ["one"],
    "job second": ["first", "one"],
    "job both": ["one", "two"],
    "job after": ["both"],
  });
  const members = layoutOf(graph).regions.map((region) => [region.network, ...region.members]);
  expect(members).toEqual([
    ["one", "one", "first", "second"],
    ["two", "two"],
  ]);
});

test("a box is wide enough for what is written in it", () => {
  const name = "a-name-of-forty-characters-which-is-most-";
  const ports = [10_001, 10_002, 10_003, 10_004, 10_005, 10_006];
  const width = (declared: string) => layoutOf(graphOf({ [declared]: [] })).nodes[0]?.width ?? 0;
  expect(width("app api")).toBeLessThan(150);
  // Bold letters of 14 px are 8 px wide, plain ones of 12 px are 6 px wide, on average, in wide fonts.
  expect(width(`app ${name}`)).toBeGreaterThan(name.length * 8 + 20);
  expect(width(`app api ${ports.join(" ")}`)).toBeGreaterThan(ports.length * 7 * 6 + 20);
});
