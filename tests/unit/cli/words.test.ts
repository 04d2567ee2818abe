import { spawnSync } from "node:child_process";
import fc from "fast-check";
import { expect, test } from "vitest";
import { redisArguments, wordsOf } from "../../../cli/shared/words.ts";

// What is typed in `c=` and `ARGS=` reaches a program in the words of those who know its quotes: a shell, or redis-cli.

test.each([
  ["keys *", ["keys", "*"]],
  ['config set --secret KEY "a b" c\\ d', ["config", "set", "--secret", "KEY", "a b", "c d"]],
  [`ls 'server/a "b"' "it's" x"y"z ''`, ["ls", 'server/a "b"', "it's", "xyz", ""]],
  ['echo "a\\n\\"\\$\\\\" $HOME `id` ~ *.ts # no', ["echo", 'a\\n"$\\', "$HOME", "`id`", "~", "*.ts", "#", "no"]],
  ["two \\\n lines\nor three", ["two", "lines", "or", "three"]],
  ["  ", []],
])("a shell's words, nothing expanded: %j", (line, words) => expect(wordsOf(line)).toEqual(words));

test.each([`a "b`, "a 'b", `'a' "b\\"`])("a quote that is not closed is refused: %j", (line) => {
  expect(() => wordsOf(line)).toThrow(`should be closed, got ${line}`);
});

const text = fc.string({ unit: fc.oneof(fc.constantFrom(..." \"'\\$`#*\n\t~!"), fc.string({ maxLength: 1 })) });
const single = (word: string) => `'${word.replaceAll("'", "'\\''")}'`;
const double = (word: string) => `"${word.replace(/["\\$`]/g, "\\$&")}"`;

test("any word, quoted for a shell, is read as that word again", () => {
  const word = text.chain((each) =>
    fc.constantFrom(single(each), double(each)).map((quoted) => [each, quoted] as const),
  );
  fc.assert(
    fc.property(fc.array(word), (words) => {
      expect(wordsOf(words.map(([, quoted]) => quoted).join(" "))).toEqual(words.map(([each]) => each));
    }),
  );
});

test("a line is split as a shell splits it, where the shell would expand nothing", () => {
  const part = fc.oneof(
    fc.string({ unit: fc.constantFrom(..."ab01-_./:=,%+@é") }),
    text.map(single),
    text.map(double),
    fc.constantFrom(" ", "  ", "\t", "\\ ", '\\"', "\\\\", "\\'", '"a\\b"', "''", '""'),
  );
  const lines = fc.array(fc.array(part, { maxLength: 8 }), { minLength: 40, maxLength: 40 });
  fc.assert(
    fc.property(lines, (all) => {
      const typed = all.map((parts) => parts.join("").replaceAll("\0", ""));
      const script = typed.map((line) => `words ${line}`).join("\n");
      const said = spawnSync("bash", ["-c", `words() { printf '%s\\0' "$#" "$@"; }\n${script}`], { encoding: "utf8" });
      expect(said.stdout).toBe(
        typed
          .map(wordsOf)
          .flatMap((words) => [words.length, ...words])
          .map((each) => `${each}\0`)
          .join(""),
      );
    }),
    { numRuns: 10 },
  );
});

test.each([
  ['set g "hello world"', ["set", "g", "hello world"]],
  ["set g 'it\\'s \"so\"'", ["set", "g", `it's "so"`]],
  ["--scan --pattern 'a*'", ["--scan", "--pattern", "a*"]],
  ['set k "a\\tb\\x41" é', ["set", "k", "a\tbA", "é"]],
  // No argument of a program can hold these bytes.
  ['set k "\\xff\\x00" "a b"', ["--quoted-input", "set", "k", '"\\xff\\x00"', '"a b"']],
])("redis-cli's own words: %j", (line, words) => expect(redisArguments(line)).toEqual(words));

test.each(['set "a', "get 'a\\' b", 'get "a"b'])("what redis-cli cannot read is refused: %j", (line) => {
  expect(() => redisArguments(line)).toThrow(`should be closed, got ${line}`);
});

test("any bytes, quoted for redis-cli, are read as those bytes again", () => {
  const word = fc.uint8Array().map((bytes) => Buffer.from(bytes).toString("latin1"));
  const quoted = (each: string) =>
    `"${each.replace(/[^ !#-[\]-~]/g, (byte) => `\\x${byte.charCodeAt(0).toString(16).padStart(2, "0")}`)}"`;
  const unquoted = (each: string) =>
    each.replace(/^"|"$/g, "").replace(/\\x(..)/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
  const bytes = (each: string) => Buffer.from(each).toString("latin1");
  fc.assert(
    fc.property(fc.array(word, { minLength: 1 }), (words) => {
      const [first = "", ...rest] = redisArguments(words.map(quoted).join(" "));
      const got = first === "--quoted-input" ? rest.map(unquoted) : [first, ...rest].map(bytes);
      expect(got).toEqual(words);
    }),
  );
});
