import type { Graph, GraphEdge, GraphNode } from "../../components/core/support/graph.ts";
import { strongWidth, textWidth } from "../shared/svg.ts";
import { type Box, type Item, type LayeredLayout, type Link, layered, type Point } from "./layered.ts";

/** Where each part of a graph is drawn, in pixels. */
export interface Layout {
  width: number;
  height: number;
  nodes: (Box & { node: GraphNode })[];
  /** One for each network, with the service that it belongs to and the jobs that are in no other network. */
  regions: (Box & { network: string; members: string[] })[];
  /** One for each reference. `joins` is where it enters a service's network from outside. */
  lines: { edge: GraphEdge; route: Point[]; joins?: Point }[];
}

const NODE_HEIGHT = 64;
const LEAST_WIDTH = 128;
const PADDING = { side: 16, top: 38, bottom: 16 };
const INSIDE = { x: 36, y: 14 };
const OUTSIDE = { x: 60, y: 22 };

export const portsOf = ({ hostPorts }: GraphNode) => hostPorts.map((port) => `:${port}`).join(" ");

const widthOf = (node: GraphNode) =>
  Math.max(
    LEAST_WIDTH,
    strongWidth(node.name) + 44,
    textWidth(`${node.type}, once`) + 44,
    textWidth(portsOf(node)) + 36,
  );

/** A network's region, or a job that stands alone. */
interface Unit {
  name: string;
  item: Item;
  members: GraphNode[];
  inside: LayeredLayout;
  /** From the item's corner to the corner of the layout inside it. */
  offset: Point;
  /** By member that is referred to from outside: the route to it from the region's side. */
  entries: Map<string, Point[]>;
}

const moved = (route: readonly Point[], [dx, dy]: Point) => route.map(([x, y]): Point => [x + dx, y + dy]);

export function layoutOf(graph: Graph): Layout {
  const width = Math.max(0, ...graph.nodes.map(widthOf));
  const home = homesOf(graph);
  const names = [...new Set(graph.nodes.map(({ name }) => home(name)))];
  const units = new Map(names.map((name) => [name, unitOf(name, graph, home, width)]));
  const unitWith = (name: string) => units.get(home(name))!;
  const outer = graph.edges.filter(({ from, to }) => home(from) !== home(to));
  const links = outer.map(({ from, to }): Link => {
    const [entry] = unitWith(to).entries.get(to) ?? [];
    return { from: home(from), to: home(to), ...(entry ? { at: entry[1] } : {}) };
  });
  const outerLayout = layered(
    [...units.values()].map(({ item }) => item),
    links,
    OUTSIDE,
  );
  const cornerOf = ({ name }: Unit): Point => {
    const { x, y } = outerLayout.boxes.get(name)!;
    return [x, y];
  };

  const nodes = graph.nodes.map((node) => {
    const unit = unitWith(node.name);
    const box = unit.inside.boxes.get(node.name)!;
    const [[x, y] = [0, 0]] = moved(moved([[box.x, box.y]], unit.offset), cornerOf(unit));
    return { ...box, x, y, node };
  });
  const lines = graph.edges.map((edge) => {
    const unit = unitWith(edge.to);
    const at = outer.indexOf(edge);
    if (at < 0) {
      const inner = innerEdges(unit, graph).indexOf(edge);
      return { edge, route: moved(moved(unit.inside.routes[inner]!, unit.offset), cornerOf(unit)) };
    }
    const outside = outerLayout.routes[at]!;
    const box = nodes.find(({ node }) => node.name === edge.from)!;
    const start: Point = [box.x + box.width, outside[0]![1]];
    // The route inside starts where the route outside ends.
    const route = [start, ...outside, ...moved(unit.entries.get(edge.to) ?? [], cornerOf(unit)).slice(1)];
    const joins = unit.name === edge.to && unit.entries.has(edge.to);
    return { edge, route, ...(joins ? { joins: outside.at(-1)! } : {}) };
  });
  const regions = [...units.values()].flatMap(({ name, members }) =>
    isRegion(name, members)
      ? [{ network: name, members: members.map((each) => each.name), ...outerLayout.boxes.get(name)! }]
      : [],
  );
  return { width: outerLayout.width, height: outerLayout.height, nodes, regions, lines };
}

/** The region that a node is drawn in: a service's own; for a job, the one that holds all it refers to, or else one of its own. */
function homesOf({ nodes, edges }: Graph): (name: string) => string {
  const services = new Set(nodes.flatMap(({ name, kind }) => (kind === "service" ? [name] : [])));
  const home = (name: string): string => {
    if (services.has(name)) return name;
    const [only, ...others] = new Set(edges.filter(({ from }) => from === name).map(({ to }) => home(to)));
    return only !== undefined && others.length === 0 && services.has(only) ? only : name;
  };
  return home;
}

const isRegion = (name: string, members: readonly GraphNode[]) =>
  members.some((node) => node.name === name && node.network !== undefined);

const innerEdges = ({ members }: Pick<Unit, "members">, { edges }: Graph) => {
  const names = new Set(members.map(({ name }) => name));
  return edges.filter(({ from, to }) => names.has(from) && names.has(to));
};

function unitOf(name: string, graph: Graph, home: (name: string) => string, width: number): Unit {
  const members = graph.nodes.filter((node) => home(node.name) === name);
  const inner = innerEdges({ members }, graph);
  const item = (id: string): Item => ({ id, width, height: NODE_HEIGHT });
  const items = members.map((node) => item(node.name));
  if (!isRegion(name, members)) {
    const inside = layered(items, inner, INSIDE);
    return { name, members, inside, item: item(name), offset: [0, 0], entries: new Map() };
  }
  const wanted = graph.edges.filter(({ from, to }) => home(to) === name && home(from) !== name).map(({ to }) => to);
  const targets = [...new Set(wanted)];
  const columns = 1 + Math.max(0, ...members.map((node) => depth(node.name, inner)));
  const entrances = targets.map((to) => ({ id: `\0${to}`, width: 0, height: 0, layer: columns }));
  const inside = layered(
    [...items, ...entrances],
    [...inner, ...targets.map((to) => ({ from: `\0${to}`, to }))],
    INSIDE,
  );
  // References from outside enter at the region's left side.
  const offset: Point = [targets.length > 0 ? 0 : PADDING.side, PADDING.top];
  const owner = inside.boxes.get(name)!;
  const exit = { at: offset[1] + owner.y + owner.height / 2, height: owner.height };
  const size = {
    width: offset[0] + inside.width + PADDING.side,
    height: offset[1] + inside.height + PADDING.bottom,
  };
  const entries = new Map(targets.map((to, at) => [to, moved(inside.routes[inner.length + at]!, offset)]));
  return { name, members, inside, offset, entries, item: { id: name, ...size, exit } };
}

const depth = (name: string, edges: readonly GraphEdge[]): number =>
  Math.max(0, ...edges.filter(({ from }) => from === name).map(({ to }) => depth(to, edges) + 1));
