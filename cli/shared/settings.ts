import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { parse } from "yaml";
import { ArgsError } from "../../components/core/args.ts";
import { checkSettings, type Settings, settingsOf } from "../../stacks/config.ts";
import { stackFile } from "../stackfile.ts";
import { PROJECT, ROOT, STACK } from "./stack.ts";

interface Shown {
  value?: string;
  objectValue?: unknown;
  secret: boolean;
}

/** What is set for this stack, as pulumi tells it, and what the program makes of it. Ends the verb where pulumi cannot tell. */
export function readSettings({ secrets }: { secrets: boolean }) {
  const { status, stdout, stderr } = spawnSync(
    "pulumi",
    ["config", "--json", ...(secrets ? ["--show-secrets"] : []), "--stack", STACK],
    { cwd: ROOT, encoding: "utf8" },
  );
  if (status !== 0) {
    process.stderr.write(stderr);
    process.exit(1);
  }
  const prefix = `${PROJECT}:`;
  const set = Object.entries(JSON.parse(stdout) as Record<string, Shown>).flatMap(([key, shown]) =>
    key.startsWith(prefix) ? [[key.slice(prefix.length), shown] as const] : [],
  );
  /** By key, without the project's name. */
  const given = Object.fromEntries(set.map(([key, { value, objectValue }]) => [key, objectValue ?? value]));
  /** Keys whose values are secret and are not shown. */
  const hidden = new Set(set.flatMap(([key, { secret }]) => (secret && !secrets ? [key] : [])));
  return { given, hidden, ...checkSettings(given, STACK) };
}

/**
 * The same from the stack's files, which takes no pulumi and no time: for what needs no secret. In the place of one is a text.
 *
 * @param own whether what is this clone's own counts; else what is tracked alone.
 * @throws ArgsError as the program does.
 */
export function settingsInFiles(stack: string, { own }: { own: boolean }): Settings {
  const prefix = `${PROJECT}:`;
  const { config: declared = {} } = parse(readFileSync(`${ROOT}Pulumi.yaml`, "utf8")) as {
    config?: Record<string, { default?: unknown }>;
  };
  const defaults = Object.entries(declared).flatMap(([key, value]) =>
    "default" in value ? [[key, value.default]] : [],
  );
  const set = Object.entries(stackFile(stack, { own }).config ?? {}).flatMap(([key, value]) =>
    key.startsWith(prefix) ? [[key.slice(prefix.length), withoutSecrets(value)]] : [],
  );
  const { filled, keys, faults } = checkSettings(Object.fromEntries([...defaults, ...set]), stack);
  if (!filled) throw new ArgsError(`Pulumi.${stack}.yaml has bad settings`, faults);
  return settingsOf(filled, keys);
}

/** A stack file has secrets as `secure: …`. */
const withoutSecrets = (value: unknown): unknown =>
  JSON.parse(JSON.stringify(value), (_, each) =>
    typeof each === "object" && each !== null && "secure" in each ? "a secret" : each,
  );
