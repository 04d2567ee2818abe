// A line of an .env file that a POSIX shell, Node.js and dotenv, and Docker Compose read alike.

/** Of these characters, each reads a value without quotes; so does `docker run --env-file`, which knows none. */
const BARE = /^[\w./:@%+,=-]*$/;

/**
 * `NAME=value`, in the quotes that it needs. Nothing where no quotes carry the value to all of them: they differ in what a
 * backslash means, and how a quote is written between quotes of its own kind.
 */
export function envLine(name: string, value: string): string | undefined {
  if (BARE.test(value)) return `${name}=${value}`;
  if (/[\0\r\n]/.test(value)) return undefined;
  if (!/'|\\$/.test(value)) return `${name}='${value}'`;
  return /["\\$`]/.test(value) ? undefined : `${name}="${value}"`;
}

/** A URL with percent-encoding for what a shell would read as more, and means the same without: `!'()*~`. */
export const bareUrl = (url: string) =>
  url.replace(/[!'()*~]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`);
