import { spawnSync } from "node:child_process";
import { chmodSync, existsSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { ROOT, STACK } from "./shared/stack.ts";

// make env [file=.env]: the URLs and API keys of what is published on this host, for an application that runs outside of Docker.

const HEAD = "# Written by `make env`";
const file = process.env.file || ".env";
const path = `${ROOT}${file}`;
if (existsSync(path) && !readFileSync(path, "utf8").startsWith(HEAD)) {
  process.stderr.write(
    `${file} is somebody's own: it was not written by \`make env\`. Name another one: make env file=NAME\n`,
  );
  process.exit(1);
}
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
const lines = published.flatMap(([name, url]) => {
  const prefix = name.toUpperCase().replaceAll("-", "_");
  return [`${prefix}_URL=${url}`, ...(apiKeys[name] ? [`${prefix}_API_KEY=${apiKeys[name]}`] : [])];
});
const fresh = `${path}.${process.pid}`;
writeFileSync(fresh, `${[`${HEAD} for stack ${STACK}: holds passwords.`, ...lines].join("\n")}\n`, { mode: 0o600 });
chmodSync(fresh, 0o600);
renameSync(fresh, path);
process.stdout.write(`${file}: ${published.map(([name]) => name).join(", ")}\n`);
