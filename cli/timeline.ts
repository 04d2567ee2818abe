import { makeCommand } from "./shared/make-command.ts";
import { writeAs } from "./shared/output.ts";
import { STACK } from "./shared/stack.ts";
import { readTimeline } from "./shared/timeline.ts";
import { timelineSvg } from "./timeline/svg.ts";
import { timelineText } from "./timeline/text.ts";

// make timeline [format=svg|text] [file=NAME]: shows where the time of the last `up` went, and the critical path that limits it.

const timeline = readTimeline();
if (!timeline) {
  process.stderr.write(`No timeline of stack ${STACK} has been recorded yet; \`${makeCommand("dev")}\` records one.\n`);
  process.exit(1);
}
writeAs(
  {
    svg: () => timelineSvg(timeline),
    text: (colour) => timelineText(timeline, process.stdout.columns, colour),
  },
  "timeline.svg",
);
