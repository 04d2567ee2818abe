import type { Graph, GraphNode } from "../../components/core/support/graph.ts";
import { type Colours, escaped, type LegendEntry, legend, svg, textWidth } from "../shared/svg.ts";
import type { Box, Point } from "./layered.ts";
import { layoutOf, portsOf } from "./layout.ts";
import { type Status, statusOrder, wordOf } from "./status.ts";

type Shape = "app" | "database" | "job";

const shapeOf = ({ kind, data }: GraphNode): Shape => (kind === "job" ? "job" : data ? "database" : "app");

/**
 * A graph as a picture, with each node left of what it refers to.
 *
 * @param statuses by name, where the stack is up.
 */
export function graphSvg(graph: Graph, stack: string, statuses: Record<string, Status> = {}): string {
  const layout = layoutOf(graph);
  const width = Math.max(layout.width, 520);
  const entries = legendEntries(graph, statuses);
  const { body, height } = legend(entries, width, layout.height + 24);
  const left = (width - layout.width) / 2;
  const describe = ({ name, type }: GraphNode) => {
    const uses = graph.edges.filter(({ from }) => from === name).map(({ to, waits }) => `${to} to be ${waits}`);
    return `${name} (${type})${uses.length > 0 ? ` waits for ${uses.join(", ")}` : ""}.`;
  };
  return svg({
    title: `What refers to what in stack ${stack}`,
    description: graph.nodes.map(describe).join(" "),
    width,
    height: layout.height + 24 + height,
    css,
    body: [
      '<marker id="arrow" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="8" markerHeight="8" markerUnits="userSpaceOnUse" orient="auto"><path class="head" d="M0 0.5L7.5 4L0 7.5Z"/></marker>',
      `<g transform="translate(${Math.round(left)} 0)">`,
      ...layout.regions.map(
        ({ network, x, y, ...size }) =>
          `<rect class="region" x="${x}" y="${y}" width="${size.width}" height="${size.height}" rx="10"/><text class="quiet" x="${x + 14}" y="${y + 22}">network ${network}</text>`,
      ),
      ...layout.lines.map(({ edge, route }, at) => {
        const shared = Math.max(0, ...layout.lines.slice(0, at).map((line) => sharedEnd(line.route, route)));
        // Dashes drawn over dashes look like a solid line: a route that ends like an earlier one stops where they meet.
        const [own, end] =
          shared > 1 ? [route.slice(0, route.length - shared + 1), ""] : [route, ' marker-end="url(#arrow)"'];
        return `<path class="line until-${edge.waits}" d="${curve(own)}"${end}/>`;
      }),
      ...new Set(
        layout.lines.flatMap(({ joins }) =>
          joins ? [`<circle class="joins" cx="${joins[0]}" cy="${joins[1]}" r="4.5"/>`] : [],
        ),
      ),
      ...layout.nodes.map(({ node, ...box }) => drawn(node, box, statuses[node.name])),
      "</g>",
      ...body,
    ],
  });
}

const css = (colours: Colours) => `
  .region{fill:${colours.region};stroke:${colours.edge}}
  .line{fill:none;stroke:${colours.line};stroke-width:1.5}.until-ready{stroke-dasharray:none}.until-done{stroke-dasharray:5 4}.head{fill:${colours.line}}
  .joins{fill:${colours.region};stroke:${colours.line};stroke-width:2}
  .shape{stroke-width:1.5}
  .app{fill:${colours.blueTint};stroke:${colours.blue}}
  .database{fill:${colours.violetTint};stroke:${colours.violet}}
  .job{fill:${colours.pinkTint};stroke:${colours.pink}}
  .port{fill:${colours.page};stroke:${colours.blue}}
  .badge{stroke:${colours.page};stroke-width:2}
  .sign{fill:none;stroke:${colours.page};stroke-width:1.8;stroke-linecap:round;stroke-linejoin:round}
  .is-ready{fill:${colours.green}}.is-starting{fill:${colours.amber}}.is-failed{fill:${colours.red}}.is-absent{fill:${colours.grey}}
  .outline-ready{stroke:${colours.green}}.outline-starting{stroke:${colours.amber}}.outline-failed{stroke:${colours.red}}
  .outline-absent{stroke:${colours.grey};stroke-dasharray:4 3}`;

function drawn(node: GraphNode, box: Box, status: Status | undefined): string {
  const { x, y, width, height } = box;
  const [shape, middle] = [shapeOf(node), x + width / 2];
  // A cylinder's text is below its lid.
  const top = y + (shape === "database" ? 31 : 28);
  const published = node.hostPorts.length > 0 ? ` published on ${node.hostPorts.join(", ")}` : "";
  const about = [
    `${node.name}: ${node.type}`,
    ...(status ? [wordOf(status, node.kind)] : []),
    ...(published ? [published.trim()] : []),
  ];
  return [
    "<g>",
    `<title>${escaped(about.join(", "))}</title>`,
    outline(shape, box, status ? ` outline-${status}` : ""),
    `<text class="text strong middle" x="${middle}" y="${top}">${escaped(node.name)}</text>`,
    `<text class="quiet middle" x="${middle}" y="${top + 17}">${escaped(node.type)}${shape === "job" ? ", once" : ""}</text>`,
    node.hostPorts.length > 0 ? label(portsOf(node), x + width - 10, y + height) : "",
    status ? badge(status, x + width - 14, y + (shape === "database" ? 4 : 0)) : "",
    "</g>",
  ].join("");
}

function outline(shape: Shape, { x, y, width, height }: Box, more = ""): string {
  const attributes = `class="shape ${shape}${more}"`;
  switch (shape) {
    case "app":
      return `<rect ${attributes} x="${x}" y="${y}" width="${width}" height="${height}" rx="8"/>`;
    case "job": {
      const slant = Math.round(height / 6);
      const [right, middle, bottom] = [x + width, y + height / 2, y + height];
      return `<path ${attributes} d="M${x} ${middle}L${x + slant} ${y}H${right - slant}L${right} ${middle}L${right - slant} ${bottom}H${x + slant}Z"/>`;
    }
    case "database": {
      const [rx, ry] = [width / 2, Math.min(7, height / 5)];
      const lid = `M${x} ${y + ry}a${rx} ${ry} 0 0 0 ${width} 0`;
      return `<path ${attributes} d="M${x} ${y + ry}a${rx} ${ry} 0 0 1 ${width} 0v${height - 2 * ry}a${rx} ${ry} 0 0 1 ${-width} 0z${lid}"/>`;
    }
  }
}

/** Ports on the host, on a box's lower edge. */
function label(text: string, right: number, y: number): string {
  const width = textWidth(text) + 16;
  return `<rect class="port" x="${right - width}" y="${y - 9}" width="${width}" height="18" rx="9"/><text class="text middle" x="${right - width / 2}" y="${y + 4}">${text}</text>`;
}

/** With a sign in it for people who cannot tell the colours apart. */
function badge(status: Status, x: number, y: number): string {
  const sign = {
    ready: "m-4 0l3 3l5 -5.5",
    starting: "m-4 0h0m4 0h0m4 0h0",
    failed: "m-3 -3l6 6m0 -6l-6 6",
    absent: "m-3.5 0h7",
  };
  return `<circle class="badge is-${status}" cx="${x}" cy="${y}" r="9"/><path class="sign" d="M${x} ${y}${sign[status]}"/>`;
}

/** How many points two routes have in common at their ends. */
function sharedEnd(a: readonly Point[], b: readonly Point[]): number {
  const differs = (at: number) => a.at(-1 - at)?.join() !== b.at(-1 - at)?.join();
  let count = 0;
  while (count < Math.min(a.length, b.length) && !differs(count)) count++;
  return count;
}

/** Straight lines along the rows, curves between the columns. */
function curve([[x, y] = [0, 0], ...rest]: readonly Point[]): string {
  let [fromX, fromY] = [x, y];
  const steps = rest.map(([toX, toY]) => {
    const middle = (fromX + toX) / 2;
    const step = toY === fromY ? `H${toX}` : `C${middle} ${fromY} ${middle} ${toY} ${toX} ${toY}`;
    [fromX, fromY] = [toX, toY];
    return step;
  });
  return `M${x} ${y}${steps.join("")}`;
}

function legendEntries({ nodes, edges }: Graph, statuses: Record<string, Status>): LegendEntry[] {
  const shape = (which: Shape, text: string): LegendEntry[] =>
    nodes.some((node) => shapeOf(node) === which)
      ? [{ width: 24, text, draw: (x, y) => outline(which, { x, y: y - 1, width: 24, height: 18 }) }]
      : [];
  const line = (waits: "ready" | "done", text: string): LegendEntry[] =>
    edges.some((edge) => edge.waits === waits)
      ? [
          {
            width: 34,
            text,
            draw: (x, y) => `<path class="line until-${waits}" d="M${x} ${y + 8}H${x + 34}" marker-end="url(#arrow)"/>`,
          },
        ]
      : [];
  return [
    ...shape("app", "application"),
    ...shape("database", "database"),
    ...shape("job", "job, runs once"),
    ...line("ready", "waits until it is ready"),
    ...line("done", "waits until it is done"),
    ...(edges.length > 0
      ? [
          {
            width: 12,
            text: "joins the network",
            draw: (x: number, y: number) => `<circle class="joins" cx="${x + 6}" cy="${y + 8}" r="4.5"/>`,
          },
        ]
      : []),
    ...(nodes.some(({ hostPorts }) => hostPorts.length > 0)
      ? [
          {
            width: 30,
            text: "port on 127.0.0.1",
            draw: (x: number, y: number) => `<rect class="port" x="${x}" y="${y}" width="30" height="16" rx="8"/>`,
          },
        ]
      : []),
    ...statusOrder(statuses).map((status) => ({
      width: 18,
      text: status === "ready" ? "ready, or done" : wordOf(status, "service"),
      draw: (x: number, y: number) => badge(status, x + 9, y + 8),
    })),
  ];
}
