import { relative, sep } from "node:path";
import { fileURLToPath } from "node:url";

// An error that nothing has caught ends a verb: with one sentence where something outside the program is wrong, with a stack trace
// where the program is.

/** Errors that only a mistake in the program throws. */
const BUGS = ["TypeError", "RangeError", "ReferenceError", "SyntaxError", "EvalError", "URIError", "AssertionError"];

/** What a user is told of an error. STACKYARD_DEBUG=1 adds the stack trace. */
export function describeError(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  // Of a file that cannot be read as a program, the trace has only parts of Node.js.
  const inProgram = BUGS.includes(error.name) && /^ +at (?!.*(node:|<anonymous>))/m.test(error.stack ?? "");
  if (inProgram || process.env.STACKYARD_DEBUG === "1") return error.stack ?? error.message;
  const { code, path, syscall } = error as NodeJS.ErrnoException;
  if (syscall?.startsWith("spawn") && code === "ENOENT") return `${path} is not on PATH`;
  // ENOENT: no such file or directory, open '/nonexistent/x'
  const reason = path !== undefined && code !== undefined && /^\w+: (.*?), /.exec(error.message)?.[1];
  return `${placeIn(error)}${reason ? `${path}: ${reason} (${syscall})` : error.message}`;
}

const LIBRARY = fileURLToPath(new URL("../..", import.meta.url));

/**
 * `stacks/shop.ts:12: ` where the project's own program has thrown an error. A refusal (a RunError) says by itself where it belongs,
 * and what this library throws is no fault of the program's.
 */
function placeIn(error: Error): string {
  const project = process.env.STACKYARD_PROJECT;
  if (project === undefined || "__pulumiRunError" in error) return "";
  const [thrown = ""] = /^ +at (?!.*\(?node:).*$/m.exec(error.stack ?? "") ?? [];
  const [, file = "", line] = /\(?(?:file:\/\/)?(\/[^()]+?):(\d+):\d+\)?$/.exec(thrown) ?? [];
  const inLibrary = ["cli", "components"].some((folder) => file.startsWith(`${LIBRARY}${folder}${sep}`));
  const inProject = file.startsWith(`${project}${sep}`) && !file.includes(`${sep}node_modules${sep}`);
  return inProject && !inLibrary ? `${relative(project, file)}:${line}: ` : "";
}

/** Ends the program with one sentence at an error that nothing has caught. */
export function handleFaults(): void {
  process.on("uncaughtException", (error) => {
    process.stderr.write(`${describeError(error)}\n`);
    process.exit(1);
  });
  // Where nobody reads the output any more (`stackyard up | head`), it is lost: that must not end a run that changes something.
  for (const stream of [process.stdout, process.stderr]) {
    stream.on("error", (error: NodeJS.ErrnoException) => {
      if (error.code !== "EPIPE") throw error;
    });
  }
}
