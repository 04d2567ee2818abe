import { createInterface } from "node:readline";
import { reachEngine } from "./shared/engine.ts";
import { describeError } from "./shared/faults.ts";
import { chosenServices } from "./shared/services.ts";
import { readState, STACK } from "./shared/stack.ts";
import { redisArguments, wordsOf } from "./shared/words.ts";

// make shell s=name, make psql, redis-cli, cypher, mc [s=name] [c=command]: a program in a service's container, on this terminal.
// The clients sign in with what the container has been given, so that no password is on a command line.

interface Client {
  /** The type of the component that it is a client of. */
  type?: string;
  /** Run by `sh -c`, with the service's name as $host, and the words of `c=` as $@. */
  script: string;
  /** Splits the text of `c=` into words for the script. @default - one word */
  words?: (command: string) => string[];
  /** For a client without a prompt of its own: each line that is read here is a `c=`. */
  prompt?: string;
}

const CLIENTS: Record<string, Client> = {
  shell: { script: 'if [ $# -gt 0 ]; then exec sh -c "$1"; fi; command -v bash >/dev/null && exec bash; exec sh' },
  psql: {
    type: "stackyard:databases:Postgres",
    script:
      '[ $# -eq 0 ] || set -- --command "$1"; ' +
      'exec psql --host "$host" --username "$POSTGRES_USER" --dbname "$POSTGRES_DB" "$@"',
  },
  "redis-cli": {
    type: "stackyard:databases:Redis",
    // With -e, an error that the server answers is its exit code too.
    script:
      "REDISCLI_AUTH=$(cat /run/secrets/password); export REDISCLI_AUTH; " +
      '[ $# -eq 0 ] || set -- -e "$@"; exec redis-cli -h "$host" "$@"',
    words: redisArguments,
  },
  cypher: {
    type: "stackyard:databases:Neo4j",
    // The probe's file has the password as it was given.
    script:
      "NEO4J_PASSWORD=$(sed -n 's/^header = Authorization: Basic //p' /run/secrets/probe.wgetrc | base64 -d | cut -d: -f2-); " +
      'export NEO4J_PASSWORD; [ $# -eq 0 ] || set -- --format=plain "$1"; ' +
      'exec cypher-shell --address="bolt://$host:7687" --username=neo4j --history=in-memory "$@"',
  },
  mc: {
    type: "stackyard:databases:Minio",
    // The container has an alias `server` for it.
    script: 'exec mc "$@"',
    words: wordsOf,
    prompt: "mc> ",
  },
};

const [verb = ""] = process.argv.slice(2);
const { type, script, words = (command: string) => [command], prompt }: Client = CLIENTS[verb] ?? { script: "" };
const state = readState();
const mine = state.resources.filter((each) => each.type === type).map(({ name }) => name);
const engine = await reachEngine();
const rows = (await chosenServices(engine, state)).filter(
  ({ service }) => type === undefined || mine.includes(service),
);
const [row] = rows;
if (!row || rows.length > 1) {
  const names = rows.map(({ service }) => service).join(", ");
  process.stderr.write(
    row
      ? `s= should say which: ${names}\n`
      : `There is nothing in stack ${STACK} that ${verb} is a client of${process.env.s ? ` by the name of ${process.env.s}` : ""}.\n`,
  );
  process.exit(1);
}
const { service, workload } = row;
const { c = "" } = process.env;
process.exitCode = c === "" && prompt !== undefined ? await prompted(prompt) : await run(c);

/** Runs one command, and returns its exit code. */
async function run(command: string, stdin: "inherit" | "ignore" = "inherit"): Promise<number> {
  let args: string[];
  try {
    args = command === "" ? [] : words(command);
  } catch (error) {
    process.stderr.write(`${describeError(error)}\n`);
    return 1;
  }
  return engine.exec(workload, ["sh", "-c", `host=$1; shift; ${script}`, verb, service, ...args], stdin);
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
