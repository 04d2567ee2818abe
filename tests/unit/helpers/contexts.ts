import { chmodSync, mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import fc from "fast-check";

/** A build's context. */
export interface Context {
  /** What is in it, by path: with `/` at its end where it is a folder, with `@` where it is a link. */
  tree: readonly string[];
  /** Its `.dockerignore`. */
  rules: string;
}

/** Few and short names, so that rules match them. */
const NAME = fc.constantFrom(
  "a",
  "b",
  "src",
  "x",
  "a.ts",
  "b.md",
  ".env",
  "é",
  "a b",
  "[x]",
  "!a",
  "#b",
  "a\nb",
  "node_modules",
);
const PATH = fc.array(NAME, { minLength: 1, maxLength: 4 }).map((names) => names.join("/"));

const TREE = fc
  .array(
    fc.tuple(PATH, fc.constantFrom("", "", "", "/", "@")).map(([path, kind]) => `${path}${kind}`),
    {
      minLength: 1,
      maxLength: 9,
    },
  )
  .map(possible);

/** Without what would lie below a file. */
function possible(paths: readonly string[]): string[] {
  const folders = new Map<string, boolean>();
  return paths.filter((path) => {
    const names = path.replace(/[/@]$/, "").split("/");
    const above = names.map((_, at) => names.slice(0, at + 1).join("/"));
    const own = above.pop() as string;
    if (folders.has(own) || above.some((each) => folders.get(each) === false)) return false;
    for (const each of above) folders.set(each, true);
    folders.set(own, path.endsWith("/"));
    return true;
  });
}

const PIECE = fc.oneof(
  { weight: 6, arbitrary: NAME.filter((name) => !name.includes("\n")) },
  {
    weight: 6,
    arbitrary: fc.constantFrom(
      "*",
      "**",
      "?",
      "*.ts",
      "*.md",
      "a*",
      "**a",
      "a**",
      "[ab]",
      "[^a]",
      "[a-x]*",
      "s?c",
      "***",
      "\\a",
    ),
  },
  {
    weight: 2,
    arbitrary: fc.constantFrom(
      "..",
      ".",
      "",
      "\\[x\\]",
      "[*]",
      "[?]x",
      "]",
      "a^",
      "\\*",
      "[\\]x]",
      "a.t?",
      "(a|b)*",
      "\\d*",
      "\\w+",
    ),
  },
);
const RULE = fc
  .tuple(
    fc.constantFrom("", "", "", "", "!", "!", "!", "! ", "#", " ", "\t!", "!!"),
    fc.constantFrom("", "", "", "/", "./", "//", "../"),
    fc.array(PIECE, { minLength: 1, maxLength: 3 }),
    fc.constantFrom("", "", "", "/", " ", "\r", "/**", "\u00a0"),
  )
  .map(([before, root, pieces, after]) => `${before}${root}${pieces.join("/")}${after}`);

const RULES = fc
  .tuple(
    fc.constantFrom("", "", "\ufeff"),
    fc.constantFrom("", "*\n", "**\n"),
    fc.array(
      fc.oneof(
        { weight: 9, arbitrary: RULE },
        { weight: 1, arbitrary: fc.constantFrom("", "*", "!", "[", "a\\", "[z-a]") },
      ),
      {
        maxLength: 6,
      },
    ),
    fc.constantFrom("\n", "\r\n"),
  )
  .map(([mark, first, rules, end]) => `${mark}${first}${rules.join(end)}`);

export const CONTEXT: fc.Arbitrary<Context> = fc.record({ tree: TREE, rules: RULES });

/** Writes it; the Dockerfile takes all that a build is sent. */
export function written(folder: string, { tree, rules }: Context): string {
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, "Dockerfile"), "FROM scratch\nCOPY . /\n");
  writeFileSync(join(folder, ".dockerignore"), rules);
  for (const entry of tree) {
    const path = join(folder, entry.replace(/[/@]$/, ""));
    mkdirSync(entry.endsWith("/") ? path : dirname(path), { recursive: true });
    if (entry.endsWith("@")) symlinkSync("a", path);
    else if (!entry.endsWith("/")) {
      writeFileSync(path, "");
      if (entry.endsWith(".ts")) chmodSync(path, 0o750);
    }
  }
  return folder;
}
