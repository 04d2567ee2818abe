import { styleText } from "node:util";
import { flag } from "../components/engines/command-line.ts";
import { reachEngine } from "./shared/engine.ts";
import { chosenServices, hasFailedToRelease, type ServiceRow } from "./shared/services.ts";
import { parseSince } from "./shared/since.ts";
import { readState } from "./shared/stack.ts";

const LINES = 200;
const COLOURS = ["cyan", "yellow", "green", "magenta", "blue", "red"] as const;

export interface LogsOptions {
  /** Whether to go on until the user ends it. */
  follow?: boolean;
  /** How many of the last lines. @default - 200; all where `since` is given */
  tail?: string;
  /** A duration (`30s`, `10m`, `2h`) or a time. */
  since?: string;
  /** Whether each line is a JSON object with its service, its container and its time. */
  json?: boolean;
}

/** Shows what services and jobs wrote, each line after the name of its container (`backend.2`). @param names without any, all. */
export async function logs(names: readonly string[], { follow, tail: lines, since: from, json }: LogsOptions) {
  if (from !== undefined && !parseSince(from)) {
    throw new Error(
      `${flag("since")} should be a duration (30s, 10m, 2h) or a time (2026-01-02T03:04:05Z), got ${from}`,
    );
  }
  if (lines !== undefined && !/^\d+$/.test(lines)) {
    throw new Error(`${flag("tail")} should be a number of lines, got ${lines}`);
  }
  const stop = new AbortController();
  process.once("SIGINT", () => stop.abort());
  // Nobody reads any more.
  process.stdout.once("error", () => stop.abort());
  const engine = await reachEngine(stop.signal);
  // By the engine's clock, as are all times in a log.
  const since = from === undefined ? undefined : parseSince(from, await engine.now());
  const tail = lines === undefined ? (since ? undefined : LINES) : Number(lines);
  const rows = await chosenServices(engine, readState(), names);
  const nameOf = (row: ServiceRow) => (hasFailedToRelease(row) ? `${row.replica} (failed)` : row.replica);
  const width = Math.max(...rows.map((row) => nameOf(row).length));
  const query = { lines: tail, since, stamped: json === true };
  await Promise.all(
    rows.map(async (row, index) => {
      const { workload } = row;
      const name = styleText(COLOURS[index % COLOURS.length] ?? "cyan", nameOf(row).padEnd(width));
      const write = (text: string) => void process.stdout.write(`${json ? record(row, text) : `${name} | ${text}`}\n`);
      if (follow) {
        await engine.follow(workload, query, write, stop.signal);
      } else for (const text of await engine.logs(workload, query)) write(text);
    }),
  );
}

function record({ service, replica, container }: ServiceRow, stampedLine: string): string {
  const [, time, line] = /^(\S+) ?(.*)$/s.exec(stampedLine) ?? [];
  return JSON.stringify({ service, replica, container, time, line });
}
