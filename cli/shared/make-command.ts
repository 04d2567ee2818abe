import { existsSync } from "node:fs";
import { ROOT, STACK } from "./stack.ts";

/**
 * The command line of a verb for this stack: `make logs NAME=alice s=redis`. For another environment than dev, the verb `dev`
 * becomes `up`.
 */
export function makeCommand(verb: string, ...words: string[]): string {
  const tracked = existsSync(`${ROOT}Pulumi.${STACK}.yaml`);
  const stack = STACK === "dev" ? [] : [`${tracked ? "ENV" : "NAME"}=${STACK}`];
  return ["make", verb === "dev" && tracked && STACK !== "dev" ? "up" : verb, ...stack, ...words].join(" ");
}
