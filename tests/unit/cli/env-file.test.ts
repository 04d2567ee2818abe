import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseEnv } from "node:util";
import fc from "fast-check";
import { afterAll, expect, test } from "vitest";
import { bareUrl, envLine } from "../../../cli/shared/env-file.ts";

// What `make env` writes, each of its readers reads as it is. Docker Compose, for which Docker has to be there, is tried in e2e.

const folder = mkdtempSync(join(tmpdir(), "stackyard-env-"));
afterAll(() => rmSync(folder, { recursive: true }));

/** What a shell makes of an .env file. */
function sourced(text: string): Record<string, string | undefined> {
  const file = join(folder, ".env");
  writeFileSync(file, text);
  const { stdout } = spawnSync("sh", ["-c", `set -a; . "${file}"; exec env -0`], {
    env: { PATH: process.env.PATH },
    encoding: "utf8",
  });
  return Object.fromEntries(
    stdout.split("\0").map((each) => [each.slice(0, each.indexOf("=")), each.slice(each.indexOf("=") + 1)]),
  );
}

const value = fc
  .string({
    unit: fc.oneof(
      fc.constantFrom(..." \"'\\$`#*()!&;|<>~%=@:/{}[]?^\t"),
      fc.string({ minLength: 1, maxLength: 1 }),
      fc.constantFrom("é", "漢", "🙂"),
    ),
  })
  .filter((text) => !text.includes("\0"));

test("a shell and Node.js read each value as it is", () => {
  fc.assert(
    fc.property(fc.array(value, { minLength: 50, maxLength: 50 }), (values) => {
      const carried = values.flatMap((each, at) => {
        const line = envLine(`V${at}`, each);
        return line === undefined ? [] : [{ name: `V${at}`, value: each, line }];
      });
      const text = `# head\n${carried.map(({ line }) => line).join("\n")}\n`;
      const expected = Object.fromEntries(carried.map((each) => [each.name, each.value]));
      expect(parseEnv(text)).toEqual(expected);
      expect(sourced(text)).toMatchObject(expected);
    }),
    { numRuns: 20 },
  );
});

test.each([
  ["k#1$HOME", "K='k#1$HOME'"],
  ["it's(ok)!*", 'K="it\'s(ok)!*"'],
  ["a b", "K='a b'"],
  ["plain-1_./:@%+,=", "K=plain-1_./:@%+,="],
  ['"', "K='\"'"],
  ["a\\b", "K='a\\b'"],
  ["", "K="],
])("%j is written %s", (text, line) => expect(envLine("K", text)).toBe(line));

test.each(["a\nb", "a\rb", "ends in\\", `'"`, "'$", "'`", "'\\"])("no quotes carry %j to all of them", (text) => {
  expect(envLine("K", text)).toBeUndefined();
});

test("a URL needs no quotes, and signs in with the same password", () => {
  fc.assert(
    fc.property(fc.string({ minLength: 1 }), (password) => {
      const url = bareUrl(`postgresql://app:${encodeURIComponent(password)}@127.0.0.1:5432/app`);
      expect(envLine("U", url)).toBe(`U=${url}`);
      expect(decodeURIComponent(new URL(url).password)).toBe(password);
    }),
  );
});
