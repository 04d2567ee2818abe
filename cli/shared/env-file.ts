// Writes lines of an .env file that a POSIX shell, Node.js, dotenv and Docker Compose all read alike.

/** A value of these characters needs no quotes. `docker run --env-file`, which knows no quotes, reads it too. */
const BARE = /^[\w./:@%+,=-]*$/;

/**
 * `NAME=value`, in the quotes that it needs. Undefined where no quotes make all readers see the same value: they differ in what a
 * backslash means, and in how a quote is written between quotes of its own kind.
 */
export function envLine(name: string, value: string): string | undefined {
  if (BARE.test(value)) return `${name}=${value}`;
  if (/[\0\r\n]/.test(value)) return undefined;
  if (!/'|\\$/.test(value)) return `${name}='${value}'`;
  return /["\\$`]/.test(value) ? undefined : `${name}="${value}"`;
}

/** The same URL, with percent-encoding for characters that mean something to a shell but may be encoded in a URL: `!'()*~`. */
export const bareUrl = (url: string) =>
  url.replace(/[!'()*~]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`);
