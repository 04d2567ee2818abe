import { graphMermaid } from "./graph/mermaid.ts";
import { type Status, statusesOf } from "./graph/status.ts";
import { graphSvg } from "./graph/svg.ts";
import { graphText } from "./graph/text.ts";
import { findEngine } from "./shared/engine.ts";
import { readGraph } from "./shared/graph.ts";
import { type OutputOptions, writeAs } from "./shared/output.ts";
import { withChosenPorts } from "./shared/ports.ts";
import { services } from "./shared/services.ts";
import { settingsInFiles } from "./shared/settings.ts";
import { readState, STACK } from "./shared/stack.ts";

export interface GraphOptions extends OutputOptions {
  json?: boolean;
  /** Whether to draw the README's picture: from tracked files alone, without what this clone has set or brought up. */
  readme?: boolean;
}

/** Draws what refers to what, with the state of each where the stack is up. */
export async function graph({ json, readme = false, ...output }: GraphOptions): Promise<void> {
  const settings = await settingsInFiles(STACK, { own: !readme });
  const drawn = await readGraph(readme ? settings : withChosenPorts(settings, readState));
  const statuses = readme ? {} : await statusesNow(drawn);
  if (json) {
    const nodes = drawn.nodes.map((node) => ({
      ...node,
      ...(statuses[node.name] ? { status: statuses[node.name] } : {}),
    }));
    process.stdout.write(`${JSON.stringify({ ...drawn, nodes }, null, 2)}\n`);
    return;
  }
  writeAs(
    {
      svg: () => graphSvg(drawn, STACK, statuses),
      mermaid: () => graphMermaid(drawn, statuses),
      text: (colour) => graphText(drawn, statuses, colour),
    },
    readme ? "docs/graph.svg" : "graph.svg",
    output,
  );
}

/** Empty where the stack is not up or no engine answers. */
async function statusesNow(drawn: Awaited<ReturnType<typeof readGraph>>): Promise<Record<string, Status>> {
  const state = readState();
  if (state.id === undefined) return {};
  const rows = await services(findEngine(), state).catch(() => []);
  return rows.length > 0 ? statusesOf(drawn, rows) : {};
}
