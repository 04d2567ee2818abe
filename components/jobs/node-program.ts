import { readFileSync } from "node:fs";
import { NOBODY } from "../core/setup.ts";

/**
 * A program of this folder that node runs over a server's URL, for servers whose own image has none that could.
 *
 * @param wanted files beside it, by name.
 */
export const nodeProgram = (program: string, url: string, wanted: Record<string, string>) => ({
  image: { registry: "node:24-slim", packages: "node" },
  command: ["node", `/run/files/${program}`, url],
  files: { [program]: readFileSync(new URL(program, import.meta.url), "utf8"), ...wanted },
  user: NOBODY,
  memoryMiB: 128,
});
