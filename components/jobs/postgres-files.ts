import { readFileSync } from "node:fs";
import { posix } from "node:path";
import { z } from "zod";
import { byShape, file, found } from "../core/support/args.ts";
import { fromHere, laidOut } from "../core/support/content.ts";

const SqlFile = z.strictObject({
  /** Its path. */
  file: file(),
  /**
   * Whether it is run in one transaction, which it must not end. Otherwise psql runs it as it would by hand: then it may have
   * `BEGIN` and `COMMIT`, `\c`, `CREATE INDEX CONCURRENTLY` or `VACUUM`, and what it did before a failure stays. @default true
   */
  transaction: z.boolean().default(true),
  /**
   * Files that it reads by `\ir`, `\i` or `\copy`, and folders with such files. They keep their places relative to it; `\i` and
   * `\copy` take paths from the folder of the program. @default []
   */
  includes: z
    .array(
      z.string("a file's or a folder's path").refine(found, "a file or folder that is there"),
      "a list of files and folders",
    )
    .default([]),
});
/** An SQL file: its path alone, or with how it is run. */
export type SqlFile = string | z.input<typeof SqlFile>;

/** A text is a file's path. */
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

/** The SQL files with what they read, and steps that run them in their order, from the folder that corresponds to the program's. */
export function prepareSql(sql: readonly z.output<typeof SqlFile>[]) {
  const { files, at } = laidOut(sql.flatMap(({ file, includes }) => [file, ...includes]));
  const runs = sql.map(
    ({ file, transaction }) =>
      `${transaction ? "file_in_transaction" : "file_without_transaction"} ${quoted(fromHere(file))}`,
  );
  return {
    steps: sql.length === 0 ? [] : [`cd ${quoted(posix.join("/run/files/sql", at))}`, ...runs],
    files: Object.fromEntries(Object.entries(files).map(([path, bytes]) => [`sql/${path}`, bytes])),
  };
}

const ownFile = (name: string) => readFileSync(new URL(`postgres/${name}`, import.meta.url));

/** The script that runs the steps, which are at its end, and the SQL that it needs. */
export const ownFiles = (steps: readonly string[]): Record<string, string | Buffer> => ({
  "setup.sh": `${ownFile("setup.sh")}${steps.join("\n")}\n`,
  ...Object.fromEntries(["begin.sql", "end.sql", "ended.sql"].map((name) => [name, ownFile(name)])),
});

/** A text as one word of a shell. */
export const quoted = (text: string) => `'${text.replaceAll("'", "'\\''")}'`;
