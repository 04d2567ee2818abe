import type { Graph } from "../../components/core/support/graph.ts";
import { hasFailedToRelease, type ServiceRow } from "../shared/services.ts";

/** The state of a service or a job, reduced to the four that pictures have colours for. */
export type Status = "ready" | "starting" | "failed" | "absent";

const WORDS: Record<Status, string> = { ready: "ready", starting: "starting", failed: "failed", absent: "not there" };

/** The word for a status: a job that is ready is called done. */
export const wordOf = (status: Status, kind: "service" | "job") =>
  status === "ready" && kind === "job" ? "done" : WORDS[status];

/** The statuses that occur, each once and in a fixed order. */
export const statusOrder = (statuses: Record<string, Status>) =>
  (Object.keys(WORDS) as Status[]).filter((status) => Object.values(statuses).includes(status));

/**
 * The status of each node of a graph, from the states that `make ps` shows. That of a service is the worst of its containers'; what a
 * failed release has left is none of them while others serve.
 */
export function statusesOf(
  { nodes }: Graph,
  rows: readonly Pick<ServiceRow, "service" | "kind" | "state">[],
): Record<string, Status> {
  return Object.fromEntries(
    nodes.map(({ name }) => {
      const found = rows
        .filter((row) => row.service === name && !hasFailedToRelease(row))
        .map(({ state }) => statusOf(state));
      return [name, WORST_FIRST.find((status) => found.includes(status)) ?? "absent"];
    }),
  );
}

const WORST_FIRST: readonly Status[] = ["failed", "starting", "ready"];

function statusOf(state: string): Status {
  if (state === "ready" || state === "done") return "ready";
  return ["starting", "running", "waiting", "created", "restarting"].includes(state) ? "starting" : "failed";
}
