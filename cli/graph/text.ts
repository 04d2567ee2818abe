import { styleText } from "node:util";
import type { Graph, GraphNode } from "../../components/core/support/graph.ts";
import { type Status, wordOf } from "./status.ts";

const COLOURS = { ready: "green", starting: "yellow", failed: "red", absent: "gray" } as const;

/**
 * A graph as a tree: below each node is what it waits for. A node that appears more than once is described the first time.
 *
 * @param colour whether it is for a terminal that shows colours.
 */
export function graphText({ nodes, edges }: Graph, statuses: Record<string, Status> = {}, colour = false): string {
  const byName = new Map(nodes.map((node) => [node.name, node]));
  const painted = (status: Status, { kind }: GraphNode) => {
    const word = wordOf(status, kind);
    return colour ? styleText(COLOURS[status], word, { validateStream: false }) : word;
  };
  const rows: { tree: string; node: GraphNode; again: boolean }[] = [];
  const shown = new Set<string>();
  const addRow = (name: string, head: string, rest: string) => {
    const uses = edges.filter(({ from }) => from === name);
    const again = shown.has(name) && uses.length > 0;
    shown.add(name);
    rows.push({ tree: `${head}${name}`, node: byName.get(name)!, again });
    if (again) return;
    for (const [at, { to, waits }] of uses.entries()) {
      const last = at === uses.length - 1;
      addRow(
        to,
        `${rest}${last ? "└" : "├"}─ ${waits === "done" ? "done " : "ready"} ▸ `,
        `${rest}${last ? "   " : "│  "}`,
      );
    }
  };
  const roots = nodes.filter(({ name }) => !edges.some(({ to }) => to === name));
  for (const { name } of roots) addRow(name, "", "");
  const width = Math.max(0, ...rows.map(({ tree }) => tree.length));
  const kind = Math.max(0, ...nodes.map(({ type }) => type.length));
  return rows
    .map(({ tree, node, again }) => {
      const status = statuses[node.name];
      const about = again
        ? ["as above"]
        : [
            node.type.padEnd(kind),
            ...(status ? [painted(status, node)] : []),
            ...(node.kind === "job" ? ["runs once"] : []),
            ...(node.hostPorts.length > 0 ? [`127.0.0.1:${node.hostPorts.join(", :")}`] : []),
          ];
      return `${`${tree.padEnd(width)}  ${about.join("  ")}`.trimEnd()}\n`;
    })
    .join("");
}
