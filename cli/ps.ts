import { reportOrphans } from "./shared/clones.ts";
import { reachEngine } from "./shared/engine.ts";
import { makeCommand } from "./shared/make-command.ts";
import { isWell, services } from "./shared/services.ts";
import { readState, STACK } from "./shared/stack.ts";
import { table } from "./shared/table.ts";

// make ps [json=1]: services and jobs, their state, addresses and images. Exit code 1 when one is not as it should be.

const [engine, state] = [await reachEngine(), readState()];
const rows = await services(engine, state);
if (rows.length === 0) await reportOrphans(state, engine);
if (process.env.json === "1")
  process.stdout.write(
    `${JSON.stringify(
      rows.map(({ workload: _, ...row }) => row),
      null,
      2,
    )}\n`,
  );
else if (rows.length === 0)
  process.stdout.write(`Nothing of stack ${STACK} is up. \`${makeCommand("dev")}\` brings it up.\n`);
else {
  const lines = rows.map((row) => [row.shown, row.state, row.addresses.join(" ") || "-", row.status, row.container]);
  process.stdout.write(`${table(["SERVICE", "STATE", "ADDRESS", "STATUS", "CONTAINER"], lines)}\n`);
}
process.exitCode = rows.every(isWell) ? 0 : 1;
