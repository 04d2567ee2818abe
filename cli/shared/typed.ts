import { existsSync } from "node:fs";
import { ROOT, STACK } from "./stack.ts";

/**
 * A command for this stack, as it is typed: `make logs NAME=alice s=redis`. The verb `dev` is `up` where it is for another
 * environment.
 */
export function typed(verb: string, ...words: string[]): string {
  const tracked = existsSync(`${ROOT}Pulumi.${STACK}.yaml`);
  const stack = STACK === "dev" ? [] : [`${tracked ? "ENV" : "NAME"}=${STACK}`];
  return ["make", verb === "dev" && tracked && STACK !== "dev" ? "up" : verb, ...stack, ...words].join(" ");
}
