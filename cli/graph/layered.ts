// A layered layout: each item is left of what it refers to. Nothing is measured or random, so every machine draws the same.

export interface Item {
  id: string;
  width: number;
  height: number;
  /** Its column, counted from the right. @default - as far right as what it refers to allows */
  layer?: number;
  /** The part of its right side where links leave: its height, and its middle from the top. @default - the whole side */
  exit?: { at: number; height: number };
}

export interface Link {
  from: string;
  to: string;
  /** Where it arrives, from the top of the item. @default - links share the item's side */
  at?: number;
}

export interface Box {
  x: number;
  y: number;
  width: number;
  height: number;
}
export type Point = readonly [x: number, y: number];

export interface LayeredLayout {
  boxes: Map<string, Box>;
  /** One for each link, from left to right. Between points at one height it is straight, otherwise curved. */
  routes: Point[][];
  width: number;
  height: number;
}

interface Spot extends Required<Item> {
  /** Not an item, but the place where a link passes this column on its way to another one. */
  dummy: boolean;
  /** The height of its middle. */
  y: number;
}
interface Segment {
  from: Spot;
  to: Spot;
  at?: number;
}

/** @param gap pixels between columns (more where many links leave a column), and between the items of one column. */
export function layered(items: readonly Item[], links: readonly Link[], gap: { x: number; y: number }): LayeredLayout {
  const layerOf = layersOf(items, links);
  const spots = new Map<string, Spot>();
  const add = (item: Omit<Item, "layer">, layer: number, dummy: boolean): Spot => {
    const exit = item.exit ?? { at: item.height / 2, height: item.height };
    const spot = spots.get(item.id) ?? { ...item, exit, layer, dummy, y: 0 };
    spots.set(item.id, spot);
    return spot;
  };
  for (const item of items) add(item, layerOf(item.id), false);

  const segments = new Map<string, Segment>();
  const paths = links.map(({ from, to, at }) => {
    const path = [spots.get(from)!];
    // Links to the same item share their way there.
    for (let layer = layerOf(from) - 1; layer > layerOf(to); layer--)
      path.push(add({ id: `${to}\0${layer}`, width: 0, height: 0 }, layer, true));
    path.push(spots.get(to)!);
    return path.slice(1).map((spot, index) => {
      const previous = path[index]!;
      const arrival = spot.dummy || at === undefined ? {} : { at };
      const key = `${previous.id}\0\0${spot.id}\0\0${arrival.at}`;
      if (!segments.has(key)) segments.set(key, { from: previous, to: spot, ...arrival });
      return segments.get(key)!;
    });
  });
  const all = [...segments.values()];
  const columns = ordered([...spots.values()], all);
  for (const column of columns) stack(column, gap.y, () => 0);
  for (let sweep = 0; sweep < 12; sweep++) {
    const leftwards = sweep % 2 === 0;
    for (const column of leftwards ? columns : columns.toReversed())
      stack(column, gap.y, (spot) => wishedY(spot, all, leftwards) ?? spot.y);
  }
  return place(columns, all, paths, items, gap);
}

/** The layer that an item is given, or else the length of the longest chain of links that starts at it. */
function layersOf(items: readonly Item[], links: readonly Link[]): (id: string) => number {
  const known = new Map(items.flatMap(({ id, layer }) => (layer === undefined ? [] : [[id, layer]])));
  const layerOf = (id: string): number => {
    const layer =
      known.get(id) ?? Math.max(0, ...links.filter(({ from }) => from === id).map(({ to }) => layerOf(to) + 1));
    known.set(id, layer);
    return layer;
  };
  return layerOf;
}

/** Columns from right to left, each in an order in which few links cross: the best that several sweeps find. */
function ordered(spots: readonly Spot[], segments: readonly Segment[]): Spot[][] {
  const count = Math.max(-1, ...spots.map(({ layer }) => layer)) + 1;
  let columns = Array.from({ length: count }, (_, layer) => spots.filter((spot) => spot.layer === layer));
  let [best, fewest] = [columns, crossings(columns, segments)];
  for (let sweep = 0; sweep < 8 && fewest > 0; sweep++) {
    const rank = new Map(columns.flatMap((column) => column.map((spot, index) => [spot, index] as const)));
    const leftwards = sweep % 2 === 0;
    const next = [...columns];
    for (const layer of leftwards ? next.keys() : [...next.keys()].reverse()) {
      const weight = (spot: Spot) => {
        const neighbours = segments.flatMap(({ from, to }) =>
          leftwards ? (from === spot ? [to] : []) : to === spot ? [from] : [],
        );
        return neighbours.length === 0 ? rank.get(spot)! : mean(neighbours.map((each) => rank.get(each)!));
      };
      next[layer] = next[layer]!.toSorted((a, b) => weight(a) - weight(b));
      for (const [index, spot] of next[layer]!.entries()) rank.set(spot, index);
    }
    columns = next;
    const count = crossings(columns, segments);
    if (count < fewest) [best, fewest] = [columns, count];
  }
  return best;
}

function crossings(columns: readonly Spot[][], segments: readonly Segment[]): number {
  const rank = new Map(columns.flatMap((column) => column.map((spot, index) => [spot, index] as const)));
  let count = 0;
  for (const a of segments)
    for (const b of segments)
      if (
        a.from.layer === b.from.layer &&
        rank.get(a.from)! < rank.get(b.from)! &&
        (rank.get(a.to)! > rank.get(b.to)! || (a.to === b.to && (a.at ?? 0) > (b.at ?? 0)))
      )
        count++;
  return count;
}

/** The height that makes a spot level with its neighbours. Dummies among them count only where there are no items. */
function wishedY(spot: Spot, segments: readonly Segment[], leftwards: boolean): number | undefined {
  const wishes = segments.flatMap(({ from, to, at = to.height / 2 }) => {
    // From middle to middle.
    const offset = at - to.height / 2 - (from.exit.at - from.height / 2);
    if (leftwards) return from === spot ? [{ y: to.y + offset, dummy: to.dummy }] : [];
    return to === spot ? [{ y: from.y - offset, dummy: from.dummy }] : [];
  });
  const items = wishes.filter(({ dummy }) => !dummy);
  return wishes.length === 0 ? undefined : mean((items.length > 0 ? items : wishes).map(({ y }) => y));
}

/** Puts each spot of a column as near to the height that it wishes for as its neighbours and the gaps allow. */
function stack(column: readonly Spot[], gap: number, wish: (spot: Spot) => number): void {
  let offset = 0;
  // Neighbours that would overlap move together, to the mean of their wishes (pool adjacent violators).
  const pools: { spots: { spot: Spot; offset: number }[]; at: number; sum: number }[] = [];
  for (const [index, spot] of column.entries()) {
    if (index > 0) offset += (column[index - 1]!.height + spot.height) / 2 + gap;
    const wanted = wish(spot) - offset;
    let pool = { spots: [{ spot, offset }], at: wanted, sum: wanted };
    for (let last = pools.at(-1); last && last.at > pool.at; last = pools.at(-1)) {
      pools.pop();
      const [spots, sum] = [[...last.spots, ...pool.spots], last.sum + pool.sum];
      pool = { spots, sum, at: sum / spots.length };
    }
    pools.push(pool);
  }
  for (const { spots, at } of pools) for (const { spot, offset } of spots) spot.y = at + offset;
}

function place(
  columns: readonly Spot[][],
  segments: readonly Segment[],
  paths: readonly Segment[][],
  items: readonly Item[],
  gap: { x: number; y: number },
): LayeredLayout {
  const spots = columns.flat();
  const top = Math.min(...spots.map(({ y, height }) => y - height / 2));
  for (const spot of spots) spot.y = Math.round(spot.y - top);
  // The leftmost column is the last one.
  const right = new Map<number, number>();
  let x = 0;
  for (const [layer, column] of [...columns.entries()].reverse()) {
    x += Math.max(...column.map(({ width }) => width));
    right.set(layer, x);
    x += gap.x + Math.min(72, 5 * segments.filter(({ from }) => from.layer === layer).length);
  }
  const left = (layer: number) => right.get(layer)! - Math.max(...columns[layer]!.map(({ width }) => width));
  const boxes = new Map(
    items.map(({ id }) => {
      const { width, height, layer, y } = spots.find((spot) => spot.id === id)!;
      return [id, { x: right.get(layer)! - width, y: Math.round(y - height / 2), width, height }];
    }),
  );

  const arrivalY = ({ to, at = to.height / 2 }: Segment) => to.y - to.height / 2 + at;
  const exitY = ({ from }: Segment) => from.y - from.height / 2 + from.exit.at;
  /** The height at which a segment meets one of its ends. Segments that meet there share the side, ordered by their other ends. */
  const port = (segment: Segment, end: "from" | "to"): number => {
    const spot = segment[end];
    if (end === "to" && segment.at !== undefined) return Math.round(arrivalY(segment));
    const [middle, height, order] =
      end === "from" ? [exitY(segment), spot.exit.height, arrivalY] : [arrivalY(segment), spot.height, exitY];
    const shared = segments.filter((each) => each[end] === spot).toSorted((a, b) => order(a) - order(b));
    const step = Math.min(12, (height * 0.7) / Math.max(1, shared.length - 1));
    return Math.round(middle + (shared.indexOf(segment) - (shared.length - 1) / 2) * step);
  };
  const routes = paths.map((path) =>
    path.flatMap((segment): Point[] => {
      const { from, to } = segment;
      const [start, end] = [port(segment, "from"), port(segment, "to")];
      const tail: Point[] =
        to.dummy || to.width === right.get(to.layer)! - left(to.layer) ? [] : [[right.get(to.layer)! - to.width, end]];
      return [[right.get(from.layer)!, start], [left(to.layer), end], ...tail];
    }),
  );
  return {
    boxes,
    routes,
    width: Math.max(0, ...right.values()),
    height: Math.max(0, ...spots.map(({ y, height }) => y + height / 2)),
  };
}

const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
