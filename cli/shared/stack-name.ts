import { existsSync, readdirSync, readFileSync } from "node:fs";
import { parse } from "yaml";
import { commandLine, flagWith } from "../../components/engines/command-line.ts";

// Which Pulumi stack a verb is for: `dev`; `prod`, which has a file; `alice`, a copy of dev. Those of another stack program than
// the project's own have its name before theirs: `shop-dev`.

/** What a user says of the stack. */
export interface StackChoice {
  /** An environment, one that has a stack file. @default "dev" */
  env?: string | undefined;
  /** A copy of dev: 1 to 40 of a-z, 0-9 and -. */
  name?: string | undefined;
  /** A stack program. @default - the one that Pulumi.yaml names */
  program?: string | undefined;
}

/**
 * The name of the stack that is chosen; undefined where nothing is.
 *
 * @param verb for the messages: `dev`.
 * @throws Error in one sentence.
 */
export function chosenStack(verb: string, { env, name, program }: StackChoice): string | undefined {
  const programs = programNames();
  if (program !== undefined && !programs.includes(program)) {
    throw new Error(`${flagWith("program", program)}: there is no such stack program; there are ${programs.join(" ")}`);
  }
  const prefix = program === undefined || program === ownProgram() ? "" : `${program}-`;
  const environments = environmentsOf(prefix);
  if (env !== undefined && !environments.includes(env)) {
    throw new Error(
      `${flagWith("env", env)}: there is no such environment; there are ${environments.join(" ")}. ` +
        `A copy of dev is ${flagWith("name", "alice")}`,
    );
  }
  if (env !== undefined && env !== "dev") {
    if (verb === "dev") {
      const up = commandLine("up", `ENV=${env}`);
      throw new Error(`${commandLine("dev")} is for dev and its copies; \`${up}\` brings ${env} up`);
    }
    if (name !== undefined) {
      const [envShown, nameShown] = [flagWith("env", env), flagWith("name", name)];
      throw new Error(
        `${nameShown} is a copy of dev, and cannot be one of ${env}: leave ${envShown} out, or ${nameShown}`,
      );
    }
  }
  // The rule for names of components, because a copy's name is also in the names of containers, networks, volumes and images.
  const taken = [...environments, ...programs];
  if (name !== undefined && (!/^[a-z][a-z0-9-]{0,39}$/.test(name) || taken.includes(name) || programOf(name)[0])) {
    throw new Error(
      `${flagWith("name", name)}: should be 1 to 40 of a-z, 0-9 and -, a letter first, and none of ${taken.join(" ")}`,
    );
  }
  const stack = name ?? env ?? (prefix === "" ? undefined : "dev");
  return stack && `${prefix}${stack}`;
}

/** The environments of a program, by its prefix in stacks' names: dev, and each that has a file. */
function environmentsOf(prefix: string): string[] {
  const names = readdirSync(".").flatMap((file) => /^Pulumi\.([\w-]+)\.yaml$/.exec(file)?.[1] ?? []);
  const own = names.filter((each) => each.startsWith(prefix)).map((each) => each.slice(prefix.length));
  const mine = prefix === "" ? own.filter((each) => programOf(each)[0] === undefined) : own;
  return [...new Set(["dev", ...mine.sort()])];
}

/** The program that a stack's name begins with, and the rest of the name; undefined for the project's own program. */
export function programOf(stack: string): [program: string | undefined, name: string] {
  const program = programNames().find((each) => each !== ownProgram() && stack.startsWith(`${each}-`));
  return program === undefined ? [undefined, stack] : [program, stack.slice(program.length + 1)];
}

/** Names of the stack programs, which are files, or folders with an `index.ts`, in stacks/. */
function programNames(): string[] {
  if (!existsSync("stacks")) return [];
  return readdirSync("stacks", { withFileTypes: true }).flatMap((entry) => {
    if (entry.isDirectory()) return existsSync(`stacks/${entry.name}/index.ts`) ? [entry.name] : [];
    return /^([A-Za-z][\w-]*)\.ts$/.exec(entry.name)?.[1] ?? [];
  });
}

/** The program that Pulumi.yaml names. */
function ownProgram(): string | undefined {
  const { config } = parse(readFileSync("Pulumi.yaml", "utf8")) as { config?: { program?: { default?: string } } };
  return config?.program?.default;
}
