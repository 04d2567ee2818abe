import { readFileSync } from "node:fs";
import { NOBODY } from "../core/setup.ts";

/**
 * Arguments of a job in which Node.js runs a program of this folder against a server's URL: for servers whose own image has no
 * client that could do its work.
 *
 * @param inputs files to put beside the program, by name.
 */
export const nodeProgram = (program: string, url: string, inputs: Record<string, string>) => ({
  image: { registry: "node:24-slim", packages: "node" },
  command: ["node", `/run/files/${program}`, url],
  files: { [program]: readFileSync(new URL(program, import.meta.url), "utf8"), ...inputs },
  user: NOBODY,
  memoryMiB: 128,
});
