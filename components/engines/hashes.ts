import { createHash } from "node:crypto";

/** SHA-256 of what each file holds, by its name. */
export const hashesOf = (contents: Record<string, string | Buffer>): Record<string, string> =>
  Object.fromEntries(
    Object.entries(contents).map(([name, content]) => [name, createHash("sha256").update(content).digest("hex")]),
  );
