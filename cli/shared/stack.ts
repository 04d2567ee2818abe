import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { homedir } from "node:os";
import { dirname, join } from "node:path";
import { parse } from "yaml";
import type { Recorded } from "../../components/engines/inspection.ts";

/** The project's folder, with a slash at its end: where every verb runs, and `pulumi`. */
export const ROOT = `${process.cwd()}/`;
const { name, backend } = parse(readFileSync(`${ROOT}/Pulumi.yaml`, "utf8")) as {
  name: string;
  backend?: { url?: string };
};
export const PROJECT = name;
/** The Pulumi stack that a verb is for. */
export const STACK = process.env.PULUMI_STACK ?? "dev";

/** One resource as state holds it. */
export interface Kept extends Recorded {
  urn: string;
  parent?: string;
  /** Whether pulumi refuses to delete it. */
  protect?: boolean;
  /** Whether another one has taken its place, and pulumi has yet to delete it. */
  replaced?: boolean;
}

export interface State {
  resources: Kept[];
  /** How many operations an interrupted `up` had begun and not finished. */
  pending: number;
  /** The id that everything of this stack carries as a label; absent before the first `up`. */
  id?: string;
}

/** The state of a stack that has been brought up: without an id, nothing on an engine can be recognised as the stack's. */
export type Identified = State & Required<Pick<State, "id">>;

export const isIdentified = (state: State): state is Identified => state.id !== undefined;

interface Deployment {
  resources?: (Omit<Kept, "name" | "outputs" | "replaced"> & { outputs?: Record<string, unknown>; delete?: boolean })[];
  pending_operations?: unknown[];
}

/** This Pulumi stack's state: read from a file where the backend is one, which takes no time, else asked of pulumi. */
export function readState(): State {
  return stateOf(fromFile() ?? fromPulumi());
}

/** Every Pulumi stack's state in the folder of a file backend; undefined in the place of one that cannot be read. */
export const statesIn = (backend: string) => statesBelow(`${backend}/stacks`);

/** The same for a folder that has only states, or copies of them. */
export function statesBelow(folder: string): (State | undefined)[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { recursive: true, encoding: "utf8" }).flatMap((path) => {
    if (!path.endsWith(".json")) return [];
    const deployment = deploymentIn(`${folder}/${path}`);
    return [deployment && stateOf(deployment)];
  });
}

function stateOf(deployment: Deployment | undefined): State {
  const resources = (deployment?.resources ?? []).map((each) => {
    const { urn, type, id, parent, protect, delete: replaced, outputs = {} } = each;
    return {
      urn,
      type,
      ...(id === undefined ? {} : { id }),
      ...(parent === undefined ? {} : { parent }),
      ...(protect ? { protect } : {}),
      ...(replaced ? { replaced } : {}),
      name: nameOf(urn),
      outputs,
    };
  });
  const identity = resources.find(({ type, name }) => type === "pulumi:index:Stash" && name === "identity");
  const id = (identity?.outputs.output as { id?: string } | undefined)?.id;
  return { resources, pending: deployment?.pending_operations?.length ?? 0, ...(id ? { id } : {}) };
}

/** `redis` for `urn:pulumi:dev::stackyard::…::redis`. */
export const nameOf = (urn: string) => urn.slice(urn.lastIndexOf("::") + 2);

/** The folder of the backend, where that is a file backend. */
export function backendFolder(): string | undefined {
  const url = process.env.PULUMI_BACKEND_URL ?? "";
  if (!url.startsWith("file://")) return undefined;
  const path = decodeURIComponent(url.slice("file://".length).replace(/[?#].*/, ""));
  return `${path.replace(/^~/, process.env.HOME ?? "~")}/.pulumi`;
}

/** The folder for what is kept beside the states: that of a file backend; for any other backend, one in the user's state folder. */
export function besideStates(): string {
  const folder = backendFolder();
  if (folder) return dirname(folder);
  const url = process.env.PULUMI_BACKEND_URL ?? backend?.url ?? "";
  const key = createHash("sha256").update(url).digest("hex").slice(0, 8);
  return join(statesFolder(), "elsewhere", key);
}

/** Where each clone of this machine has a folder for its state: as infra/setup/env.sh has it, which a test compares. */
export function statesFolder(): string {
  return join(process.env.XDG_STATE_HOME || join(homedir(), ".local/state"), "stackyard");
}

/** The file that this stack's state is in, where the backend is a folder. */
export function stateFile(): string | undefined {
  const folder = backendFolder();
  return folder && `${folder}/stacks/${PROJECT}/${STACK}.json`;
}

/** The file that the last whole copy of this stack's state is in. */
export const copyFile = () => `${besideStates()}/copies/${PROJECT}/${STACK}.json`;

function fromFile(): Deployment | undefined {
  const file = stateFile();
  if (!file) return undefined;
  if (!existsSync(file)) return {};
  const deployment = deploymentIn(file);
  if (deployment) return deployment;
  process.stderr.write(`${brokenState(file)}\n`);
  process.exit(1);
}

/** Undefined where the file is cut off. */
function deploymentIn(file: string): Deployment | undefined {
  try {
    return (JSON.parse(readFileSync(file, "utf8")) as { checkpoint: { latest?: Deployment } }).checkpoint.latest ?? {};
  } catch (error) {
    if (error instanceof SyntaxError || error instanceof TypeError) return undefined;
    throw error;
  }
}

/** Which file is cut off, which copy of it is whole, and how to restore that; undefined where nothing is cut off. */
export function brokenState(file = stateFile()): string | undefined {
  if (!file || !existsSync(file) || deploymentIn(file)) return undefined;
  const what = `The state of stack ${STACK} cannot be read: ${file} is cut off, as on a disk that is full.`;
  const copies = [copyFile(), `${file}.bak`].flatMap((copy) => {
    const deployment = existsSync(copy) ? deploymentIn(copy) : undefined;
    return deployment ? [{ copy, at: statSync(copy).mtime, resources: deployment.resources?.length ?? 0 }] : [];
  });
  const [newest] = copies.sort((a, b) => b.at.getTime() - a.at.getTime());
  if (!newest) return `${what} No whole copy of it is here: bring one back from a backup.`;
  return (
    `${what} The last whole copy is of ${newest.at.toISOString()}, with ${newest.resources} resources. ` +
    `Make room on that disk, bring it back, and run the same again:\n  cp ${quoted(newest.copy)} ${quoted(file)}`
  );
}

/** A word quoted for a shell. */
export const quoted = (word: string) => (/^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`);

function fromPulumi(): Deployment | undefined {
  const { status, stdout, stderr } = spawnSync("pulumi", ["stack", "export", "--stack", STACK], {
    cwd: ROOT,
    encoding: "utf8",
  });
  if (status === 0) return (JSON.parse(stdout) as { deployment: Deployment }).deployment;
  if (/no stack named/.test(stderr)) return undefined;
  process.stderr.write(stderr);
  process.exit(1);
}

/** The labels of everything that belongs to this Pulumi stack. */
export function labels({ id }: Identified): Record<string, string> {
  return { "stackyard.project": PROJECT, "stackyard.stack": STACK, "stackyard.id": id };
}
