import { existsSync, readdirSync } from "node:fs";
import { BUILT, builtImage } from "../components/core/support/built-image.ts";
import { flag } from "../components/engines/command-line.ts";
import { cloneState, stateFolders } from "./shared/clones.ts";
import { confirm } from "./shared/confirm.ts";
import { reachEngine } from "./shared/engine.ts";
import { hold } from "./shared/hold.ts";
import { type Leftover, leftovers } from "./shared/leftovers.ts";
import { backendFolder, ROOT, readState, statesIn } from "./shared/stack.ts";
import { table } from "./shared/table.ts";

export interface PruneOptions {
  /** Only what has this text in its name. @default "" */
  match?: string;
  /** Only what is older than this. @default "1" */
  hours?: string;
  /** Whether not to ask. */
  yes?: boolean;
}

/** Removes what nothing uses: images built here, and stopped containers and networks of stacks that are gone. Never a volume. */
export async function prune({ match = "", hours: least = "1", yes }: PruneOptions): Promise<number> {
  const hours = Number(least);
  if (!(hours >= 0)) throw new Error(`${flag("hours")} should be a number, 0 or more, got ${least}`);
  await hold();
  const engine = await reachEngine();

  const clones = stateFolders().map(cloneState);
  const backend = backendFolder();
  const states = [readState(), ...clones.flatMap(({ states }) => states), ...statesIn(backend ?? "")];
  const known = states.filter((state) => state !== undefined);

  const found = leftovers({
    images: await engine.images(BUILT),
    labelled: await engine.labelled("stackyard.id"),
    states: known,
    // Stacks in another backend are not seen here, and one whose state is cut off may still exist.
    complete: backend !== undefined && known.length === states.length,
    current: new Set([ROOT, ...clones.flatMap(({ clone }) => (clone ? [`${clone}/`] : []))].flatMap(builtFrom)),
    before: new Date(Date.now() - hours * 3_600_000),
  }).filter(({ thing }) => thing.name.includes(match));

  const megabytes = (bytes: number) => `${(bytes / 1e6).toFixed(0)} MB`;
  const sum = (some: readonly Leftover[]) => megabytes(some.reduce((total, { bytes }) => total + bytes, 0));
  const cache = megabytes((await engine.usage()).buildCacheBytes);
  process.stdout.write(
    `Build caches hold ${cache}. They are shared by all builds on this engine and are left alone: \`docker builder prune\` empties them.\n`,
  );
  if (found.length === 0) {
    process.stdout.write("There is nothing else that nothing uses.\n");
    return 0;
  }
  const rows = found.map(({ thing, bytes, why }) => [thing.kind, thing.name, bytes > 0 ? megabytes(bytes) : "-", why]);
  process.stdout.write(`${table(["KIND", "NAME", "FREES", "WHY"], rows)}\n`);
  if (!yes) await confirm(`Type "yes" to remove these ${found.length}, at least ${sum(found)}: `, "yes");

  let code = 0;
  const removed: Leftover[] = [];
  for (const each of found) {
    try {
      // One by one, because a network can be removed only after its containers. What is used by now stays.
      await engine.remove(each.thing, { evenInUse: false });
      removed.push(each);
    } catch (error) {
      process.stderr.write(`${each.thing.kind} ${each.thing.name} is left: ${(error as Error).message}\n`);
      code = 1;
    }
  }
  process.stdout.write(`Removed ${removed.length}, at least ${sum(removed)}.\n`);
  return code;
}

/** Names of the images that a clone, or a project with the package, would build from package registries as it is now. */
function builtFrom(clone: string): string[] {
  return ["infra/airgap/images/", "node_modules/stackyard/dist/infra/airgap/images/"].flatMap((path) => {
    const folder = `${clone}${path}`;
    if (!existsSync(folder)) return [];
    const names = readdirSync(folder).filter((name) => name === "base" || existsSync(`${folder}${name}/Dockerfile`));
    return names.map((name) => builtImage(name, folder).ref);
  });
}
