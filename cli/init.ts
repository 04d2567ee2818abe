import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { basename, dirname, join, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { DATABASES, type DatabaseName, isDatabase } from "./init/databases.ts";
import { projectFiles } from "./init/files.ts";
import { VERSIONS } from "./init/versions.ts";

export interface InitOptions {
  /** Whether not to ask. */
  yes?: boolean;
  /** `postgres,redis`. @default - asked for; with `yes`, postgres */
  databases?: string;
  /** Whether it has a small API, to begin with. @default true */
  api: boolean;
  /** The project's name. @default - the folder's */
  project?: string;
  /** Whether npm installs what the project needs. @default true */
  install: boolean;
}

/** What may be there already; it is kept. */
const KEPT = ["package.json", "package-lock.json", "node_modules", ".git"];
const STACKYARD = fileURLToPath(import.meta.resolve("stackyard/package.json"));

interface Package {
  name?: string;
  version?: string;
  type?: string;
  scripts?: Record<string, string>;
  dependencies?: Record<string, string>;
  devDependencies?: Record<string, string>;
}

/** Writes a small project into this folder, which has to be empty but for npm's files. Nothing that is there is replaced. */
export async function init(options: InitOptions): Promise<void> {
  const others = readdirSync(".").filter((name) => !KEPT.includes(name));
  if (others.length > 0) {
    throw new Error(
      `This folder should be empty, or have only npm's files and .git, got ${others.slice(0, 5).join(", ")}: make a new one. ` +
        "Nothing was written.",
    );
  }
  const given = readPackage("package.json");
  const name = options.project ?? nameFor(basename(resolve(".")));
  if (!/^[a-z][a-z0-9-]{0,39}$/.test(name)) {
    throw new Error(`--project should be 1 to 40 of a-z, 0-9 and -, a letter first, got ${name}. Nothing was written.`);
  }
  const plan = { name, ...(options.yes || !process.stdin.isTTY ? chosen(options) : await asked(options)) };
  for (const [path, text] of Object.entries(projectFiles(plan))) {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text, { flag: "wx" });
    process.stdout.write(`${path}\n`);
  }
  writeFileSync("package.json", `${JSON.stringify(packageWith(given ?? { name }), null, 2)}\n`);
  const changed = given && given.type !== "module";
  process.stdout.write(
    `package.json${changed ? ': "type" is "module" now, because a program has `import` and `await` at its top' : ""}\n`,
  );
  if (options.install) install();
  process.stdout.write(
    "\nnpx stackyard dev      brings it up; the first time, it makes this machine ready\nstacks/app.ts          is what is deployed\n",
  );
}

/** A name for a project from that of its folder. */
const nameFor = (folder: string) =>
  folder
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, "-")
    .replace(/^[^a-z]+|-+$/g, "")
    .slice(0, 40) || "app";

function chosen({ databases = "postgres", api, yes }: InitOptions) {
  if (!yes) throw new Error("There is no terminal to ask on: --yes takes what --databases says. Nothing was written.");
  const names = databases.split(",").filter((name) => name !== "");
  const unknown = names.filter((name) => !isDatabase(name));
  if (unknown.length > 0) {
    throw new Error(
      `--databases should be of ${Object.keys(DATABASES).join(", ")}, got ${unknown.join(", ")}. Nothing was written.`,
    );
  }
  return { databases: names.filter(isDatabase), api };
}

async function asked({ databases = "postgres", api }: InitOptions) {
  const { cancel, confirm, isCancel, multiselect } = await import("@clack/prompts");
  const answered = <T>(answer: T): Exclude<T, symbol> => {
    if (!isCancel(answer)) return answer as Exclude<T, symbol>;
    cancel("Nothing was written.");
    process.exit(130);
  };
  const names = answered(
    await multiselect<DatabaseName>({
      message: "Which databases?",
      options: Object.entries(DATABASES).map(([value, { hint }]) => ({ value: value as DatabaseName, hint })),
      initialValues: databases.split(",").filter(isDatabase),
      required: false,
    }),
  );
  return {
    databases: names,
    api: answered(await confirm({ message: "A small API that uses them, to begin with?", initialValue: api })),
  };
}

function readPackage(file: string): Package | undefined {
  return existsSync(file) ? (JSON.parse(readFileSync(file, "utf8")) as Package) : undefined;
}

/** A package.json with what a project needs added. */
function packageWith(given: Package): Package {
  const own = readPackage(STACKYARD);
  // What stands there is kept, and comes first.
  const dependencies = {
    ...given.dependencies,
    stackyard: installedFrom() ?? `^${own?.version}`,
    ...VERSIONS,
    ...given.dependencies,
  };
  return {
    ...given,
    type: "module",
    scripts: { dev: "stackyard dev", ...given.scripts },
    dependencies,
    devDependencies: { "@types/node": "^24.0.0", typescript: "^6.0.0", ...given.devDependencies },
  };
}

/** The file that npm has installed this Stackyard from; undefined where a registry has it. */
function installedFrom(): string | undefined {
  const modules = resolve(dirname(STACKYARD), "..");
  const lock = join(modules, ".package-lock.json");
  if (!existsSync(lock)) return undefined;
  const { packages } = JSON.parse(readFileSync(lock, "utf8")) as { packages: Record<string, { resolved?: string }> };
  const path = /^file:(.+\.tgz)$/.exec(packages["node_modules/stackyard"]?.resolved ?? "")?.[1];
  return path && `file:${relative(".", resolve(dirname(modules), path))}`;
}

function install(): void {
  process.stdout.write("\nnpm install\n");
  // The packages' install scripts only fetch what set-up gets anyway.
  const { status } = spawnSync("npm", ["install", "--ignore-scripts", "--no-audit", "--no-fund"], { stdio: "inherit" });
  if (status !== 0) throw new Error("npm install failed, see above. The project is written: run that again.");
}
