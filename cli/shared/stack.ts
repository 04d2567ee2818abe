import { spawnSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { parse } from "yaml";
import { type EngineApi, engineApi, wrongWith } from "../../components/engines/api.ts";
import { dockerHost } from "../../components/engines/host.ts";

/** The project's folder: where `pulumi` is run. */
export const ROOT = fileURLToPath(new URL("../..", import.meta.url));
export const PROJECT = (parse(readFileSync(`${ROOT}/Pulumi.yaml`, "utf8")) as { name: string }).name;
/** The Pulumi stack that a verb is for. */
export const STACK = process.env.PULUMI_STACK ?? "dev";

/** One resource as state holds it. */
export interface Kept {
  urn: string;
  type: string;
  id?: string;
  /** What its component is called. */
  name: string;
  outputs: Record<string, unknown>;
}

export interface State {
  resources: Kept[];
  /** Operations that an ended `up` had begun and not finished. */
  pending: number;
  /** By which everything of this stack is labelled; absent before the first `up`. */
  id?: string;
}

interface Deployment {
  resources?: { urn: string; type: string; id?: string; outputs?: Record<string, unknown> }[];
  pending_operations?: unknown[];
}

/** This Pulumi stack's state: read from a file where the backend is one, which takes no time, else asked of pulumi. */
export function readState(): State {
  return stateOf(fromFile() ?? fromPulumi());
}

/** Every Pulumi stack's state in a folder of a file backend. */
export function statesIn(backend: string): State[] {
  const folder = `${backend}/stacks`;
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { recursive: true, encoding: "utf8" }).flatMap((path) =>
    path.endsWith(".json") ? [stateOf(deploymentIn(`${folder}/${path}`))] : [],
  );
}

function stateOf(deployment: Deployment | undefined): State {
  const resources = (deployment?.resources ?? []).map(({ urn, type, id, outputs = {} }) => ({
    urn,
    type,
    ...(id === undefined ? {} : { id }),
    name: urn.slice(urn.lastIndexOf("::") + 2),
    outputs,
  }));
  const identity = resources.find(({ type, name }) => type === "pulumi:index:Stash" && name === "identity");
  const id = (identity?.outputs.output as { id?: string } | undefined)?.id;
  return { resources, pending: deployment?.pending_operations?.length ?? 0, ...(id ? { id } : {}) };
}

/** Folder of the file backend, where that is the backend. */
export function backendFolder(): string | undefined {
  const url = process.env.PULUMI_BACKEND_URL ?? "";
  return url.startsWith("file://")
    ? `${url.slice("file://".length).replace(/^~/, process.env.HOME ?? "~")}/.pulumi`
    : undefined;
}

function fromFile(): Deployment | undefined {
  const folder = backendFolder();
  if (!folder) return undefined;
  const file = `${folder}/stacks/${PROJECT}/${STACK}.json`;
  return existsSync(file) ? deploymentIn(file) : {};
}

function deploymentIn(file: string): Deployment {
  return (JSON.parse(readFileSync(file, "utf8")) as { checkpoint: { latest?: Deployment } }).checkpoint.latest ?? {};
}

function fromPulumi(): Deployment | undefined {
  const { status, stdout } = spawnSync("pulumi", ["stack", "export", "--stack", STACK], {
    cwd: ROOT,
    encoding: "utf8",
  });
  return status === 0 ? (JSON.parse(stdout) as { deployment: Deployment }).deployment : undefined;
}

/**
 * The engine that the stack is on. Ends the verb with one sentence where none answers.
 *
 * @param signal by which whatever is asked of it ends.
 */
export async function engine(signal?: AbortSignal): Promise<EngineApi> {
  const at = dockerHost();
  const api = engineApi(at, { signal });
  const wrong = await wrongWith(api, at.host);
  if (wrong === undefined) return api;
  process.stderr.write(`${wrong}\n`);
  process.exit(1);
}

/** Labels of all that belongs to this Pulumi stack. */
export function labels(state: State): Record<string, string> {
  return { "stackyard.project": PROJECT, "stackyard.stack": STACK, ...(state.id ? { "stackyard.id": state.id } : {}) };
}
