import { styleText } from "node:util";
import { chosen } from "./shared/services.ts";
import { sinceOf } from "./shared/since.ts";
import { engine, readState } from "./shared/stack.ts";

// make logs [s=name] [follow=1] [tail=N] [since=10m] [json=1]: what services and jobs wrote, each line after its service's name.

const LINES = 200;
const COLOURS = ["cyan", "yellow", "green", "magenta", "blue", "red"] as const;

const { follow, json } = process.env;
if (process.env.since && !sinceOf(process.env.since)) {
  refuse(`since= should be a duration (30s, 10m, 2h) or a time (2026-01-02T03:04:05Z), got ${process.env.since}`);
}
if (process.env.tail && !/^\d+$/.test(process.env.tail)) {
  refuse(`tail= should be a number of lines, got ${process.env.tail}`);
}

const stop = new AbortController();
process.once("SIGINT", () => stop.abort());
// Nobody reads any more.
process.stdout.once("error", () => stop.abort());
const api = await engine(stop.signal);
// By the engine's clock, as all times that a log shows.
const since = process.env.since ? sinceOf(process.env.since, (await api.clock()).there(new Date())) : undefined;
const tail = process.env.tail ? Number(process.env.tail) : since ? undefined : LINES;
const rows = await chosen(api, readState());
const width = Math.max(...rows.map(({ service }) => service.length));
const stamped = json === "1";
await Promise.all(
  rows.map(async ({ service, container }, at) => {
    const name = styleText(COLOURS[at % COLOURS.length] ?? "cyan", service.padEnd(width));
    const write = (text: string) =>
      void process.stdout.write(`${stamped ? record(service, text) : `${name} | ${text}`}\n`);
    if (follow === "1") {
      await api.follow(container, since ?? new Date(0), write, stop.signal, { lines: tail, stamped });
    } else for (const text of await api.logs(container, tail, { since, stamped })) write(text);
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
