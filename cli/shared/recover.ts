import { existsSync, readdirSync, rmSync, statSync } from "node:fs";
import { BUILT } from "../../components/core/support/built-image.ts";
import type { Inspection, Thing } from "../../components/engines/inspection.ts";
import { reachEngine } from "./engine.ts";
import { hold } from "./hold.ts";
import { pulumi, sayBackend } from "./pulumi.ts";
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
 * What a verb that changes the stack through pulumi begins with: it holds the stack, and removes what an interrupted run has left
 * behind.
 *
 * @param first looks at the state, and may end the verb, before anything is touched.
 */
export async function begin(first: (state: State, engine: Inspection) => Promise<void> | void = () => {}) {
  sayBackend();
  await hold();
  dropEmptyAttributes();
  const engine = await reachEngine();
  const state = readState();
  await first(state, engine);
  // In a backend that others share, somebody else may be making what is in no state yet.
  if (backendFolder() && isIdentified(state)) await sweep(engine, state, { data: false });
  if (state.pending === 0) return { engine, state };
  // What was being made has been removed or is in state; the note that it was being made is of no more use. On a terminal pulumi
  // asks before it drops one, whatever `--yes` says.
  const forget = ["--clear-pending-creates", "--non-interactive"];
  const code = await pulumi(["refresh", "--yes", "--skip-preview", "--suppress-outputs", ...forget]);
  if (code !== 0) process.exit(code);
  return { engine, state: readState() };
}

/**
 * Beside each file the backend keeps one of attributes, which it does not replace in one step as it does the file: a run that is
 * killed at that moment leaves it empty, and "failed to load checkpoint: EOF" is all that pulumi says from then on. It does
 * without one that is not there.
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
 * Removes what carries this stack's labels and is not in its state: what a killed run had made and not written down. To be called
 * by whoever holds the stack.
 *
 * @param data whether volumes with data in them go too, and images built by this stack: only after a confirmed clean slate.
 * Otherwise the volumes are named.
 */
export async function sweep(engine: Inspection, state: Identified, { data }: { data: boolean }): Promise<void> {
  const strays = await engine.strays(labels(state), state.resources);
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
  // What is attached goes before what it is attached to.
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

/** What is in state and not on the engine, or is there and does not run, in words; nothing when all is as it should be. */
export async function drift(engine: Inspection, state: State): Promise<string[]> {
  if (!isIdentified(state)) return [];
  const found = await engine.drift(labels(state), state.resources);
  return found.map(({ kind, name, found }) => `${kind} ${name} is ${found}`);
}
