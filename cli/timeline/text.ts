import { styleText } from "node:util";
import { seconds } from "../shared/seconds.ts";
import type { Step, Timeline } from "../shared/timeline.ts";
import { criticalPath, criticalWords, inOrder, moment, spanOf, ticksOf, tickText } from "./critical-path.ts";

const RIGHT = 13;

/**
 * A run as a waterfall for the terminal.
 *
 * @param columns how wide the terminal is: 80 to 120 are used.
 * @param colour whether it is for a terminal that shows colours.
 */
export function timelineText(timeline: Timeline, columns = 100, colour = false): string {
  const { stack, began, tookMs, steps } = timeline;
  const critical = new Set(criticalPath(timeline));
  const names = Math.max(0, ...steps.map(({ name }) => name.length)) + 2;
  const width = Math.min(120, Math.max(80, columns)) - names - 2 - RIGHT;
  const at = (ms: number) => Math.round((ms / Math.max(1, tookMs)) * width);
  const painted = (text: string) => (colour ? styleText("yellow", text, { validateStream: false }) : text);

  const ticks = ticksOf(tookMs, Math.floor(width / 9));
  const axis = ticks.reduce((line, ms) => {
    const text = tickText(ms, ticks);
    return at(ms) + text.length > width + RIGHT ? line : line.padEnd(at(ms)) + text;
  }, "");
  const row = (step: Step): string => {
    const mark = critical.has(step.name) ? "◆ " : "  ";
    const span = spanOf(step, tookMs);
    const head = `${mark}${step.name.padEnd(names)}`;
    if (!span) return `${head}${" ".repeat(width)}${"not started".padStart(RIGHT)}`;
    const [start, end] = [Math.min(at(span.startMs), width - 1), at(span.endMs)];
    const bar = (critical.has(step.name) ? "█" : "▒").repeat(Math.max(1, end - start));
    const rest = (span.ended ? "─" : " ").repeat(Math.max(0, width - start - bar.length));
    const took = span.ended ? seconds(span.endMs - span.startMs) : "not ended";
    const line = `${head}${"·".repeat(start)}${bar}${rest}${took.padStart(RIGHT)}`;
    return critical.has(step.name) ? painted(line) : line;
  };
  const { parts, sum } = criticalWords(timeline);
  return `${[
    `up of ${stack}: ${seconds(tookMs)}, begun ${moment(began)}`,
    "",
    `  ${" ".repeat(names)}${axis}`.trimEnd(),
    ...inOrder(timeline).map(row),
    "",
    "· waits   ▒ starts, or runs   █ the same on the critical path   ─ ready, or done",
    ...(parts.length > 0 ? [`◆ critical path: ${parts.join(" → ")} = ${sum}`] : []),
  ].join("\n")}\n`;
}
