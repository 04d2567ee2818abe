import { spawnSync } from "node:child_process";
import { chmodSync, existsSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { bareUrl, envLine } from "./shared/env-file.ts";
import { ROOT, STACK } from "./shared/stack.ts";

// make env [file=.env]: the URLs and API keys of what is published on this host, for an application that runs outside of Docker.
// A relative path is one below the project's folder.

const HEAD = "# Written by `make env`";
const file = process.env.file || ".env";
const path = resolve(ROOT, file);
if (existsSync(path) && !readFileSync(path, "utf8").startsWith(HEAD))
  refuse(
    `${file} is somebody's own: it was not written by \`make env\`. Name another one: make env file=.env.stackyard`,
  );
const git = (...args: string[]) => spawnSync("git", ["-C", dirname(path), ...args, path], { stdio: "ignore" }).status;
if (git("ls-files", "--error-unmatch") === 0)
  refuse(`${file} is tracked by git, and would hold passwords. Name another one: make env file=.env.stackyard`);
// 128 is: no work tree.
if (git("check-ignore", "--quiet") === 1)
  refuse(
    `${file} is not ignored by git, and would hold passwords: name it in .gitignore, or take another one: make env file=.env.stackyard`,
  );
const output = (name: string) => {
  const { status, stdout, stderr } = spawnSync(
    "pulumi",
    ["stack", "output", name, "--json", "--show-secrets", "--stack", STACK],
    { cwd: ROOT, encoding: "utf8" },
  );
  if (status === 0) return JSON.parse(stdout) as Record<string, unknown>;
  process.stderr.write(`stack ${STACK} has nothing to tell yet; \`make dev\` brings it up\n${stderr}`);
  process.exit(1);
};
const addresses = output("addresses") as Record<string, { host?: string }>;
const published = Object.entries(output("urls")).filter(([name]) => addresses[name]?.host);
const apiKeys = output("apiKeys");
const values = published.flatMap(([name, url]) => {
  const prefix = name.toUpperCase().replaceAll("-", "_");
  const key = apiKeys[name] ? [[`${prefix}_API_KEY`, String(apiKeys[name])] as const] : [];
  return [[`${prefix}_URL`, bareUrl(String(url))] as const, ...key];
});
const lines = values.map(([name, value]) => {
  const line = envLine(name, value);
  if (line !== undefined) return line;
  return refuse(
    `${name}: no quotes carry it to a shell, Node.js and Docker Compose alike, because it has a line break, a \\ at its end, or ' ` +
      `beside one of " \\ $ \`. ${file} was not written; make pulumi ARGS="stack output apiKeys --show-secrets -s ${STACK}" shows it`,
  );
});
const fresh = `${path}.${process.pid}`;
writeFileSync(fresh, `${[`${HEAD} for stack ${STACK}: holds passwords.`, ...lines].join("\n")}\n`, { mode: 0o600 });
chmodSync(fresh, 0o600);
renameSync(fresh, path);
process.stdout.write(`${file}: ${published.map(([name]) => name).join(", ")}\n`);

function refuse(text: string): never {
  process.stderr.write(`${text}\n`);
  process.exit(1);
}
