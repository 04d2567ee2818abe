import { realpathSync } from "node:fs";
import { fileURLToPath } from "node:url";

// How a verb ends by what nobody has caught: in one sentence where something outside is not as it should be, with a stack where it
// is the verb's own fault. Imported for that by what every verb imports.

/** What only a mistake in the program throws. */
const BUGS = ["TypeError", "RangeError", "ReferenceError", "SyntaxError", "EvalError", "URIError", "AssertionError"];

/** What is said of it. STACKYARD_DEBUG=1 says where as well. */
export function said(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (BUGS.includes(error.name) || process.env.STACKYARD_DEBUG === "1") return error.stack ?? error.message;
  const { code, path, syscall } = error as NodeJS.ErrnoException;
  if (syscall?.startsWith("spawn") && code === "ENOENT") return `${path} is not on PATH`;
  // ENOENT: no such file or directory, open '/nonexistent/x'
  const reason = path !== undefined && code !== undefined && /^\w+: (.*?), /.exec(error.message)?.[1];
  return reason ? `${path}: ${reason} (${syscall})` : error.message;
}

const [, main] = process.argv;
// Not where a test imports it.
if (main !== undefined && realpathSync(main).startsWith(fileURLToPath(new URL("..", import.meta.url)))) {
  process.on("uncaughtException", (error) => {
    process.stderr.write(`${said(error)}\n`);
    process.exit(1);
  });
  // Where nobody reads any more (`make dev | head`), what is written is lost: a run that changes something is not ended by that.
  for (const stream of [process.stdout, process.stderr]) {
    stream.on("error", (error: NodeJS.ErrnoException) => {
      if (error.code !== "EPIPE") throw error;
    });
  }
}
