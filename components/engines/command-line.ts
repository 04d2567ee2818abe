// How a command is typed, for messages: `make logs s=redis follow=1` is `npx stackyard logs redis --follow`.

/** The words of make that are flags of other names. */
const FLAGS: Record<string, string> = {
  NAME: "name",
  ENV: "env",
  STACK: "program",
  DISCARD: "discard",
  YES: "yes",
  REFRESH: "refresh",
  c: "command",
  ARGS: "command",
};
/** Words that name services. */
const NAMES = ["s", "only"];
/** Words that are on with the value 1, and off with any other. */
const SWITCHES = ["wait", "fresh", "follow", "json", "YES", "REFRESH", "readme"];

/** Whether a user has typed `make` for what runs now. */
export const byMake = () => process.env.STACKYARD_BY === "make";

/** The word of make that a flag stands behind: `NAME` for `name`. */
export const wordFor = (flag: string) => Object.keys(FLAGS).find((word) => FLAGS[word] === flag) ?? flag;

/** A flag as the user types it, for messages: `--since`, or make's `since=`. */
export const flag = (name: string) => (byMake() ? `${wordFor(name)}=` : `--${name}`);

/** A flag with a value as the user types them, for messages: `--mirror HOST`, or make's `mirror=HOST`. */
export const flagWith = (name: string, value: string) => `${flag(name)}${byMake() ? "" : " "}${value}`;

/** Services' names as the user types them, for messages: `SERVICE`, or make's `s=`. */
export const serviceWord = (word: "s" | "only" = "s") => (byMake() ? `${word}=` : "SERVICE");

/** The arguments of `stackyard` that stand for words of make: `api --follow` for `s=api follow=1`. An empty word says nothing. */
export function argumentsOf(words: readonly string[]): string[] {
  return words.flatMap((each) => {
    const [, word = "", value = ""] = /^([\w-]+)=(.*)$/s.exec(each) ?? [];
    if (value === "") return [];
    if (NAMES.includes(word)) return value.split(",").filter((name) => name !== "");
    const name = `--${FLAGS[word] ?? word}`;
    if (SWITCHES.includes(word)) return value === "1" ? [name] : [];
    return [`${name}=${value}`];
  });
}

/** The command line of a verb. @param words in make's form. */
export const commandLine = (verb: string, ...words: string[]) =>
  (byMake() ? ["make", verb, ...words] : ["npx stackyard", verb, ...argumentsOf(words)]).join(" ");

/** The command line of a command of pulumi's, by the pulumi that has the stack's state. */
export const pulumiCommand = (line: string) =>
  byMake() ? `make pulumi ARGS="${line}"` : `npx stackyard pulumi ${line}`;
