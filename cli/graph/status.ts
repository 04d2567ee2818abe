import type { Graph } from "../../components/core/support/graph.ts";

/** How a service or a job is, in the four words that pictures have colours for. */
export type Status = "ready" | "starting" | "failed" | "absent";

const WORDS: Record<Status, string> = { ready: "ready", starting: "starting", failed: "failed", absent: "not there" };

/** In words, of a service or a job. */
export const wordOf = (status: Status, kind: "service" | "job") =>
  status === "ready" && kind === "job" ? "done" : WORDS[status];

/** Those that there are. */
export const statusOrder = (statuses: Record<string, Status>) =>
  (Object.keys(WORDS) as Status[]).filter((status) => Object.values(statuses).includes(status));

/** What `make ps` says, in those words, for all that the graph has. */
export function statusesOf(
  { nodes }: Graph,
  rows: readonly { service: string; state: string }[],
): Record<string, Status> {
  const states = new Map(rows.map(({ service, state }) => [service, state]));
  return Object.fromEntries(nodes.map(({ name }) => [name, statusOf(states.get(name))]));
}

function statusOf(state: string | undefined): Status {
  if (state === undefined) return "absent";
  if (state === "ready" || state === "done") return "ready";
  return ["starting", "running", "waiting", "created", "restarting"].includes(state) ? "starting" : "failed";
}
