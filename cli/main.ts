import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { Argument, Command, CommanderError, Option } from "commander";
import { byMake, wordFor } from "../components/engines/command-line.ts";
import { DATABASES } from "./init/databases.ts";
import { handleFaults } from "./shared/faults.ts";
import { fromProject, projectFolder } from "./shared/project.ts";
import { type Step, setUp } from "./shared/set-up.ts";
import { chosenStack, type StackChoice } from "./shared/stack-name.ts";

// What `stackyard` can be told: each verb with its arguments and flags. A verb's file is loaded only when it runs.

const EXIT_CODES = `
Exit codes:
  0    it is done, or all is as it should be
  1    it failed or was refused, or (ps, doctor, config) something is not as it should be; the reason was written
  2    the command line cannot be read (an unknown verb or flag, a missing value, too many words); nothing was touched
  130  interrupted by Ctrl-C (143: by another signal)
  Of shell, psql, redis-cli, cypher, mc, run and pulumi: what the program in them ended with.

Every verb has its own help: stackyard logs --help`;

/** What a verb needs of the machine. */
const ALL: readonly Step[] = ["pulumi", "engine", "state", "images"];
/** For a verb that reads files alone. */
export const FILES: readonly Step[] = ["node"];

interface Needs {
  steps?: readonly Step[];
  /** Whether the program is loaded, with Pulumi's SDK. */
  program?: boolean;
}

export interface RunOptions extends StackChoice {
  wait?: boolean;
  discard?: string;
  show?: string;
}

/** One of the commands, with what many of them have in common. */
class Verb extends Command {
  override createCommand(name?: string): Verb {
    return new Verb(name);
  }

  /** Is for one stack. */
  forStack(): this {
    return this.addOption(new Option("--env <name>", "an environment, which has a stack file: prod"))
      .addOption(new Option("--name <name>", "a copy of dev beside it, with data and ports of its own: alice"))
      .addOption(new Option("--program <name>", "a stack program: a file, or a folder, in stacks/"));
  }

  /** Holds the stack, so that another run may be in its way. */
  waiting(): this {
    return this.option("--wait", "wait for another run to end, instead of being refused");
  }

  /** Changes the stack. */
  changing(): this {
    return this.forStack().waiting().option("--discard <names>", "let the data of these go: db,cache");
  }

  /** Runs pulumi with the table of services. */
  showing(): this {
    return this.addOption(
      new Option("--show <what>", "resources: every resource, as pulumi shows them").choices(["resources"]),
    );
  }

  services(description = "names of services and jobs; without any, all"): this {
    return this.addArgument(new Argument("[services...]", description).argParser(splitNames));
  }

  /** Runs a verb: makes the machine ready, then loads and calls it. Its number is the exit code. */
  runs(
    // biome-ignore lint/suspicious/noExplicitAny: commander passes arguments and options by position, untyped
    load: () => Promise<(...given: any[]) => unknown>,
    { steps = ALL, program = false }: Needs = {},
  ): this {
    return this.action(async (...all) => {
      const given = all.slice(0, -1);
      await prepare(this.name(), given.at(-1) as RunOptions, steps);
      // @ts-expect-error it is JavaScript
      if (program) await import("../infra/lean.mjs");
      const code = await (await load())(...given);
      if (typeof code === "number") process.exitCode = code;
    });
  }

  /** Called by commander for a verb that there is not. */
  unknownCommand(): never {
    const [typed = ""] = this.args;
    const near = this.commands.map((each) => each.name()).filter((name) => isNear(typed, name));
    const advice = near.length > 0 ? `did you mean ${near.join(" or ")}?` : "stackyard --help shows all";
    return this.error(`There is no verb ${typed}: ${advice}`, { code: "commander.unknownCommand" });
  }

  /** Called by commander for words that are more than a verb takes. */
  _excessArguments(typed: readonly string[]): void {
    if ((this as unknown as { _allowExcessArguments: boolean })._allowExcessArguments) return;
    const extra = typed.slice(this.registeredArguments.length).join(" ");
    const takes = `stackyard ${this.name()} ${this.usage()}`;
    const text = /(^|[ [])-- /.test(this.usage())
      ? `${this.name()}: a command comes after --, got ${extra} without it: ${takes}`
      : `${this.name()} does not take ${extra}: ${takes}`;
    this.error(text, { code: "commander.excessArguments" });
  }

  /** Called by commander for a flag that a verb does not have. */
  unknownOption(typed: string): never {
    if (this.parent === null) {
      const text = `Flags come after the verb: stackyard VERB ${typed}; before it there are only --help and --version`;
      return this.error(text, { code: "commander.unknownOption" });
    }
    const name = typed.replace(/^--?|=.*$/gs, "");
    const flags = this.options.map(({ long = "" }) => long.slice(2)).filter((each) => each !== "");
    const words = [
      ...flags.map(wordFor),
      ...this.registeredArguments.map((each) => (each.description === PARTS ? "only" : "s")),
    ];
    const known =
      words
        .sort()
        .map((each) => `${each}=`)
        .join(" ") || "no variable";
    const text = byMake()
      ? `make ${this.name()} does not know ${wordFor(name)}=; it knows ${known}`
      : `${this.name()} has no ${typed}; it has ${flags.map((each) => `--${each}`).join(" ")}`;
    return this.error(text, { code: "commander.unknownOption" });
  }
}

/** Whether a word is the beginning of another, or one slip away: a letter too many, missing or wrong, or two in the wrong order. */
function isNear(typed: string, meant: string): boolean {
  if (typed.length > 2 && meant.startsWith(typed)) return true;
  let same = 0;
  while (same < typed.length && typed[same] === meant[same]) same++;
  const [first = "", second = "", ...others] = typed.slice(same);
  const rest = meant.slice(same);
  const left = `${second}${others.join("")}`;
  return (
    [left, `${rest[0]}${left}`, `${second}${first}${others.join("")}`].includes(rest) || first + left === rest.slice(1)
  );
}

const version = () =>
  (
    JSON.parse(readFileSync(fileURLToPath(import.meta.resolve("stackyard/package.json")), "utf8")) as {
      version: string;
    }
  ).version;

/** `a,b` and `a b` are the same names. */
const splitNames = (typed: string, before: string[] | undefined) => [
  ...(before ?? []),
  ...typed.split(",").filter((name) => name !== ""),
];

/** Goes to the project, chooses the stack, and makes the machine ready. */
export async function prepare(verb: string, options: RunOptions, steps: readonly Step[]): Promise<void> {
  const folder = projectFolder();
  if (folder === undefined) {
    throw new Error(
      "There is no Pulumi.yaml here, nor in a folder above: run this in a project's folder. `npx stackyard init` makes a project.",
    );
  }
  process.chdir(folder);
  process.env.STACKYARD_PROJECT = folder;
  process.env.STACKYARD_VERB = verb;
  const stack = chosenStack(verb, options);
  if (stack !== undefined) process.env.PULUMI_STACK = stack;
  process.env.PULUMI_STACK ??= "dev";
  // For the program, and for the pulumi of this project, which are processes of their own.
  if (options.wait) process.env.STACKYARD_WAIT = "1";
  if (options.discard !== undefined) process.env.STACKYARD_DISCARD = options.discard;
  if (options.show !== undefined) process.env.STACKYARD_SHOW = options.show;
  setUp(steps);
}

const file = (description: string) => new Option("--file <path>", description).argParser(fromProject);
const yes = "do not ask";
const fresh = "start empty beside volumes whose state an old clone has";
const json = "print JSON";
const PARTS = "only these, and what they refer to; without any, all";

/**
 * All verbs, in the order of the help.
 *
 * @param after the words after `--`: a command, for the verbs that run one. @default []
 */
export function commandLineProgram(after: readonly string[] = []): Verb {
  const program = new Verb("stackyard")
    .description("Databases, setup jobs and applications on Docker, as typed components on Pulumi.")
    .version(version(), "--version")
    .enablePositionalOptions()
    .configureOutput({
      outputError: (text, write) => write(text.replace(/^error: (.)/, (_, first) => first.toUpperCase())),
    })
    .addHelpText("after", EXIT_CODES);

  program.commandsGroup("To begin:");
  program
    .command("init")
    .description("Write a small project into this folder")
    .option("-y, --yes", yes)
    .option("--databases <names>", `of ${Object.keys(DATABASES).join(", ")}: postgres,redis`)
    .option("--no-api", "without the small API that it begins with")
    .option("--project <name>", "its name; the default is the folder's")
    .option("--no-install", "do not run npm install")
    .action(async (options) => (await import("./init.ts")).init(options));

  program.commandsGroup("Up and down:");
  for (const [name, description] of [
    ["dev", "Bring the dev environment up, and mend what is not as it should be"],
    ["up", "Bring an environment up"],
  ] as const) {
    program
      .command(name)
      .description(description)
      .services(PARTS)
      .changing()
      .showing()
      .option("--fresh", fresh)
      .runs(async () => (await import("./up.ts")).up, { program: true });
  }
  program
    .command("down")
    .description("Remove containers and networks; keep data, passwords and finished jobs")
    .changing()
    .showing()
    .runs(async () => (await import("./down.ts")).down);
  program
    .command("stop")
    .description("Stop services; they stay stopped until they are started or brought up again")
    .services("names of services; without any, all")
    .forStack()
    .waiting()
    .runs(async () => (await import("./restart.ts")).stop);
  program
    .command("start")
    .description("Start services that were stopped, and wait until they are ready")
    .services("names of services; without any, all")
    .forStack()
    .waiting()
    .runs(async () => (await import("./restart.ts")).start);
  program
    .command("restart")
    .description("Stop services, each with its own grace, start them again, and wait until they are ready")
    .services("names of services; without any, all")
    .forStack()
    .waiting()
    .runs(async () => (await import("./restart.ts")).restart);
  program
    .command("scale")
    .description("Set how many of a service run, in this clone, and bring the environment up: scale backend=5")
    .addArgument(new Argument("<services...>", "how many of each: backend=5").argParser(splitNames))
    .changing()
    .showing()
    .runs(async () => (await import("./scale.ts")).scale, { program: true });
  program
    .command("clean")
    .description("Remove everything, data too: asks first")
    .changing()
    .showing()
    .option("-y, --yes", yes)
    .runs(async () => (await import("./clean.ts")).clean);
  program
    .command("rebuild")
    .description("A clean slate and a new start: asks first, as clean does")
    .services(PARTS)
    .changing()
    .showing()
    .option("-y, --yes", yes)
    .option("--fresh", fresh)
    .runs(async () => (await import("./rebuild.ts")).rebuild, { program: true });

  program.commandsGroup("To look:");
  program
    .command("preview")
    .description("Show what `up` would do")
    .services(PARTS)
    .changing()
    .option("--refresh", "look first what somebody has changed by hand")
    .runs(async () => (await import("./preview.ts")).preview);
  program
    .command("graph")
    .description("Draw what refers to what, and how it is")
    .forStack()
    .option("--format <format>", "svg, mermaid or text")
    .addOption(file("where to; the default is graph.svg, or the terminal"))
    .option("--json", json)
    .addOption(new Option("--readme", "draw docs/graph.svg from tracked files alone").hideHelp())
    .runs(async () => (await import("./graph.ts")).graph, { steps: FILES, program: true });
  program
    .command("timeline")
    .description("Draw where the time of the last `up` went")
    .forStack()
    .option("--format <format>", "svg or text")
    .addOption(file("where to; the default is timeline.svg, or the terminal"))
    .runs(async () => (await import("./timeline.ts")).timeline, { steps: FILES });

  program
    .command("ps")
    .description("List services and jobs")
    .forStack()
    .option("--json", json)
    .runs(async () => (await import("./ps.ts")).ps);
  program
    .command("logs")
    .description("Show logs")
    .services()
    .forStack()
    .option("-f, --follow", "go on until Ctrl-C")
    .option("-n, --tail <lines>", "how many of the last lines; 200 by default, all with --since")
    .option("--since <time>", "a duration or a time: 10m, 2026-01-02T03:04:05Z")
    .option("--json", "a JSON object for each line")
    .runs(async () => (await import("./logs.ts")).logs);
  program.commandsGroup("Images and jobs:");
  program
    .command("build")
    .description("Build images of this stack anew, from nothing that was kept of earlier builds")
    .services("names of what runs on them; without any, all")
    .changing()
    .showing()
    .runs(async () => (await import("./build.ts")).build, { program: true });
  program
    .command("job")
    .description("Run a job again, on purpose")
    .argument("[job]", "its name")
    .changing()
    .showing()
    .runs(async () => (await import("./job.ts")).job, { program: true });

  program.commandsGroup("Inside of containers:");
  const command = ["-c, --command <text>", "one command, in the program's own language"] as const;
  program
    .command("run")
    .description("Run a command in a container of its own, made as a service's is: run api -- npm test")
    .argument("<service>", "a service or a job that is up")
    .usage("[options] <service> -- <command...>")
    .forStack()
    .option("-c, --command <text>", "the command in one text, for a shell")
    .runs(async () => {
      const { run } = await import("./run.ts");
      return (service: string, options: { command?: string }) => run(service, after, options);
    });
  program
    .command("shell")
    .description("Open a shell in a container, or run a command in it: shell api -- ls -l")
    .argument("[service]", "its name")
    .usage("[options] [service] [-- command...]")
    .forStack()
    .option(...command)
    .runs(async () => clientOf("shell", after));
  for (const [name, server] of [
    ["psql", "PostgreSQL"],
    ["redis-cli", "Redis"],
    ["cypher", "Neo4j"],
    ["mc", "MinIO"],
  ] as const) {
    program
      .command(name)
      .description(`Open ${server}'s own client, signed in`)
      .argument("[service]", "its name, where there are several")
      .usage("[options] [service] [-- arguments...]")
      .forStack()
      .option(...command)
      .runs(async () => clientOf(name, after));
  }

  program.commandsGroup("Settings, state and this machine:");
  program
    .command("config")
    .description("Show the settings in force and where each comes from")
    .forStack()
    .addOption(new Option("--show <what>", "secrets: their values, too").choices(["secrets"]))
    .option("--json", json)
    .runs(async () => (await import("./config.ts")).config, { program: true });
  program
    .command("doctor")
    .description("Look for what is wrong, and say what to do")
    .forStack()
    .option("--json", json)
    .runs(async () => (await import("./doctor.ts")).doctor, { program: true });
  program
    .command("env")
    .description("Write .env with the URLs of what is published")
    .forStack()
    .addOption(file("another file, one that git ignores"))
    .runs(async () => (await import("./env.ts")).env);
  program
    .command("adopt")
    .description("Take over the state of a clone that was moved or deleted")
    .requiredOption("--from <folder>", "its state, as `doctor` names it")
    .waiting()
    .runs(async () => (await import("./adopt.ts")).adopt);
  program
    .command("prune")
    .description("Remove images and stopped leftovers of Stackyard that nothing uses: asks first")
    .option("--match <text>", "only what has this in its name")
    .option("--hours <hours>", "only what is older; 1 by default")
    .option("-y, --yes", yes)
    .waiting()
    .runs(async () => (await import("./prune.ts")).prune);
  program
    .command("lock")
    .description("Refresh the images' digests in images.lock.json")
    .option("--mirror <host>", "a registry with the same repositories")
    .runs(async () => (await import("./lock.ts")).lock);
  program
    .command("images")
    .description("Build the images that come from package registries")
    .runs(async () => (await import("./images.ts")).images, { steps: ["pulumi", "engine", "state"] });
  program
    .command("pulumi")
    .description("Run the right pulumi: pulumi preview -s dev")
    .argument("[words...]", "pulumi's own")
    .changing()
    .option("-c, --command <text>", "its words as one text")
    .passThroughOptions()
    .runs(async () => (await import("./pulumi.ts")).pulumi);
  program
    .command("shellenv")
    .description(`Print the environment for plain pulumi: eval "$(${byMake() ? "make -s" : "npx stackyard"} shellenv)"`)
    .forStack()
    .runs(async () => (await import("./shellenv.ts")).shellenv, { steps: ["pulumi", "state"] });
  program
    .command("setup")
    .description("Make this machine ready, and look again where images come from")
    .runs(async () => (await import("./setup.ts")).setup, { steps: [] });

  program
    .command("complete")
    .description('Print completion for bash, zsh, fish or powershell: eval "$(stackyard complete bash)"')
    .argument("<shell>", "bash, zsh, fish or powershell");
  return program;
}

async function clientOf(verb: "shell" | "psql" | "redis-cli" | "cypher" | "mc", args: readonly string[]) {
  const { client } = await import("./client.ts");
  return (name: string | undefined, options: { command?: string }) => client(verb, name, args, options);
}

/** Runs the command line. @param words without the program's own name. */
export async function main(words: readonly string[]): Promise<void> {
  handleFaults();
  if (words[0] === "complete" && words.length > 1) return (await import("./complete.ts")).complete(words);
  const end = words.includes("--") && words[0] !== "pulumi" ? words.indexOf("--") : words.length;
  const program = commandLineProgram(words.slice(end + 1));
  for (const verb of [program, ...program.commands]) verb.exitOverride();
  try {
    await program.parseAsync(words.slice(0, end), { from: "user" });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    // Help that was asked for is no fault.
    process.exitCode = error.exitCode === 0 ? 0 : 2;
  }
}
