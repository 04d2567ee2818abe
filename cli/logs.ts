import { styleText } from "node:util";
import { chosen } from "./shared/services.ts";
import { engine, readState } from "./shared/stack.ts";

// make logs [s=name] [follow=1] [tail=N]: what services and jobs wrote, each line after its service's name.

const api = await engine();
const rows = await chosen(api, readState());
const COLOURS = ["cyan", "yellow", "green", "magenta", "blue", "red"] as const;
const width = Math.max(...rows.map(({ service }) => service.length));
const stop = new AbortController();
process.once("SIGINT", () => stop.abort());
await Promise.all(
  rows.map(async ({ service, container }, at) => {
    const name = styleText(COLOURS[at % COLOURS.length] ?? "cyan", service.padEnd(width));
    const line = (text: string) => void process.stdout.write(`${name} | ${text}\n`);
    const from = new Date();
    for (const text of await api.logs(container, Number(process.env.tail ?? 200))) line(text);
    if (process.env.follow === "1") await api.follow(container, from, line, stop.signal);
  }),
);
