import { writeFileSync } from "node:fs";
import { flag } from "../../components/engines/command-line.ts";

/** In which format something is drawn, and where to. */
export interface OutputOptions {
  /** @default "svg" */
  format?: string | undefined;
  /** @default - a picture: the file that the verb names; all else: the terminal */
  file?: string | undefined;
}

/**
 * Writes a format into a file, whose name is printed, or to the terminal. Ends the verb where there is no such format.
 *
 * @param picture the file for a picture where the user names none.
 */
export function writeAs(
  formats: Record<string, (colour: boolean) => string>,
  picture: string,
  { format = "svg", file: named }: OutputOptions,
): void {
  const draw = formats[format];
  if (!draw) {
    process.stderr.write(`${flag("format")} should be one of ${Object.keys(formats).join(", ")}, got ${format}\n`);
    process.exit(1);
  }
  const file = named ?? (draw === formats.svg ? picture : undefined);
  if (file === undefined) process.stdout.write(draw(process.stdout.hasColors?.() ?? false));
  else {
    writeFileSync(file, draw(false));
    process.stdout.write(`${file}\n`);
  }
}
