import { existsSync, readdirSync, rmSync, statSync } from "node:fs";
import { BUILT } from "../../components/core/support/built-image.ts";
import type { Inspection, Thing } from "../../components/engines/inspection.ts";
import { reachEngine } from "./engine.ts";
import { hold } from "./hold.ts";
import { pulumiInOneLine, sayBackend } from "./pulumi.ts";
import { isReadyGate } from "./serving.ts";
import {
  backendFolder,
  type Identified,
  isIdentified,
  labels,
  PROJECT,
  readState,
  STACK,
  type State,
} from "./stack.ts";

const say = (text: string) => process.stderr.write(`${text}\n`);

/**
 * Begins a verb that changes the stack through pulumi: holds the stack, and removes what an interrupted run has left behind.
 *
 * @param check is given the state before anything is touched, and may end the verb.
 * @param oneOffs whether to end the commands of `run` as well: they are attached to networks that are to go.
 */
export async function begin(
  check: (state: State, engine: Inspection) => Promise<void> | void = () => {},
  { oneOffs = false } = {},
) {
  sayBackend();
  await hold();
  dropEmptyAttributes();
  const engine = await reachEngine();
  const state = readState();
  await check(state, engine);
  // Not with a backend that others share: somebody else may be making what is in no state yet.
  if (backendFolder() && isIdentified(state)) await sweep(engine, state, { data: false, oneOffs });
  if (state.pending === 0) return { engine, state };
  // What was being made is now removed or in state, and pulumi's note of it can go. On a terminal pulumi asks before it drops one,
  // even with `--yes`.
  const dropPending = ["--clear-pending-creates", "--non-interactive"];
  const refresh = ["refresh", "--yes", "--skip-preview", "--suppress-outputs", ...dropPending];
  const code = await pulumiInOneLine("the last run was cut short: looking at what it has left", refresh);
  if (code !== 0) process.exit(code);
  return { engine, state: readState() };
}

/**
 * Beside each state the file backend keeps a file of attributes, and does not replace it in one step as it does the state. A run
 * that is killed at that moment leaves it empty, and each pulumi command then fails with "failed to load checkpoint: EOF". Without
 * the file, pulumi works.
 */
function dropEmptyAttributes(): void {
  const folder = `${backendFolder()}/stacks/${PROJECT}`;
  if (!existsSync(folder)) return;
  for (const name of readdirSync(folder)) {
    const file = `${folder}/${name}`;
    if (name.startsWith(`${STACK}.json`) && name.endsWith(".attrs") && statSync(file).size === 0) rmSync(file);
  }
}

/**
 * Removes what has this stack's labels and is not in its state: what a killed run had made and not recorded. The caller has to hold
 * the stack.
 *
 * @param data whether to remove volumes with data in them and the images that this stack built, too: only after a confirmed clean
 * slate. Otherwise such volumes are reported and left alone.
 */
export async function sweep(
  engine: Inspection,
  state: Identified,
  { data, oneOffs }: { data: boolean; oneOffs: boolean },
): Promise<void> {
  const strays = await engine.strays(labels(state), state.resources, oneOffs);
  const sweepOne = async (stray: Thing) => {
    const { kind, name } = stray;
    if (!data && (await engine.holdsData(stray))) {
      say(
        `volume ${name} is in no state, and is left alone: it may hold data. \`docker volume rm ${name}\` removes it.`,
      );
      return;
    }
    say(`removing ${kind} ${name}: it is in no state`);
    await engine.remove(stray, { evenInUse: true });
  };
  // Containers first: what they are attached to can only be removed after them.
  const [containers = [], others = []] = [true, false].map((isContainer) =>
    strays.filter(({ kind }) => (kind === "container") === isContainer),
  );
  await Promise.all(containers.map(sweepOne));
  await Promise.all(others.map(sweepOne));
  if (data) {
    const images = await engine.imagesNamed(`${BUILT}${PROJECT}-${STACK}-*:${state.id}-*`);
    await Promise.all(images.map((image) => engine.remove(image, { evenInUse: true })));
  }
}

/** In words, what is in state but missing on the engine, or does not run there. Empty when all is as it should be. */
export async function drift(engine: Inspection, state: State): Promise<string[]> {
  if (!isIdentified(state)) return [];
  const found = await engine.drift(labels(state), state.resources);
  return found.map(({ kind, name, found }) => `${kind} ${name} is ${found}`);
}

/**
 * Starts services that have been stopped, in the containers that they have, and does not wait for them.
 *
 * @returns the arguments for `pulumi up` by which it waits until each is ready again: its gate was passed before it was stopped.
 */
export async function startStopped(engine: Inspection, state: State): Promise<string[]> {
  if (!isIdentified(state)) return [];
  const stopped = (await engine.list(labels(state))).filter(
    (each) => each.kind === "service" && each.state === "stopped",
  );
  const started = await Promise.all(stopped.map((each) => engine.startAsIs(each)));
  const anew = stopped.filter((_, at) => started[at]);
  return state.resources.flatMap(({ type, name, urn }) =>
    type === "pulumi:index:Stash" && anew.some(({ service }) => isReadyGate(name, service)) ? ["--replace", urn] : [],
  );
}
