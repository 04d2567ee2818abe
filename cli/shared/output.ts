import { writeFileSync } from "node:fs";

/**
 * Hands out what `format=` names (SVG without it): a picture as a file, which is named; all else on the terminal; or whichever
 * into the file that `file=` names. Ends the verb where there is no such format.
 *
 * @param picture the file for a picture where none is named.
 */
export function hand(formats: Record<string, (colour: boolean) => string>, picture: string): void {
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
