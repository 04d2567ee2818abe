import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { automation } from "@pulumi/pulumi";
import type { Note } from "../../components/core/support/timings.ts";
import { pulumi } from "../shared/pulumi.ts";
import { Progress, type Row } from "./progress.ts";
import { lines, live } from "./views.ts";

/**
 * Runs a command of pulumi and shows what it does: on a terminal as a table, elsewhere as lines. Pulumi's engine writes its events
 * to a pipe and not to a file, because what the SDK logs for debugging holds passwords. The program writes notes on its services to
 * a file. With `--show=resources`, pulumi shows every resource in its own way instead.
 *
 * @param readHealth reads the health of the services that are up already: the program writes no note on what does not change.
 * @param held gets errors as they come, for a caller that decides later whether they count. @default - they are shown
 */
export async function runWithProgress(
  args: readonly string[],
  env: Record<string, string>,
  readHealth: () => Promise<ReadonlyMap<string, string>>,
  held?: string[],
) {
  const rows = new Map<string, Row>();
  const showResources = process.env.STACKYARD_SHOW === "resources";
  const onTerminal = process.stdout.isTTY && process.env.TERM !== "dumb" && !showResources;
  const view = onTerminal ? live(process.stdout, rows) : lines(process.stdout);
  const wrote = (text: string) => void (held && text.startsWith("error: ") ? held.push(text) : view.wrote(text));
  const progress = new Progress(rows, { ...view, wrote });
  let interrupted: NodeJS.Signals | undefined;
  const interrupt = (signal: NodeJS.Signals) => {
    progress.interrupted = true;
    interrupted ??= signal;
  };
  process.on("SIGINT", interrupt).on("SIGTERM", interrupt);
  const folder = mkdtempSync(join(tmpdir(), "stackyard-"));
  const file = join(folder, "notes");
  let health: ReadonlyMap<string, string> = new Map();
  let bytesRead = 0;

  const readNotes = () => {
    if (!existsSync(file)) return;
    const notes = readFileSync(file);
    const whole = notes.lastIndexOf("\n") + 1;
    for (const line of notes.toString("utf8", bytesRead, whole).split("\n").slice(0, -1)) {
      const fact = JSON.parse(line) as Note;
      progress.note(fact.kind === "service" ? { health: health.get(fact.service), ...fact } : fact);
    }
    bytesRead = whole;
  };
  const line = (text: string) => {
    const event = eventOf(text);
    // Pulumi writes plain lines before its engine starts, and after it ends.
    if (!event) return text.trim() === "" ? undefined : view.wrote(text);
    if ((event.diagnosticEvent?.severity as string | undefined) === "debug") return;
    // The program's note on a resource comes before the engine's event on it.
    readNotes();
    progress.event(event);
  };

  // While an image is pulled there are no events.
  const polling = setInterval(readNotes, 500);
  try {
    const environment = { ...env, STACKYARD_TIMINGS: file };
    const running = showResources
      ? pulumi(args, environment)
      : pulumi([...args, "--json"], environment, { line, error: view.wrote });
    if (onTerminal) health = await readHealth().catch(() => health);
    const code = await running;
    if (showResources) readNotes();
    view.end(code !== 0);
    return { code, progress, interrupted: code === 0 ? undefined : interrupted };
  } finally {
    process.off("SIGINT", interrupt).off("SIGTERM", interrupt);
    clearInterval(polling);
    rmSync(folder, { recursive: true, force: true });
  }
}

function eventOf(line: string): automation.EngineEvent | undefined {
  try {
    return JSON.parse(line) as automation.EngineEvent;
  } catch {
    return undefined;
  }
}
