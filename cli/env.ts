import { spawnSync } from "node:child_process";
import { existsSync, readFileSync, statSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { replaceFile } from "../components/core/support/replace-file.ts";
import { commandLine, pulumiCommand } from "../components/engines/command-line.ts";
import { commandFor } from "./shared/command.ts";
import { bareUrl, envLine } from "./shared/env-file.ts";
import { isIdentified, ROOT, readState, STACK } from "./shared/stack.ts";

/** What a file begins with that is ours. */
const HEAD = /^# Written by `(make|npx stackyard) env`/;

/**
 * Writes the URLs and API keys of what is published on this host into a file, for an application that runs outside of Docker.
 *
 * @param file a relative path is one below the project's folder. @default ".env"
 */
export async function env({ file = ".env" }: { file?: string }): Promise<void> {
  const alternative = commandFor("env", "file=.env.stackyard");
  const path = resolve(ROOT, file);
  if (statSync(path, { throwIfNoEntry: false })?.isDirectory())
    refuse(`${file} is a folder: name a file, as in ${alternative}`);
  if (existsSync(path) && !HEAD.test(readFileSync(path, "utf8")))
    refuse(
      `${file} is somebody's own: it was not written by \`${commandLine("env")}\`. Name another one: ${alternative}`,
    );
  const git = (...args: string[]) => spawnSync("git", ["-C", dirname(path), ...args, path], { stdio: "ignore" }).status;
  if (git("ls-files", "--error-unmatch") === 0)
    refuse(`${file} is tracked by git, and would hold passwords. Name another one: ${alternative}`);
  // The exit code is 128 where there is no work tree.
  if (git("check-ignore", "--quiet") === 1)
    refuse(
      `${file} is not ignored by git, and would hold passwords: name it in .gitignore, or take another one: ${alternative}`,
    );
  const nothing = `stack ${STACK} has nothing to tell yet; \`${commandFor("dev")}\` brings it up`;
  if (!isIdentified(readState())) refuse(nothing);
  const { status, stdout, stderr } = spawnSync(
    "pulumi",
    ["stack", "output", "--json", "--show-secrets", "--stack", STACK],
    { cwd: ROOT, encoding: "utf8" },
  );
  if (status !== 0) refuse(stderr.trimEnd());
  const {
    addresses = {},
    urls = refuse(nothing),
    apiKeys = {},
  } = JSON.parse(stdout) as {
    addresses?: Record<string, { host?: string }>;
    urls?: Record<string, string>;
    apiKeys?: Record<string, string>;
  };
  const published = Object.entries(urls).filter(([name]) => addresses[name]?.host);
  const values = published.flatMap(([name, url]) => {
    const prefix = name.toUpperCase().replaceAll("-", "_");
    const key = apiKeys[name] ? [[`${prefix}_API_KEY`, apiKeys[name]] as const] : [];
    return [[`${prefix}_URL`, bareUrl(url)] as const, ...key];
  });
  const lines = values.map(([name, value]) => {
    const line = envLine(name, value);
    if (line !== undefined) return line;
    return refuse(
      `${name}: no quotes carry it to a shell, Node.js and Docker Compose alike, because it has a line break, a \\ at its end, or ' ` +
        `beside one of " \\ $ \`. ${file} was not written; ${pulumiCommand(`stack output apiKeys --show-secrets -s ${STACK}`)} shows it`,
    );
  });
  replaceFile(
    path,
    `${[`# Written by \`${commandLine("env")}\` for stack ${STACK}: holds passwords.`, ...lines].join("\n")}\n`,
  );
  process.stdout.write(`${file}: ${published.map(([name]) => name).join(", ")}\n`);
}

function refuse(text: string): never {
  throw new Error(text);
}
