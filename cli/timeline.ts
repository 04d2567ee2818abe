import { writeAs } from "./shared/output.ts";
import { STACK } from "./shared/stack.ts";
import { readTimeline } from "./shared/timeline.ts";
import { typed } from "./shared/typed.ts";
import { timelineSvg } from "./timeline/svg.ts";
import { timelineText } from "./timeline/text.ts";

// make timeline [format=svg|text] [file=NAME]: where the time of the last `up` went, and what it could be no faster than.

const timeline = readTimeline();
if (!timeline) {
  process.stderr.write(`No \`up\` of stack ${STACK} has been kept yet; \`${typed("dev")}\` keeps its own.\n`);
  process.exit(1);
}
writeAs(
  {
    svg: () => timelineSvg(timeline),
    text: (colour) => timelineText(timeline, process.stdout.columns, colour),
  },
  "timeline.svg",
);
