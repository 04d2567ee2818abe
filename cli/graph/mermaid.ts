import type { Graph, GraphNode } from "../../components/core/support/graph.ts";
import { layoutOf } from "./layout.ts";
import { type Status, statusOrder } from "./status.ts";

const COLOURS: Record<Status, string> = { ready: "#1a7f37", starting: "#bf8700", failed: "#cf222e", absent: "#afb8c1" };

/** A graph as a Mermaid flowchart. All names consist of a-z, 0-9 and `-`, so nothing has to be escaped. */
export function graphMermaid(graph: Graph, statuses: Record<string, Status> = {}): string {
  const { regions } = layoutOf(graph);
  const idOf = (name: string) => `n_${name.replaceAll("-", "_")}`;
  const shape = (node: GraphNode) => {
    const text = [
      node.name,
      ...(node.kind === "job" ? ["runs once"] : []),
      ...node.hostPorts.map((port) => `:${port}`),
    ].join("<br/>");
    return `${idOf(node.name)}${node.kind === "job" ? `{{${text}}}` : node.data ? `[(${text})]` : `[${text}]`}`;
  };
  const inRegion = new Set(regions.flatMap(({ members }) => members));
  return `${[
    "flowchart LR",
    ...regions.flatMap(({ network, members }) => [
      `  subgraph network_${network.replaceAll("-", "_")} [network ${network}]`,
      ...graph.nodes.filter(({ name }) => members.includes(name)).map((node) => `    ${shape(node)}`),
      "  end",
    ]),
    ...graph.nodes.filter(({ name }) => !inRegion.has(name)).map((node) => `  ${shape(node)}`),
    ...graph.edges.map(
      ({ from, to, waits }) => `  ${idOf(from)} ${waits === "done" ? "-. done .->" : "-- ready -->"} ${idOf(to)}`,
    ),
    ...statusOrder(statuses).flatMap((status) => [
      `  classDef ${status} stroke:${COLOURS[status]},stroke-width:3px`,
      `  class ${Object.keys(statuses)
        .filter((name) => statuses[name] === status)
        .map(idOf)
        .join(",")} ${status}`,
    ]),
  ].join("\n")}\n`;
}
