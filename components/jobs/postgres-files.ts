import { readFileSync } from "node:fs";
import { posix } from "node:path";
import { z } from "zod";
import { byShape, file, found } from "../core/support/args.ts";
import { fromHere, laidOut } from "../core/support/content.ts";

const SqlFile = z.strictObject({
  file: file(),
  /**
   * Whether it is run in one transaction, which it must not end. Otherwise psql runs it as it would alone: then it may say
   * `BEGIN` and `COMMIT`, `\c`, `CREATE INDEX CONCURRENTLY` or `VACUUM`, and what it did before it failed stays. @default true
   */
  transaction: z.boolean().default(true),
  /**
   * Files that it reads by `\ir`, `\i` or `\copy`, and folders with such. They lie beside it as they do here; `\i` and `\copy`
   * go by the folder of the program. @default []
   */
  includes: z
    .array(
      z.string("a file's or a folder's path").refine(found, "a file or folder that is there"),
      "a list of files and folders",
    )
    .default([]),
});
/** An SQL file by its path, or with how it is run. */
export type SqlFile = string | z.input<typeof SqlFile>;

/** A text is its path. */
export const sqlFiles = () =>
  z.array(
    byShape<SqlFile, z.output<typeof SqlFile>>(
      (given) =>
        typeof given === "object" && given !== null
          ? SqlFile
          : file().transform((path) => ({ file: path, transaction: true, includes: [] })),
      "a file's path",
    ),
    "a list of files",
  );

/** SQL files with what they read, and the steps that run them in their order, where psql would be started here. */
export function handedOver(sql: readonly z.output<typeof SqlFile>[]) {
  const { files, at } = laidOut(sql.flatMap(({ file, includes }) => [file, ...includes]));
  const run = sql.map(({ file, transaction }) => `${transaction ? "whole" : "alone"} ${quoted(fromHere(file))}`);
  return {
    steps: sql.length === 0 ? [] : [`cd ${quoted(posix.join("/run/files/sql", at))}`, ...run],
    files: Object.fromEntries(Object.entries(files).map(([path, bytes]) => [`sql/${path}`, bytes])),
  };
}

const own = (name: string) => readFileSync(new URL(`postgres/${name}`, import.meta.url));

/** What the steps of a setup are run by, and the steps. */
export const ownFiles = (steps: readonly string[]): Record<string, string | Buffer> => ({
  "setup.sh": `${own("setup.sh")}${steps.join("\n")}\n`,
  ...Object.fromEntries(["begin.sql", "end.sql", "ended.sql"].map((name) => [name, own(name)])),
});

/** One word for a shell. */
export const quoted = (text: string) => `'${text.replaceAll("'", "'\\''")}'`;
