import { graphMermaid } from "./graph/mermaid.ts";
import { type Status, statusesOf } from "./graph/status.ts";
import { graphSvg } from "./graph/svg.ts";
import { graphText } from "./graph/text.ts";
import { findEngine } from "./shared/engine.ts";
import { readGraph } from "./shared/graph.ts";
import { writeAs } from "./shared/output.ts";
import { withChosenPorts } from "./shared/ports.ts";
import { services } from "./shared/services.ts";
import { settingsInFiles } from "./shared/settings.ts";
import { readState, STACK } from "./shared/stack.ts";

// make graph [format=svg|mermaid|text] [file=NAME] [json=1]: shows what refers to what, with the state of each where the stack is
// up. readme=1 draws the README's picture from tracked files alone, without what this clone has set or brought up.

const readme = process.env.readme === "1";
const settings = await settingsInFiles(STACK, { own: !readme });
const graph = await readGraph(readme ? settings : withChosenPorts(settings, readState));
const statuses = readme ? {} : await statusesNow();
if (process.env.json === "1") {
  const nodes = graph.nodes.map((node) => ({
    ...node,
    ...(statuses[node.name] ? { status: statuses[node.name] } : {}),
  }));
  process.stdout.write(`${JSON.stringify({ ...graph, nodes }, null, 2)}\n`);
} else {
  writeAs(
    {
      svg: () => graphSvg(graph, STACK, statuses),
      mermaid: () => graphMermaid(graph, statuses),
      text: (colour) => graphText(graph, statuses, colour),
    },
    readme ? "docs/graph.svg" : "graph.svg",
  );
}

/** Empty where the stack is not up or no engine answers. */
async function statusesNow(): Promise<Record<string, Status>> {
  const state = readState();
  if (state.id === undefined) return {};
  const rows = await services(findEngine(), state).catch(() => []);
  return rows.length > 0 ? statusesOf(graph, rows) : {};
}
