// Splits the command lines of `c=` and `ARGS=` into words, because a shell that split them would expand them as well.

const POSIX =
  /(?<blank>[ \t\n]+)|\\\n|\\(?<escaped>[^\n])|'(?<single>[^']*)'|"(?<double>(?:\\[\s\S]|[^"\\])*)"|(?<plain>[^ \t\n'"\\]+|\\$)|(?<open>['"])/g;

/**
 * Words as a POSIX shell splits them, by blanks, quotes and backslashes, with nothing expanded.
 *
 * @throws Error where a quote is not closed.
 */
export function wordsOf(line: string): string[] {
  return split(line, POSIX, ({ escaped, single, double, plain = "" }) => {
    // Between double quotes a backslash escapes only what would have a meaning there.
    const quoted = double?.replace(/\\(["\\$`\n])/g, (_, char: string) => (char === "\n" ? "" : char));
    return escaped ?? single ?? quoted ?? plain;
  });
}

const REDIS =
  /(?<blank>[ \t-\r]+)|"(?<double>(?:\\[\s\S]|[^"\\])*)"(?=[ \t-\r]|$)|'(?<single>(?:\\'|\\(?!')|[^'\\])*)'(?=[ \t-\r]|$)|(?<plain>[^ \t-\r'"]+)|(?<open>['"])/g;
const NAMED: Record<string, string> = { n: "\n", r: "\r", t: "\t", b: "\b", a: "\x07" };

/**
 * Arguments for redis-cli, from a line that is split as redis-cli does at its prompt: \n, \xff and the like are escapes between
 * double quotes.
 *
 * @throws Error where a quote is not closed, or its end is not followed by a blank.
 */
export function redisArguments(line: string): string[] {
  // A character for each byte.
  const words = split(Buffer.from(line).toString("latin1"), REDIS, ({ double, single, plain = "" }) => {
    const unescaped = double?.replace(/\\(?:x([0-9a-fA-F]{2})|([\s\S]))/g, (_, hex?: string, char = "") =>
      hex === undefined ? (NAMED[char] ?? char) : String.fromCharCode(Number.parseInt(hex, 16)),
    );
    return unescaped ?? single?.replaceAll("\\'", "'") ?? plain;
  });
  const texts = words.map((word) => Buffer.from(word, "latin1").toString("utf8"));
  const representable = texts.every(
    (text, at) => !text.includes("\0") && Buffer.from(text).toString("latin1") === words[at],
  );
  // A program's argument cannot hold NUL, nor Node.js pass bytes that are not UTF-8: redis-cli has a quoted form for them.
  return representable ? texts : ["--quoted-input", ...words.map(redisQuoted)];
}

const redisQuoted = (word: string) =>
  /^[\w:.-]+$/.test(word)
    ? word
    : `"${word.replace(/[^ -!#-[\]-~]/g, (byte) => `\\x${byte.charCodeAt(0).toString(16).padStart(2, "0")}`)}"`;

function split(line: string, parts: RegExp, textOf: (groups: Record<string, string | undefined>) => string): string[] {
  const words: string[] = [];
  let word: string | undefined;
  for (const { groups = {} } of line.matchAll(parts)) {
    if (groups.open) throw new Error(`The quote ${groups.open} should be closed, got ${line}`);
    if (groups.blank) {
      if (word !== undefined) words.push(word);
      word = undefined;
      // A backslash before a line break only joins two lines: it is no word.
    } else if (Object.values(groups).some((text) => text !== undefined)) word = (word ?? "") + textOf(groups);
  }
  return word === undefined ? words : [...words, word];
}
