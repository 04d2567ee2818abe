import { styleText } from "node:util";
import { seconds } from "../shared/seconds.ts";
import { table } from "../shared/table.ts";
import { isActive, type Listener, type Phase, type Row } from "./progress.ts";

/** Shows what an `up` does while it runs. */
export interface View extends Listener {
  /** Called last. */
  end(failed: boolean): void;
}

const waiting = (missing: readonly string[]) => `waiting for ${missing.join(", ")}`;
const withNewline = (text: string) => (text.endsWith("\n") ? text : `${text}\n`);

const PROGRESS_MS = 5_000;

/** One line for each change of phase, for pipes and logs; for progress within a phase, at most one every five seconds. */
export function lines(out: NodeJS.WritableStream): View {
  const last = new Map<string, number>();
  return {
    advanced({ service, phase, since, detail }) {
      if (Date.now() - (last.get(service) ?? since) < PROGRESS_MS) return;
      last.set(service, Date.now());
      out.write(`${service}: ${phase} ${detail}\n`);
    },
    phaseChanged(row) {
      const { service, phase, missing, tookMs } = row;
      if (phase === "checking") return;
      const after = (phase === "ready" || phase === "done") && tookMs !== undefined ? ` after ${seconds(tookMs)}` : "";
      out.write(`${service}: ${phase === "waiting" ? waiting(missing) : `${phase}${after}`}\n`);
    },
    wrote: (text) => void out.write(withNewline(text)),
    end: () => {},
  };
}

const REDRAW_MS = 100;
const UNTOUCHED: readonly Phase[] = ["checking", "waiting", "unchanged"];
const COLOURS = { ready: "green", done: "green", failed: "red", unchanged: "dim", waiting: "dim" } as const;

/** One table, redrawn in place; what is written stays above it. */
export function live(out: NodeJS.WriteStream, rows: ReadonlyMap<string, Row>): View {
  let drawn = 0;
  let written = "";
  let pendingDraw: NodeJS.Timeout | undefined;
  const eraseFrame = () => (drawn > 0 ? `\x1b[${drawn}A\r\x1b[J` : "");
  const draw = () => {
    clearTimeout(pendingDraw);
    pendingDraw = undefined;
    const frame = frameOf([...rows.values()], out.columns || 80, out.rows || 24);
    out.write(`${eraseFrame()}${written}${frame.map((line) => `${line}\n`).join("")}`);
    drawn = frame.length;
    written = "";
  };
  const drawSoon = () => {
    pendingDraw ??= setTimeout(draw, REDRAW_MS);
  };
  const ticking = setInterval(drawSoon, 1_000);
  return {
    phaseChanged: drawSoon,
    advanced: drawSoon,
    wrote(text) {
      written += withNewline(text);
      drawSoon();
    },
    end(failed) {
      clearInterval(ticking);
      draw();
      // The table is of no more use where the list of what is up follows, or where nothing was touched.
      if (!failed || [...rows.values()].every(({ phase }) => UNTOUCHED.includes(phase))) out.write(eraseFrame());
    },
  };
}

/** The table as lines that fit the terminal: rows that are done are left out first. */
export function frameOf(rows: readonly Row[], columns: number, height: number, now = Date.now()): string[] {
  if (rows.length === 0) return [];
  const room = Math.max(1, height - 3);
  const open = rows.filter(({ phase }) => phase !== "ready" && phase !== "done" && phase !== "unchanged");
  const shown = rows.length <= room ? rows : open.slice(0, room);
  const cells = shown.map((row) => [
    row.service,
    row.phase === "waiting"
      ? waiting(row.missing)
      : row.phase === "pulling" && row.detail
        ? `${row.phase} ${row.detail}`
        : row.phase,
    row.health ?? "-",
    isActive(row) ? `${Math.floor((now - row.since) / 1000)} s` : row.tookMs === undefined ? "-" : seconds(row.tookMs),
  ]);
  const [head = "", ...body] = table(["SERVICE", "PHASE", "HEALTH", "ELAPSED"], cells)
    .split("\n")
    .map((line) => line.slice(0, columns - 1));
  const coloured = body.map((line, at) => {
    const colour = COLOURS[shown[at]?.phase as keyof typeof COLOURS];
    return colour ? styleText(colour, line, { stream: process.stdout }) : line;
  });
  const hidden = rows.length - shown.length;
  return ["", head, ...coloured, ...(hidden > 0 ? [`and ${hidden} more`] : [])];
}
