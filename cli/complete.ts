import { parseArgs } from "node:util";
import type { Argument, Command } from "commander";
import { commandLineProgram, FILES, prepare } from "./main.ts";

/** Prints a shell's script for completion, or what could be typed next, which that script asks for. */
export async function complete(words: readonly string[]): Promise<void> {
  const { default: addCompletion } = await import("@bomb.sh/tab/commander");
  const program = commandLineProgram();
  // It adds a command of this name itself.
  const commands = program.commands as Command[];
  commands.splice(
    commands.findIndex((each) => each.name() === "complete"),
    1,
  );
  const [, separator, verb, ...typed] = words;
  const argument = commands.find((each) => each.name() === verb)?.registeredArguments.find(isWorkload);
  // Without a project there are no services.
  if (separator === "--" && argument) argument.choices(await workloadNames(verb ?? "", typed).catch(() => []));
  addCompletion(program);
  await program.parseAsync(words, { from: "user" });
}

const isWorkload = (argument: Argument) => ["service", "services", "job"].includes(argument.name());

/** Verbs that can be given one container of a service. */
const SINGLE = ["stop", "start", "restart", "logs", "run", "shell"];

/** The names that a verb can be given of what is in state: a state in files, because no other is there in no time. */
async function workloadNames(verb: string, typed: readonly string[]): Promise<string[]> {
  const options = { env: { type: "string" }, name: { type: "string" }, program: { type: "string" } } as const;
  // The last word is still being typed.
  const { values } = parseArgs({ args: typed.slice(0, -1), options, strict: false });
  await prepare(verb, values as Partial<Record<keyof typeof options, string>>, FILES);
  const [{ readState, stateFile }, { isReplica, workloadsIn }, { clientType }] = await Promise.all([
    import("./shared/stack.ts"),
    import("./shared/only.ts"),
    import("./client.ts"),
  ]);
  if (!stateFile()) return [];
  const state = readState();
  const type = clientType(verb);
  const of = (name: string) => state.resources.some((each) => each.type === type && each.name === name);
  const kinds: Record<string, "service" | "job"> = {
    stop: "service",
    start: "service",
    restart: "service",
    scale: "service",
    job: "job",
  };
  return [...workloadsIn(state)]
    .filter(([name]) => !isReplica(name) || SINGLE.includes(verb))
    .filter(([name, kind]) => (kinds[verb] ?? kind) === kind && (type === undefined || of(name)))
    .map(([name]) => name)
    .sort();
}
