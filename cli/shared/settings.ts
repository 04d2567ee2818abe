import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { parse } from "yaml";
import { checkSettings, type Settings, settingsOf } from "../../components/program/settings.ts";
import { stackFile } from "../stackfile.ts";
import { PROJECT, ROOT, STACK } from "./stack.ts";

type Values = Record<string, unknown>;

/** Where the stack programs are. */
const PROGRAMS = `${ROOT}stacks`;

/**
 * What is set for this stack, by key without the project's name, and what the program makes of it. Read from files, which takes
 * no time and makes no stack; where secrets are to be shown, by pulumi, which alone can read them. Ends the verb where it cannot.
 *
 * @param programs where the stack programs are.
 * @returns `hidden`: keys whose values are secret and are not shown; their values are undefined.
 */
export async function readSettings({ secrets }: { secrets: boolean }, programs = PROGRAMS) {
  const files = inFiles(STACK, { own: true });
  const secret = Object.keys(files).filter((key) => holdsSecret(files[key]));
  const hidden = new Set(secrets ? [] : secret);
  const given = secrets && secret.length > 0 ? shownByPulumi() : files;
  for (const key of hidden) given[key] = undefined;
  return { given, hidden, ...(await checkSettings(given, STACK, programs)) };
}

/**
 * The settings of a stack from its files, for what needs no secret. In the place of one is a text.
 *
 * @param own whether what is this clone's own counts; else what is tracked alone.
 * @param above what would be set besides, by key and its members. @default {}
 * @param programs where the stack programs are.
 * @throws ArgsError as the program does.
 */
export function settingsInFiles(
  stack: string,
  { own, above = {} }: { own: boolean; above?: Record<string, Values> },
  programs = PROGRAMS,
): Promise<Settings> {
  const files = inFiles(stack, { own });
  for (const [key, members] of Object.entries(above)) files[key] = { ...(files[key] as Values), ...members };
  return settingsOf(withoutSecrets(files) as Values, stack, programs);
}

/** What is set in a stack's files, over the defaults of Pulumi.yaml, by key without the project's name. */
export function inFiles(stack: string, which: { own: boolean }): Values {
  const { config: declared = {} } = parse(readFileSync(`${ROOT}Pulumi.yaml`, "utf8")) as {
    config?: Record<string, { default?: unknown }>;
  };
  const defaults = Object.entries(declared).flatMap(([key, value]) =>
    "default" in value ? [[key, value.default] as const] : [],
  );
  return { ...Object.fromEntries(defaults), ...ofProject(stackFile(stack, which).config ?? {}) };
}

/** A stack file has secrets as `secure: …`, at any depth. */
const isSecret = (value: unknown) => typeof value === "object" && value !== null && "secure" in value;
const holdsSecret = (value: unknown): boolean =>
  isSecret(value) || (typeof value === "object" && value !== null && Object.values(value).some(holdsSecret));
const withoutSecrets = (value: unknown): unknown =>
  JSON.parse(JSON.stringify(value), (_, each) => (isSecret(each) ? "a secret" : each));

function shownByPulumi(): Values {
  const { status, stdout, stderr } = spawnSync("pulumi", ["config", "--json", "--show-secrets", "--stack", STACK], {
    cwd: ROOT,
    encoding: "utf8",
  });
  if (status !== 0) {
    process.stderr.write(stderr);
    process.exit(1);
  }
  const set = ofProject(JSON.parse(stdout) as Record<string, { value?: string; objectValue?: unknown }>);
  return Object.fromEntries(Object.entries(set).map(([key, { value, objectValue }]) => [key, objectValue ?? value]));
}

function ofProject<T>(config: Record<string, T>): Record<string, T> {
  const prefix = `${PROJECT}:`;
  return Object.fromEntries(
    Object.entries(config).flatMap(([key, value]) =>
      key.startsWith(prefix) ? [[key.slice(prefix.length), value] as const] : [],
    ),
  );
}
