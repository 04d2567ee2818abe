// Runs the API while it is being developed: starts it anew whenever a file beside this one changes.
// Not `node --watch`, which loses sight of a file that an editor has replaced by a new one; and not by events of the file
// system, which do not reach a container from everywhere (a drive of WSL, a folder that a virtual machine shares).
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";

const LOOK_MS = 200;
/** What ends by itself so soon after a change does so because of it: the next change is waited for. */
const SETTLED_MS = 10_000;
const STOP_TIMEOUT_MS = 5_000;

const folder = import.meta.dirname;
let seen = look();
let stop: (signal: NodeJS.Signals) => void;
let stopping = false;
for (const signal of ["SIGTERM", "SIGINT"] as const) process.on(signal, () => stop(signal));

for (let changed = false; ; changed = true) {
  const began = Date.now();
  const server = spawn(process.execPath, [join(folder, "server.ts")], { stdio: "inherit" });
  const ended = once(server, "exit").then(([code]: (number | null)[]) => code ?? 1);
  stop = (signal) => {
    stopping = true;
    if (!server.kill(signal)) process.exit(0);
  };

  const change = changeOf(folder);
  const code = await Promise.race([ended, change]);
  const settled = !changed || Date.now() - began > SETTLED_MS;
  if (code !== undefined && (stopping || settled)) process.exit(code);
  if (code !== undefined) console.log(`ended with exit code ${code}: waiting for the next change`);
  await change;
  server.kill();
  const kill = setTimeout(() => server.kill("SIGKILL"), STOP_TIMEOUT_MS);
  const last = await ended;
  clearTimeout(kill);
  if (stopping) process.exit(last);
}

async function changeOf(folder: string): Promise<undefined> {
  for (let now = seen; now === seen; now = look()) await pause(LOOK_MS);
  seen = look();
  console.log(`something in ${folder} has changed: starting anew`);
}

function look(): string {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .map(({ parentPath, name }) => {
      const { mtimeMs = 0, ino = 0, size = 0 } = statSync(join(parentPath, name), { throwIfNoEntry: false }) ?? {};
      return `${parentPath}/${name} ${mtimeMs} ${ino} ${size}`;
    })
    .join("\n");
}
