import { createInterface } from "node:readline";
import { serviceWord } from "../components/engines/command-line.ts";
import { commandFor } from "./shared/command.ts";
import { reachEngine } from "./shared/engine.ts";
import { describeError } from "./shared/faults.ts";
import { chosenServices, foremost } from "./shared/services.ts";
import { readState, STACK } from "./shared/stack.ts";
import { redisArguments, wordsOf } from "./shared/words.ts";

// Programs in a service's container, on this terminal. They sign in with what the container has been given, so that no password is
// on a command line.

interface Client {
  /** The type of the component that it is a client of. @default - any */
  type?: string;
  /** Run by `sh -c`, with the service's name as $host, and the program's arguments as $@. */
  script: string;
  /** Run before that where a command is given as one text: makes $@ of its words. @default "" */
  command?: string;
  /** Splits that text into words. @default - one word */
  words?: (command: string) => string[];
  /** For a client without a prompt of its own: each line that is read here is a command. */
  prompt?: string;
}

/** States in which a program can be run in a container. */
const RUNS = ["running", "starting", "ready", "unhealthy"];

const CLIENTS = {
  shell: {
    script: 'if [ $# -gt 0 ]; then exec "$@"; fi; command -v bash >/dev/null && exec bash; exec sh',
    command: 'set -- sh -c "$1"',
  },
  psql: {
    type: "stackyard:databases:Postgres",
    script: 'exec psql --host "$host" --username "$POSTGRES_USER" --dbname "$POSTGRES_DB" "$@"',
    command: 'set -- --command "$1"',
  },
  "redis-cli": {
    type: "stackyard:databases:Redis",
    script: 'REDISCLI_AUTH=$(cat /run/secrets/password); export REDISCLI_AUTH; exec redis-cli -h "$host" "$@"',
    // With -e, an error that the server answers is its exit code too.
    command: 'set -- -e "$@"',
    words: redisArguments,
  },
  cypher: {
    type: "stackyard:databases:Neo4j",
    // The probe's file has the password as it was given.
    script:
      "NEO4J_PASSWORD=$(sed -n 's/^header = Authorization: Basic //p' /run/secrets/probe.wgetrc | base64 -d | cut -d: -f2-); " +
      "export NEO4J_PASSWORD; " +
      'exec cypher-shell --address="bolt://$host:7687" --username=neo4j --history=in-memory "$@"',
    command: 'set -- --format=plain "$1"',
  },
  mc: {
    type: "stackyard:databases:Minio",
    // The container has an alias `server` for it.
    script: 'exec mc "$@"',
    words: wordsOf,
    prompt: "mc> ",
  },
} satisfies Record<string, Client>;

/** The type of the components that a verb is a client of; undefined where it is of any, or the verb is no client. */
export const clientType = (verb: string): string | undefined => (CLIENTS as Record<string, Client>)[verb]?.type;

/**
 * Runs a client in the container of a service.
 *
 * @param name of the service; may be left out where only one is of the client's kind.
 * @param args of the client.
 * @param command a command in one text, in the client's own language, instead of arguments.
 * @returns the client's exit code.
 */
export async function client(
  verb: keyof typeof CLIENTS,
  name: string | undefined,
  args: readonly string[],
  { command = "" }: { command?: string },
): Promise<number> {
  const { type, script, command: prepare = ":", words = (text: string) => [text], prompt }: Client = CLIENTS[verb];
  const state = readState();
  const mine = state.resources.filter((each) => each.type === type).map(({ name }) => name);
  const engine = await reachEngine();
  const rows = (await chosenServices(engine, state, name === undefined ? [] : [name])).filter(
    ({ service }) => type === undefined || mine.includes(service),
  );
  const row = foremost(rows);
  const found = [...new Set(rows.map(({ service }) => service))];
  if (!row || found.length > 1) {
    const names = found.join(", ");
    throw new Error(
      row
        ? `${serviceWord()} should say which: ${names}`
        : `There is nothing in stack ${STACK} that ${verb} is a client of${name ? ` by the name of ${name}` : ""}.`,
    );
  }
  const { service, replica, workload } = row;
  if (!RUNS.includes(workload.state)) {
    const advice =
      workload.kind === "service"
        ? `\`${commandFor("start", `s=${replica}`)}\` starts it`
        : `\`${commandFor("run", `s=${service}`, "c=sh")}\` opens a container that is made as its own`;
    throw new Error(`${replica} does not run, it is ${row.state}: ${advice}.`);
  }
  const execute = (program: string, args: readonly string[], stdin: "inherit" | "ignore" = "inherit") =>
    engine.exec(workload, ["sh", "-c", `host=$1; shift; ${program}`, verb, service, ...args], stdin);
  if (args.length > 0) return execute(script, args);
  if (command !== "") return run(command);
  return prompt === undefined ? execute(script, []) : prompted(prompt);

  /** Runs one command, and returns its exit code. */
  async function run(text: string, stdin: "inherit" | "ignore" = "inherit"): Promise<number> {
    let split: string[];
    try {
      split = words(text);
    } catch (error) {
      process.stderr.write(`${describeError(error)}\n`);
      return 1;
    }
    return execute(`${prepare}; ${script}`, split, stdin);
  }

  /** Runs each line as it is read. @returns the last exit code that was not 0; on a terminal 0, where failures were seen. */
  async function prompted(prompt: string): Promise<number> {
    const onTerminal = process.stdin.isTTY;
    const ask = () => onTerminal && process.stdout.write(prompt);
    let failed = 0;
    ask();
    for await (const line of createInterface({ input: process.stdin })) {
      if (line.trim() !== "") failed = (await run(line, "ignore")) || failed;
      ask();
    }
    return onTerminal ? 0 : failed;
  }
}
