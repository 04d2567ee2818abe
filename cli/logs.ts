import { styleText } from "node:util";
import { reachEngine } from "./shared/engine.ts";
import { chosenServices } from "./shared/services.ts";
import { parseSince } from "./shared/since.ts";
import { readState } from "./shared/stack.ts";

// make logs [s=name] [follow=1] [tail=N] [since=10m] [json=1]: what services and jobs wrote, each line after its service's name.

const LINES = 200;
const COLOURS = ["cyan", "yellow", "green", "magenta", "blue", "red"] as const;

const { follow, json } = process.env;
if (process.env.since && !parseSince(process.env.since)) {
  refuse(`since= should be a duration (30s, 10m, 2h) or a time (2026-01-02T03:04:05Z), got ${process.env.since}`);
}
if (process.env.tail && !/^\d+$/.test(process.env.tail)) {
  refuse(`tail= should be a number of lines, got ${process.env.tail}`);
}

const stop = new AbortController();
process.once("SIGINT", () => stop.abort());
// Nobody reads any more.
process.stdout.once("error", () => stop.abort());
const engine = await reachEngine(stop.signal);
// By the engine's clock, as are all times in a log.
const since = process.env.since ? parseSince(process.env.since, await engine.now()) : undefined;
const tail = process.env.tail ? Number(process.env.tail) : since ? undefined : LINES;
const rows = await chosenServices(engine, readState());
const width = Math.max(...rows.map(({ service }) => service.length));
const stamped = json === "1";
const query = { lines: tail, since, stamped };
await Promise.all(
  rows.map(async ({ service, workload }, index) => {
    const name = styleText(COLOURS[index % COLOURS.length] ?? "cyan", service.padEnd(width));
    const write = (text: string) =>
      void process.stdout.write(`${stamped ? record(service, text) : `${name} | ${text}`}\n`);
    if (follow === "1") {
      await engine.follow(workload, query, write, stop.signal);
    } else for (const text of await engine.logs(workload, query)) write(text);
  }),
);

function record(service: string, stampedLine: string): string {
  const [, time, line] = /^(\S+) ?(.*)$/s.exec(stampedLine) ?? [];
  return JSON.stringify({ service, time, line });
}

function refuse(text: string): never {
  process.stderr.write(`${text}\n`);
  process.exit(1);
}
