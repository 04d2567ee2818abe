import { seconds } from "../shared/seconds.ts";
import { type Colours, escaped, legend, strongWidth, svg, textWidth } from "../shared/svg.ts";
import type { Step, Timeline } from "../shared/timeline.ts";
import { criticalPath, criticalWords, inOrder, moment, spanOf, ticksOf, tickText } from "./critical-path.ts";

const ROW = 32;
const BAR = 16;
const AXIS = 28;
/** Of the time axis. */
const WIDTH = 640;
/** Of the column after the time axis, which says how long each step took. */
const RIGHT = 76;

/** A run as a waterfall: a row for each step, with its critical path in full colours, joined by a line. */
export function timelineSvg(timeline: Timeline): string {
  const { stack, began, tookMs, steps } = timeline;
  const rows = inOrder(timeline);
  const path = criticalPath(timeline);
  const left = Math.max(0, ...steps.map(({ name }) => strongWidth(name))) + 16;
  const at = (ms: number) => left + Math.round((ms / Math.max(1, tookMs)) * WIDTH);
  const middle = (index: number) => 26 + AXIS + index * ROW + ROW / 2;
  const bottom = middle(rows.length) - ROW / 2;
  const width = left + WIDTH + RIGHT;

  const ticks = ticksOf(tookMs, 8);
  const axis = ticks.map(
    (ms) =>
      `<path class="grid" d="M${at(ms)} ${26 + AXIS - 6}V${bottom}"/><text class="quiet middle" x="${at(ms)}" y="${26 + AXIS - 12}">${tickText(ms, ticks)}</text>`,
  );
  const row = (step: Step, index: number): string => {
    const [y, critical] = [middle(index), path.includes(step.name)];
    const name = `<text class="text end${critical ? " strong" : " plain"}" x="${left - 14}" y="${y + 5}">${escaped(step.name)}</text>`;
    const line = (from: number, to: number, className: string) =>
      to > from ? `<path class="${className}" d="M${from} ${y}H${to}"/>` : "";
    const span = spanOf(step, tookMs);
    const note = (text: string) => `<text class="quiet" x="${at(tookMs) + 8}" y="${y + 4}">${text}</text>`;
    if (!span) return `<g>${name}${note("not started")}</g>`;
    const [start, end] = [at(span.startMs), at(span.endMs)];
    const className = `bar ${step.kind}${critical ? " critical" : ""}${span.ended ? "" : " broken"}`;
    return [
      `<g><title>${escaped(`${step.name}: ${seconds(span.startMs)} to ${seconds(span.endMs)}`)}</title>`,
      name,
      line(at(0), start, "before"),
      `<rect class="${className}" x="${start}" y="${y - BAR / 2}" width="${Math.max(3, end - start)}" height="${BAR}" rx="3"/>`,
      span.ended ? line(Math.max(start + 3, end), at(tookMs), "after") : "",
      note(span.ended ? seconds(span.endMs - span.startMs) : "not ended"),
      "</g>",
    ].join("");
  };

  /** Lines from the end of each step of the critical path to the start of the next one. */
  const joints = path.slice(1).map((name, index) => {
    const [from, to] = [path[index]!, name].map((each) => rows.findIndex((step) => step.name === each)) as [
      number,
      number,
    ];
    const [end, start] = [spanOf(rows[from]!, tookMs)!.endMs, spanOf(rows[to]!, tookMs)!.startMs];
    const [x, toX] = [at(end), at(start)];
    return `<path class="joint" d="M${x} ${middle(from) + BAR / 2}V${middle(to)}H${Math.max(x, toX)}"/>`;
  });
  const { parts, sum } = criticalWords(timeline);
  const pathLines =
    parts.length > 0
      ? wrapped([...parts.map((part, index) => (index > 0 ? `→ ${part}` : part)), `= ${sum}`], width)
      : [];
  const bar = (className: string) => (x: number, y: number) =>
    `<rect class="bar ${className}" x="${x}" y="${y}" width="28" height="${BAR}" rx="3"/>`;
  const stroke = (className: string) => (x: number, y: number) =>
    `<path class="${className}" d="M${x} ${y + 8}H${x + 28}"/>`;
  const kinds = new Set(rows.map(({ kind }) => kind));
  const meaning = legend(
    [
      { width: 28, text: "waits", draw: stroke("before") },
      ...(kinds.has("service") ? [{ width: 28, text: "service, starts", draw: bar("service") }] : []),
      ...(kinds.has("job") ? [{ width: 28, text: "job, runs", draw: bar("job") }] : []),
      { width: 28, text: "on the critical path", draw: bar("service critical") },
      { width: 28, text: "ready, or done", draw: stroke("after") },
    ],
    width,
    bottom + 36 + pathLines.length * 20,
  );
  const subtitle = `${seconds(tookMs)}, begun ${moment(began)}`;
  return svg({
    title: `The last up of stack ${stack}: ${seconds(tookMs)}`,
    description: parts.length > 0 ? `Critical path: ${parts.join(", then ")}; ${sum}.` : "Nothing was started.",
    width,
    height: bottom + 36 + pathLines.length * 20 + meaning.height,
    css,
    body: [
      `<text class="text strong" x="0" y="14">up of ${escaped(stack)}</text><text class="quiet" x="${strongWidth(`up of ${stack}`) + 10}" y="14">${escaped(subtitle)}</text>`,
      ...axis,
      ...rows.map(row),
      ...joints,
      ...pathLines.map(
        (line, index) => `<text class="text" x="0" y="${bottom + 24 + index * 20}">${escaped(line)}</text>`,
      ),
      ...meaning.body,
    ],
  });
}

const css = (colours: Colours) => `
  .plain{font-size:14px}
  .grid{stroke:${colours.edge};stroke-dasharray:2 4}
  .before{fill:none;stroke:${colours.grey};stroke-width:2;stroke-dasharray:1 5;stroke-linecap:round}
  .after{fill:none;stroke:${colours.green};stroke-width:2;opacity:0.6}
  .bar{stroke-width:1.5}
  .service{fill:${colours.blueTint};stroke:${colours.blue}}.job{fill:${colours.pinkTint};stroke:${colours.pink}}
  .service.critical{fill:${colours.blue}}.job.critical{fill:${colours.pink}}
  .bar.broken{fill:${colours.red};stroke:${colours.red}}
  .joint{fill:none;stroke:${colours.text};stroke-width:1.5}`;

/** The words below a heading, in lines no wider than the picture. */
function wrapped(words: readonly string[], width: number): string[] {
  const lines = ["Critical path:"];
  for (const word of words) {
    const longer = `${lines.at(-1)} ${word}`;
    if (textWidth(longer) <= width) lines[lines.length - 1] = longer;
    else lines.push(word);
  }
  return lines;
}
