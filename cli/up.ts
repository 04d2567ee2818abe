import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pulumi, sayBackend } from "./shared/pulumi.ts";
import { drift, releaseStaleLocks, sweep } from "./shared/recover.ts";
import { services } from "./shared/services.ts";
import { engine, readState, STACK } from "./shared/stack.ts";
import { table } from "./shared/table.ts";

// make dev, make up: mends what an ended run or somebody's hand left, brings the stack up, and says what is there. Arguments
// are handed on to `pulumi up`.

sayBackend();
const api = await engine();
const killed = releaseStaleLocks();
let state = readState();
if (state.id && (killed || state.pending > 0)) {
  await sweep(api, state, { data: false });
  if (state.pending > 0) {
    // What was being made is swept away or in state; the note that it was being made is of no more use.
    const code = await pulumi(["refresh", "--yes", "--skip-preview", "--clear-pending-creates", "--suppress-outputs"]);
    if (code !== 0) process.exit(code);
    state = readState();
  }
}
const drifted = await drift(api, state);
for (const each of drifted) process.stderr.write(`${each}: putting it back\n`);

const folder = mkdtempSync(join(tmpdir(), "stackyard-"));
const timings = join(folder, "timings");
const began = Date.now();
let code: number;
let took = new Map<string, number>();
try {
  code = await pulumi(
    [
      "up",
      "--yes",
      "--skip-preview",
      "--suppress-outputs",
      ...(drifted.length > 0 ? ["--refresh"] : []),
      ...process.argv.slice(2),
    ],
    {
      STACKYARD_TIMINGS: timings,
      ...(process.env.DISCARD ? { STACKYARD_DISCARD: process.env.DISCARD } : {}),
    },
  );
  if (existsSync(timings))
    took = new Map(
      readFileSync(timings, "utf8")
        .trim()
        .split("\n")
        .map((line) => {
          const { service, tookMs } = JSON.parse(line) as { service: string; tookMs: number };
          return [service, tookMs];
        }),
    );
} finally {
  rmSync(folder, { recursive: true, force: true });
}
if (code !== 0) {
  process.stderr.write(
    "\n`make ps` shows what is there, `make logs s=NAME` what a service wrote. Run the same command again once the cause is mended.\n",
  );
  process.exit(code);
}

const rows = (await services(api, readState())).map(({ service, state, addresses, status }) => [
  service,
  state,
  addresses.join(" ") || "-",
  took.has(service) ? `${((took.get(service) ?? 0) / 1000).toFixed(1)} s` : status.replace(/ \(.*/, "").toLowerCase(),
]);
process.stdout.write(`\n${table(["SERVICE", "STATE", "ADDRESS", "READY AFTER"], rows)}\n\n`);
process.stdout.write(
  `up in ${((Date.now() - began) / 1000).toFixed(1)} s. Credentials: make pulumi ARGS="stack output urls --show-secrets -s ${STACK}"\n`,
);
