import { commandFor } from "./shared/command.ts";
import { reachEngine } from "./shared/engine.ts";
import { chosenServices, foremost } from "./shared/services.ts";
import { readState } from "./shared/stack.ts";

/**
 * Runs a command in a container of its own: with the image, environment, secrets, mounts and networks of a service or a job that is
 * up, without its ports.
 *
 * @param words the command.
 * @param command the same in one text, for a shell.
 * @returns the command's exit code.
 */
export async function run(
  service: string,
  words: readonly string[],
  { command: text }: { command?: string },
): Promise<number> {
  const command = text === undefined ? words : ["sh", "-c", text];
  if (command.length === 0)
    throw new Error(`There is no command: \`${commandFor("run", `s=${service}`, "c=ls")}\` runs one.`);
  const state = readState();
  const engine = await reachEngine();
  const row = foremost(await chosenServices(engine, state, [service]));
  const recorded = state.resources.find(({ id }) => id !== undefined && id === row?.workload.key);
  if (!row || !recorded) throw new Error(`${service} is not in the state of this stack.`);
  return engine.run(row.workload, recorded, command);
}
