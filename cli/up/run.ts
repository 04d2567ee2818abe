import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { automation } from "@pulumi/pulumi";
import type { Note } from "../../components/core/support/timings.ts";
import { pulumi } from "../shared/pulumi.ts";
import { Progress, type Row } from "./progress.ts";
import { lines, live } from "./views.ts";

/**
 * Runs an `up` and shows what it does: on a terminal as a table, elsewhere as lines. Pulumi writes its engine's events to a pipe,
 * not to a file: among what the SDK logs for debugging are passwords. The program notes what it sees of its services in a file.
 * With `show=resources`, pulumi shows every resource in its own way instead.
 *
 * @param before called for the health of the services that are up already: no note comes for what does not change.
 */
export async function watched(
  args: readonly string[],
  env: Record<string, string>,
  before: () => Promise<ReadonlyMap<string, string>>,
) {
  const rows = new Map<string, Row>();
  const all = process.env.show === "resources";
  const onTerminal = process.stdout.isTTY && process.env.TERM !== "dumb" && !all;
  const view = onTerminal ? live(process.stdout, rows) : lines(process.stdout);
  const progress = new Progress(rows, view);
  let interrupted: NodeJS.Signals | undefined;
  const interrupt = (signal: NodeJS.Signals) => {
    progress.interrupted = true;
    interrupted ??= signal;
  };
  process.on("SIGINT", interrupt).on("SIGTERM", interrupt);
  const folder = mkdtempSync(join(tmpdir(), "stackyard-"));
  const file = join(folder, "notes");
  let health: ReadonlyMap<string, string> = new Map();
  let read = 0;

  const readNotes = () => {
    if (!existsSync(file)) return;
    const notes = readFileSync(file);
    const whole = notes.lastIndexOf("\n") + 1;
    for (const line of notes.toString("utf8", read, whole).split("\n").slice(0, -1)) {
      const fact = JSON.parse(line) as Note;
      progress.note(fact.kind === "service" ? { health: health.get(fact.service), ...fact } : fact);
    }
    read = whole;
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
  const looking = setInterval(readNotes, 500);
  try {
    const environment = { ...env, STACKYARD_TIMINGS: file };
    const running = all
      ? pulumi(args, environment)
      : pulumi([...args, "--json"], environment, { line, error: view.wrote });
    if (onTerminal) health = await before().catch(() => health);
    const code = await running;
    if (all) readNotes();
    view.end(code !== 0);
    return { code, progress, interrupted: code === 0 ? undefined : interrupted };
  } finally {
    process.off("SIGINT", interrupt).off("SIGTERM", interrupt);
    clearInterval(looking);
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
