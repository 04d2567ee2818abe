import { existsSync } from "node:fs";
import { commandLine } from "../../components/engines/command-line.ts";
import { ROOT, STACK } from "./stack.ts";
import { programOf } from "./stack-name.ts";

/**
 * The command line of a verb for this stack: `make logs NAME=alice s=redis`, or `npx stackyard logs --name=alice redis`. For another
 * environment than dev, the verb `dev` becomes `up`.
 *
 * @param words in make's form.
 */
export function commandFor(verb: string, ...words: string[]): string {
  const [program, name] = programOf(STACK);
  const isEnvironment = existsSync(`${ROOT}Pulumi.${STACK}.yaml`);
  const stack = [
    ...(program === undefined ? [] : [`STACK=${program}`]),
    ...(name === "dev" ? [] : [`${isEnvironment ? "ENV" : "NAME"}=${name}`]),
  ];
  return commandLine(verb === "dev" && isEnvironment && name !== "dev" ? "up" : verb, ...stack, ...words);
}
