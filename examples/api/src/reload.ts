// Runs the API while it is being developed: starts it anew whenever a file beside this one changes.
// Not `node --watch`, which loses sight of a file that an editor has replaced by a new one; and not by events of the file
// system, which do not reach a container from everywhere (a drive of WSL, a folder that a virtual machine shares).
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readdirSync, statSync } from "node:fs";
import { constants } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";

const LOOK_MS = 200;
/** Many a change is several: a file is written, then takes another's place; a branch is checked out. */
const SETTLE_MS = 50;
const STOP_TIMEOUT_MS = 5_000;

const folder = import.meta.dirname;
let seen = look();
let stop: (signal: NodeJS.Signals) => void;
let stopping = false;
for (const signal of ["SIGTERM", "SIGINT"] as const) process.on(signal, () => stop(signal));

for (let changed = false; ; changed = true) {
  const server = spawn(process.execPath, [join(folder, "server.ts")], {
    stdio: ["inherit", "inherit", "inherit", "ipc"],
  });
  // What it says once it listens. One that never did so since a change ended because of that change.
  let serves = !changed;
  server.once("message", () => (serves = true));
  const ended = once(server, "exit").then(
    () => server.exitCode ?? 128 + constants.signals[server.signalCode ?? "SIGKILL"],
  );
  stop = (signal) => {
    stopping = true;
    if (!server.kill(signal)) process.exit(0);
  };

  const change = changeOf(folder);
  const code = await Promise.race([ended, change]);
  if (code !== undefined && (stopping || serves)) process.exit(code);
  if (code !== undefined) say(`ended with exit code ${code}: waiting for the next change`);
  await change;
  server.kill();
  const kill = setTimeout(() => server.kill("SIGKILL"), STOP_TIMEOUT_MS);
  const last = await ended;
  clearTimeout(kill);
  if (stopping) process.exit(last);
}

/** Where a server's last words go too: of two streams nobody can tell what was said first. */
function say(text: string): void {
  console.error(text);
}

async function changeOf(folder: string): Promise<undefined> {
  let now = seen;
  for (; now === seen; now = look()) await pause(LOOK_MS);
  for (; now !== seen; now = look()) {
    seen = now;
    await pause(SETTLE_MS);
  }
  say(`something in ${folder} has changed: starting anew`);
}

/** All files, with what becomes another when one is changed. Empty where a folder went meanwhile: a change for the next look. */
function look(): string {
  try {
    return readdirSync(folder, { recursive: true, withFileTypes: true })
      .map(({ parentPath, name }) => {
        const { mtimeMs = 0, ino = 0, size = 0 } = statSync(join(parentPath, name), { throwIfNoEntry: false }) ?? {};
        return `${parentPath}/${name} ${mtimeMs} ${ino} ${size}`;
      })
      .join("\n");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return "";
    throw error;
  }
}
