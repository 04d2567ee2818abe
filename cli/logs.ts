import { styleText } from "node:util";
import { services } from "./shared/services.ts";
import { engine, readState, STACK } from "./shared/stack.ts";

// make logs [s=name] [follow=1] [tail=N]: what services and jobs wrote, each line after its service's name.

const api = await engine();
const wanted = (process.env.s ?? "").split(",").filter((name) => name !== "");
const all = await services(api, readState());
const unknown = wanted.filter((name) => !all.some(({ service }) => service === name));
if (unknown.length > 0 || all.length === 0) {
  const there = all.map(({ service }) => service).join(", ") || "nothing";
  process.stderr.write(`${unknown.join(", ") || "No service"} is not up in stack ${STACK}; up: ${there}\n`);
  process.exit(1);
}
const COLOURS = ["cyan", "yellow", "green", "magenta", "blue", "red"] as const;
const chosen = all.filter(({ service }) => wanted.length === 0 || wanted.includes(service));
const width = Math.max(...chosen.map(({ service }) => service.length));
const stop = new AbortController();
process.once("SIGINT", () => stop.abort());
await Promise.all(
  chosen.map(async ({ service, container }, at) => {
    const name = styleText(COLOURS[at % COLOURS.length] ?? "cyan", service.padEnd(width));
    const line = (text: string) => void process.stdout.write(`${name} | ${text}\n`);
    const from = new Date();
    for (const text of await api.logs(container, Number(process.env.tail ?? 200))) line(text);
    if (process.env.follow === "1") await api.follow(container, from, line, stop.signal);
  }),
);
