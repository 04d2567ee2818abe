import { spawn } from "node:child_process";
import { chosen } from "./shared/services.ts";
import { engine, readState, STACK } from "./shared/stack.ts";

// make shell s=name, make psql, redis-cli, cypher, mc [s=name] [c=command]: a program in a service's container, on this terminal.
// The clients sign in with what the container has been given, so that no password is on a command line.

interface Client {
  /** Of the component that it is a client of. */
  type?: string;
  /** Run by `sh -c`, with the service's name as $1 and what `c=` says as $2. */
  script: string;
}

const CLIENTS: Record<string, Client> = {
  shell: { script: 'if [ -n "$2" ]; then exec sh -c "$2"; fi; command -v bash >/dev/null && exec bash; exec sh' },
  psql: {
    type: "stackyard:databases:Postgres",
    script:
      'host=$1; [ -z "$2" ] && set -- || set -- --command "$2"; ' +
      'exec psql --host "$host" --username "$POSTGRES_USER" --dbname "$POSTGRES_DB" "$@"',
  },
  "redis-cli": {
    type: "stackyard:databases:Redis",
    script: 'REDISCLI_AUTH=$(cat /run/secrets/password); export REDISCLI_AUTH; exec redis-cli -h "$1" $2',
  },
  cypher: {
    type: "stackyard:databases:Neo4j",
    // In this file it is as it was given, for the probe.
    script:
      "NEO4J_PASSWORD=$(sed -n 's/^header = Authorization: Basic //p' /run/secrets/probe.wgetrc | base64 -d | cut -d: -f2-); " +
      'export NEO4J_PASSWORD; address=bolt://$1:7687; [ -z "$2" ] && set -- || set -- --format=plain "$2"; ' +
      'exec cypher-shell --address="$address" --username=neo4j --history=in-memory "$@"',
  },
  mc: {
    type: "stackyard:databases:Minio",
    // It has no prompt of its own. The server is its alias `server`.
    script:
      'set -f; [ -z "$2" ] || exec mc $2; prompt() { [ ! -t 0 ] || printf "mc> "; }; ' +
      'while prompt; read -r line; do [ -z "$line" ] || mc $line || :; done',
  },
};

const [verb = ""] = process.argv.slice(2);
const { type, script } = CLIENTS[verb] ?? { script: "" };
const state = readState();
const mine = state.resources.filter((each) => each.type === type).map(({ name }) => name);
const rows = (await chosen(await engine(), state)).filter(
  ({ service }) => type === undefined || mine.includes(service),
);
const [row] = rows;
if (!row || rows.length > 1) {
  const there = rows.map(({ service }) => service).join(", ");
  process.stderr.write(
    row
      ? `s= should say which: ${there}\n`
      : `There is nothing in stack ${STACK} that ${verb} is a client of${process.env.s ? ` by the name of ${process.env.s}` : ""}.\n`,
  );
  process.exit(1);
}
const terminal = process.stdin.isTTY && process.stdout.isTTY ? ["--tty"] : [];
const child = spawn(
  "docker",
  ["exec", "--interactive", ...terminal, row.container, "sh", "-c", script, verb, row.service, process.env.c ?? ""],
  { stdio: "inherit" },
);
process.on("SIGINT", () => {});
child.once("error", (error) => {
  process.stderr.write(`docker: ${error.message}\n`);
  process.exit(1);
});
child.once("close", (code) => process.exit(code ?? 1));
