import { commandFor } from "./shared/command.ts";
import { type OutputOptions, writeAs } from "./shared/output.ts";
import { STACK } from "./shared/stack.ts";
import { readTimeline } from "./shared/timeline.ts";
import { timelineSvg } from "./timeline/svg.ts";
import { timelineText } from "./timeline/text.ts";

/** Shows where the time of the last `up` went, and the critical path that limits it. */
export function timeline(output: OutputOptions): void {
  const recorded = readTimeline();
  if (!recorded) {
    throw new Error(`No timeline of stack ${STACK} has been recorded yet; \`${commandFor("dev")}\` records one.`);
  }
  writeAs(
    {
      svg: () => timelineSvg(recorded),
      text: (colour) => timelineText(recorded, process.stdout.columns, colour),
    },
    "timeline.svg",
    output,
  );
}
