import { spawnSync } from "node:child_process";
import { Settings } from "../../stacks/config.ts";
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
  const given = Object.fromEntries(set.map(([key, { value, objectValue }]) => [key, objectValue ?? plain(value)]));
  /** Keys whose values are secret and are not shown. */
  const hidden = new Set(set.flatMap(([key, { secret }]) => (secret && !secrets ? [key] : [])));
  const { data, error } = Settings.safeParse(given);
  return { given, hidden, ...(error ? {} : { settings: data }) };
}

/** The CLI hands single values on as texts. */
function plain(value: string | undefined): unknown {
  try {
    return JSON.parse(value ?? "");
  } catch {
    return value;
  }
}
