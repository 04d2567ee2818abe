import { posix } from "node:path";

/**
 * The rules of a `.dockerignore`, read and matched as BuildKit does: github.com/moby/patternmatcher v0.6.0, with its `ignorefile`
 * for the lines. No package has just these (docs/decisions.md), and a build must not differ from what it is named after.
 */
export class IgnoreRules {
  readonly #rules: Rule[];

  /** @throws Error naming a line that no build takes either, or that reads otherwise than it looks. */
  constructor(text: string) {
    this.#rules = linesOf(text).map(ruleOf);
  }

  /**
   * What the rules say of a path, and what to ask of what lies below it.
   *
   * @param path relative to the context, with `/`.
   * @param above what they said of its folder; none at the top.
   */
  match(path: string, above?: Match): Match {
    let ignored = false;
    const hits = this.#rules.map(({ exception, matches }, at) => {
      // What holds for a folder holds below it. A rule that would change nothing is not asked.
      const hit = above?.hits[at] === true || (exception === ignored && matches(path));
      if (hit) ignored = !exception;
      return hit;
    });
    return { ignored, hits };
  }

  /** Whether BuildKit looks into an ignored folder, because of what an exception may take below it. */
  looksInto(folder: string): boolean {
    const top = `${folder}/`;
    const exceptions = this.#rules.filter(({ exception }) => exception).map(({ pattern }) => pattern);
    const names = exceptions.map((pattern) => pattern.replace(/\/\*\*$/, "").replace(/\/\*$/, ""));
    // Where all are mere names, it goes by the names alone, and so misses what `!a/*/**` names below `a/b`.
    if (!names.some((name) => WILD.test(name))) return names.some((name) => `${name}/`.startsWith(top));
    return exceptions.some((pattern) => {
      const start = pattern.replace(/[*?[\]^\\].*$/s, "");
      return start.startsWith(top) || top.startsWith(start);
    });
  }
}

export interface Match {
  ignored: boolean;
  /** Of each rule, whether it is met. */
  hits: readonly boolean[];
}

interface Rule {
  /** `!`: takes again what was ignored. */
  exception: boolean;
  matches: (path: string) => boolean;
  /** Without the `!`. */
  pattern: string;
}

const WILD = /[*?[\]^\\]/;
const trimmed = (text: string) => text.replace(/^\p{White_Space}+|\p{White_Space}+$/gu, "");
/** As Go's filepath.Clean, which leaves no slash at the end. */
const clean = (path: string) => posix.normalize(path).replace(/(?<=.)\/$/s, "");

/** The rules, cleaned; `!` first where one is an exception. */
function linesOf(text: string): string[] {
  const lines = text.replace(/^\ufeff/, "").split("\n");
  return lines.flatMap((line) => {
    // Only at the very start: with a space before it, it is a name.
    if (line.startsWith("#")) return [];
    const written = trimmed(line);
    if (written === "") return [];
    const exception = written.startsWith("!");
    const bare = exception ? trimmed(written.slice(1)) : written;
    const path = bare === "" ? "" : clean(bare).replace(/^\/(?=.)/s, "");
    // Twice, as BuildKit does: once where the file is read, once where the rules are made.
    const rule = trimmed(`${exception ? "!" : ""}${path}`);
    return rule === "" ? [] : [clean(rule)];
  });
}

function ruleOf(rule: string): Rule {
  const exception = rule.startsWith("!");
  const pattern = exception ? rule.slice(1) : rule;
  const saying = <T>(work: () => T): T => {
    try {
      return work();
    } catch (error) {
      throw new Error(`"${rule}" is no pattern that a build takes as it is written: ${(error as Error).message}`);
    }
  };
  saying(() => checkSyntax(pattern));
  // Made when it is first asked, as there: what is wrong with it is of no account before.
  let matcher: ((path: string) => boolean) | undefined;
  const matches = (path: string) => {
    matcher ??= saying(() => matcherOf(pattern));
    return matcher(path);
  };
  return { exception, matches, pattern };
}

/** As Go's filepath.Match, which is asked for nothing else. */
function checkSyntax(pattern: string): void {
  const bad = (why: string): never => {
    throw new Error(why);
  };
  if (pattern === "") bad("it names nothing");
  const chars = [...pattern];
  let at = 0;
  /** One character of a class. */
  const one = () => {
    const char = chars[at++];
    if (char === undefined) bad("a [ is not closed");
    if (char === "-" || char === "]") bad(`a ${char} stands alone in [ ]`);
    if (char === "\\" && chars[at++] === undefined) bad("there is nothing after \\");
  };
  while (at < chars.length) {
    const char = chars[at++];
    if (char === "\\" && chars[at++] === undefined) bad("there is nothing after \\");
    if (char !== "[") continue;
    if (chars[at] === "^") at++;
    do {
      one();
      if (chars[at] === "-") {
        at++;
        one();
      }
    } while (chars[at] !== "]");
    at++;
  }
}

/**
 * The kinds of pattern that patternmatcher tells apart, and its expression for those that need one. What looks odd (a `*` in
 * brackets ends them) is odd there.
 */
function matcherOf(pattern: string): (path: string) => boolean {
  const chars = [...pattern];
  let kind: "exact" | "prefix" | "suffix" | "expression" = "exact";
  let expression = "^";
  for (let at = 0, turn = 0; at < chars.length; turn++) {
    const char = chars[at++] as string;
    if (char === "*" && chars[at] === "*") {
      at++;
      if (chars[at] === "/") at++;
      if (at < chars.length) {
        expression += "(.*/)?";
        kind = "expression";
      } else if (kind === "exact") kind = "prefix";
      else {
        expression += ".*";
        kind = "expression";
      }
      if (turn === 0) kind = "suffix";
    } else if (char === "*" || char === "?") {
      expression += char === "*" ? "[^/]*" : "[^/]";
      kind = "expression";
    } else if (char === "\\") {
      expression += `\\${chars[at++]}`;
      kind = "expression";
    } else {
      if (char === "[" || char === "]") kind = "expression";
      expression += ".+()|{}$".includes(char) ? `\\${char}` : char;
    }
  }
  if (kind === "exact") return (path) => path === pattern;
  if (kind === "prefix") return (path) => path.startsWith(pattern.slice(0, -2));
  if (kind === "suffix") {
    const end = pattern.slice(2);
    return (path) => path.endsWith(end) || (end.startsWith("/") && path === end.slice(1));
  }
  const compiled = new RegExp(`${translated(expression)}$`, "u");
  return (path) => compiled.test(path);
}

const CLASSES: Record<string, string> = { d: "0-9", w: "0-9A-Za-z_", s: "\\t\\n\\f\\r " };
const CONTROL: Record<string, string> = { a: "\x07", f: "\f", n: "\n", r: "\r", t: "\t", v: "\v" };
const literal = (char: string) => `\\u{${char.codePointAt(0)?.toString(16)}}`;

/** An expression of Go's (RE2), as far as the above makes one, as one of JavaScript's. */
function translated(expression: string): string {
  const chars = [...expression];
  let made = "";
  let at = 0;
  const escaped = (inClass: boolean): string => {
    const char = chars[at++] as string;
    const set = CLASSES[char.toLowerCase()];
    if (set !== undefined && char === char.toLowerCase()) return inClass ? set : `[${set}]`;
    if (set !== undefined && !inClass) return `[^${set}]`;
    if (CONTROL[char] !== undefined) return literal(CONTROL[char]);
    if (!/^[!-/:-@[-`{-~ ]$/.test(char)) throw new Error(`\\${char} stands for something else than ${char}`);
    return literal(char);
  };
  while (at < chars.length) {
    const char = chars[at++] as string;
    if (char === "\\") made += escaped(false);
    else if (char === ".") made += "[^\\n]";
    else if (char === "]") made += "\\]";
    else if (char !== "[") made += "^(*)?".includes(char) ? char : literal(char);
    else {
      made += "[";
      if (chars[at] === "^") made += chars[at++];
      // A ] that comes first is one of them.
      for (let first = true; first || chars[at] !== "]"; first = false) {
        const each = chars[at++];
        if (each === undefined) throw new Error("a [ is not closed");
        if (each === "[" && chars[at] === ":") throw new Error("[: begins a class of characters");
        const range = !first && each === "-" && chars[at] !== "]";
        made += each === "\\" ? escaped(true) : range ? "-" : literal(each);
      }
      made += chars[at++];
    }
  }
  return made;
}
