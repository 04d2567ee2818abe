import { reportOrphans } from "./shared/clones.ts";
import { commandFor } from "./shared/command.ts";
import { reachEngine } from "./shared/engine.ts";
import { failedReleases, isWell, services } from "./shared/services.ts";
import { readState, STACK } from "./shared/stack.ts";
import { table } from "./shared/table.ts";

/** Lists services and jobs, their state, addresses and images. @returns 1 when one is not as it should be. */
export async function ps({ json }: { json?: boolean }): Promise<number> {
  const [engine, state] = [await reachEngine(), readState()];
  const rows = await services(engine, state);
  if (rows.length === 0) await reportOrphans(state, engine);
  if (json) {
    const shown = rows.map(({ workload: _, ...row }) => row);
    process.stdout.write(`${JSON.stringify(shown, null, 2)}\n`);
  } else if (rows.length === 0) {
    process.stdout.write(`Nothing of stack ${STACK} is up. \`${commandFor("dev")}\` brings it up.\n`);
  } else {
    const lines = rows.map((row) => [row.shown, row.state, row.addresses.join(" ") || "-", row.status, row.container]);
    process.stdout.write(`${table(["SERVICE", "STATE", "ADDRESS", "STATUS", "CONTAINER"], lines)}\n`);
    for (const each of failedReleases(rows)) process.stdout.write(`\n${each}\n`);
  }
  return rows.every(isWell) ? 0 : 1;
}
