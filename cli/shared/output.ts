import { writeFileSync } from "node:fs";

/**
 * Writes the format that `format=` names (SVG without it): into the file that `file=` names; without that, a picture into a file
 * whose name is printed, all else to the terminal. Ends the verb where there is no such format.
 *
 * @param picture the file for a picture where `file=` names none.
 */
export function writeAs(formats: Record<string, (colour: boolean) => string>, picture: string): void {
  const { format = "svg" } = process.env;
  const draw = formats[format || "svg"];
  if (!draw) {
    process.stderr.write(`format= should be one of ${Object.keys(formats).join(", ")}, got ${format}\n`);
    process.exit(1);
  }
  const file = process.env.file || (draw === formats.svg ? picture : undefined);
  if (file === undefined) process.stdout.write(draw(process.stdout.hasColors?.() ?? false));
  else {
    writeFileSync(file, draw(false));
    process.stdout.write(`${file}\n`);
  }
}
