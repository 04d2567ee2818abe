import { existsSync, readdirSync, rmSync, statSync } from "node:fs";
import { BUILT } from "../../components/core/support/built-image.ts";
import type { EngineApi } from "../../components/engines/containers/api.ts";
import { hold } from "./hold.ts";
import { pulumi, sayBackend } from "./pulumi.ts";
import {
  backendFolder,
  engine,
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
 * What a verb begins with that changes the stack through pulumi: it holds the stack, and what a run that was ended in its middle
 * has left is put away.
 *
 * @param first looks at the state, and may end the verb, before anything is touched.
 */
export async function begin(first: (state: State, api: EngineApi) => Promise<void> | void = () => {}) {
  sayBackend();
  await hold();
  dropEmptyAttributes();
  const api = await engine();
  const state = readState();
  await first(state, api);
  // In a backend that others share, somebody else may be making what is in no state yet.
  if (backendFolder() && isIdentified(state)) await sweep(api, state, { data: false });
  if (state.pending === 0) return { api, state };
  // What was being made is swept away or in state; the note that it was being made is of no more use. On a terminal pulumi asks
  // before it drops one, whatever `--yes` says.
  const forget = ["--clear-pending-creates", "--non-interactive"];
  const code = await pulumi(["refresh", "--yes", "--skip-preview", "--suppress-outputs", ...forget]);
  if (code !== 0) process.exit(code);
  return { api, state: readState() };
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
 * by who holds the stack.
 *
 * @param data whether volumes with data in them go too, and images built by this stack: after a confirmed clean slate only.
 * Otherwise the volumes are named.
 */
export async function sweep(api: EngineApi, state: Identified, { data }: { data: boolean }): Promise<void> {
  const known = new Set(state.resources.flatMap(({ id }) => id ?? []));
  const mine = labels(state);
  const strayContainers = (await api.list(mine)).filter(({ id }) => !known.has(id));
  await Promise.all(
    strayContainers.map(async ({ id, name }) => {
      say(`removing container ${name}: it is in no state`);
      await api.remove(id, 60);
    }),
  );
  const [networks, volumes] = await Promise.all([api.networks(mine), api.volumes(mine)]);
  await Promise.all([
    ...networks
      .filter(({ id }) => !known.has(id))
      .map(async ({ id, name }) => {
        say(`removing network ${name}: it is in no state`);
        await api.removeNetwork(id, true);
      }),
    ...volumes
      .filter(({ name }) => !known.has(name))
      .map(async ({ name, labels }) => {
        if (labels["stackyard.kind"] === "data" && !data && (await api.volumeBytes(name)) !== 0) {
          say(
            `volume ${name} is in no state, and is left alone: it may hold data. \`docker volume rm ${name}\` removes it.`,
          );
          return;
        }
        say(`removing volume ${name}: it is in no state`);
        await api.removeVolume(name);
      }),
  ]);
  if (data) {
    const images = await api.imageNames(`${BUILT}${PROJECT}-${STACK}-*:${state.id}-*`);
    await Promise.all(images.map((name) => api.removeImage(name)));
  }
}

/** What is in state and not on the engine, or there and not running, in words; nothing when all is as it should be. */
export async function drift(api: EngineApi, state: State): Promise<string[]> {
  if (!isIdentified(state)) return [];
  const of = (type: string) => state.resources.filter((each) => each.type === type && each.id !== undefined);
  const containers = of("docker:index/container:Container");
  const mine = labels(state);
  const images = of("docker:index/remoteImage:RemoteImage");
  const [there, networks, volumes, held] = await Promise.all([
    api.list(mine),
    api.networks(mine),
    api.volumes(mine),
    Promise.all(images.map(({ outputs }) => api.hasImage(String(outputs.imageId)))),
  ]);
  const byId = new Map(there.map((each) => [each.id, each]));
  return [
    ...containers.flatMap(({ id = "", name, outputs }) => {
      const found = byId.get(id);
      if (!found) return [`container ${name} is gone`];
      // One that is paused, or started again and again, runs to a refresh: what is not well is no drift.
      const stopped = ["created", "exited", "dead"].includes(found.state);
      return outputs.mustRun !== false && stopped ? [`container ${name} is ${found.state}`] : [];
    }),
    ...of("docker:index/network:Network")
      .filter(({ id }) => !networks.some((each) => each.id === id))
      .map(({ name }) => `network ${name} is gone`),
    ...of("docker:index/volume:Volume")
      .filter(({ id }) => !volumes.some((each) => each.name === id))
      .map(({ name }) => `volume ${name} is gone`),
    ...images.filter((_, at) => !held[at]).map(({ name }) => `image ${name} is gone`),
  ];
}
