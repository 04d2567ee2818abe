import type { Graph } from "../../components/core/support/graph.ts";

/** The state of a service or a job, reduced to the four that pictures have colours for. */
export type Status = "ready" | "starting" | "failed" | "absent";

const WORDS: Record<Status, string> = { ready: "ready", starting: "starting", failed: "failed", absent: "not there" };

/** The word for a status: a job that is ready is called done. */
export const wordOf = (status: Status, kind: "service" | "job") =>
  status === "ready" && kind === "job" ? "done" : WORDS[status];

/** The statuses that occur, each once and in a fixed order. */
export const statusOrder = (statuses: Record<string, Status>) =>
  (Object.keys(WORDS) as Status[]).filter((status) => Object.values(statuses).includes(status));

/** The status of each node of a graph, from the states that `make ps` shows. */
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
