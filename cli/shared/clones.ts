import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";
import { byMake, commandLine } from "../../components/engines/command-line.ts";
import type { Inspection, VolumeListed } from "../../components/engines/inspection.ts";
import { backendFolder, PROJECT, quoted, STACK, type State, statesBelow, statesFolder, statesIn } from "./stack.ts";

/** The state folder of one of this machine's clones: infra/setup/env.sh names it. */
export interface CloneState {
  folder: string;
  /** Where its clone was when the folder was made. */
  clone?: string;
  /** Whether the clone is still there. */
  living: boolean;
  /** Its stacks' states: undefined in the place of one that cannot be read. */
  states: (State | undefined)[];
  /** The last whole copies of the states. */
  copies: (State | undefined)[];
}

/** This clone's state folder; undefined where the user keeps states somewhere else. */
export function ownState(): string | undefined {
  const folder = process.env.STACKYARD_STATE;
  return folder && backendFolder() === join(folder, "backend/.pulumi") ? folder : undefined;
}

/** The folder that a state is copied to while it is adopted; it may be incomplete. */
export const adoptionCopy = (folder: string) => `${folder}.adopting`;

export function stateFolders(): string[] {
  const names = existsSync(statesFolder()) ? readdirSync(statesFolder()) : [];
  return names.filter((name) => !name.endsWith(adoptionCopy(""))).map((name) => join(statesFolder(), name));
}

/** What is known of the clone that a state folder belongs to. */
export function cloneState(folder: string): CloneState {
  const file = join(folder, "clone");
  const clone = existsSync(file) ? readFileSync(file, "utf8").trim() : undefined;
  return {
    folder,
    ...(clone ? { clone } : {}),
    living: folder === ownState() || (clone !== undefined && isProject(clone)),
    states: statesIn(join(folder, "backend/.pulumi")),
    copies: statesBelow(join(folder, "backend/copies")),
  };
}

function isProject(folder: string): boolean {
  const file = join(folder, "Pulumi.yaml");
  return existsSync(file) && (parse(readFileSync(file, "utf8")) as { name?: string } | null)?.name === PROJECT;
}

/** The data volumes of a stack that this clone has no state for. */
export interface Orphans {
  /** By the state folder of a clone that is gone. */
  adoptable: { folder: string; clone: string; volumes: VolumeListed[] }[];
  /** In no state on this machine. */
  unknown: VolumeListed[];
}

/** Finds which of a stack's volumes no living clone knows, and which clone knew them. */
export function orphans(volumes: readonly VolumeListed[], clones: readonly CloneState[]): Orphans {
  const idOf = ({ labels }: VolumeListed) => labels["stackyard.id"] ?? "";
  const idsOf = (some: readonly CloneState[]) =>
    new Set(some.flatMap(({ states, copies }) => [...states, ...copies].flatMap((state) => state?.id ?? [])));
  const living = idsOf(clones.filter(({ living }) => living));
  const lost = volumes.filter((each) => !living.has(idOf(each)));
  const gone = clones.filter(({ living }) => !living);
  const adoptable = gone.flatMap((each) => {
    const ids = idsOf([each]);
    const known = lost.filter((volume) => ids.has(idOf(volume)));
    return known.length > 0 ? [{ folder: each.folder, clone: each.clone ?? "an unknown folder", volumes: known }] : [];
  });
  const ids = idsOf(gone);
  // They may belong to a state that is cut off.
  const unread = clones.some(({ states }) => states.includes(undefined));
  return { adoptable, unknown: unread ? [] : lost.filter((volume) => !ids.has(idOf(volume))) };
}

/** The orphans on the engine. Where this clone has a state for the stack there are none, and the engine is not asked. */
export async function findOrphans(state: State, engine: Pick<Inspection, "volumes">): Promise<Orphans> {
  if (state.id !== undefined || !ownState()) return { adoptable: [], unknown: [] };
  const labels = { "stackyard.project": PROJECT, "stackyard.stack": STACK, "stackyard.kind": "data" };
  const volumes = await engine.volumes(labels);
  return volumes.length > 0 ? orphans(volumes, stateFolders().map(cloneState)) : { adoptable: [], unknown: [] };
}

/** Tells a user which volumes they are, and what to do about them. Empty where there are none. */
export function describeOrphans({ adoptable, unknown }: Orphans): string {
  const listed = (volumes: readonly VolumeListed[]) =>
    volumes
      .toSorted((a, b) => a.name.localeCompare(b.name))
      .map(({ name, createdAt }) => `  ${name}, made ${createdAt.toISOString().slice(0, 16).replace("T", " ")} UTC\n`)
      .join("");
  const paragraphs = adoptable.map(
    ({ folder, clone, volumes }) =>
      `Volumes of stack ${STACK} are on the engine, and this clone has no state for them:\n${listed(volumes)}` +
      `Their state is in ${folder}; its clone was at ${clone}, and is gone. To take it over, with its passwords:\n` +
      `  ${commandLine("adopt", `from=${quoted(folder)}`)}\n`,
  );
  if (unknown.length > 0) {
    paragraphs.push(
      `Volumes of stack ${STACK} are on the engine, and no state of yours on this machine has them or their passwords:\n` +
        `${listed(unknown)}They are left alone. \`docker volume inspect NAME\` shows one, \`docker volume rm NAME\` removes it ` +
        "and all data in it; they may be somebody else's.\n",
    );
  }
  return paragraphs.join("\n");
}

/** Shows the orphans to the user. Each verb that finds nothing of the stack calls this, because they may show where it is. */
export async function reportOrphans(state: State, engine: Pick<Inspection, "volumes">): Promise<Orphans> {
  const lost = await findOrphans(state, engine);
  process.stderr.write(describeOrphans(lost));
  return lost;
}

/** Shows the orphans. Where an old state knows them, ends the verb, which would start empty beside them; not with `fresh`. */
export async function stopAtOrphans(
  state: State,
  engine: Pick<Inspection, "volumes">,
  { fresh = false }: { fresh?: boolean | undefined } = {},
): Promise<void> {
  const lost = await reportOrphans(state, engine);
  if (lost.adoptable.length === 0 || fresh) return;
  process.stderr.write(
    `The same command with ${byMake() ? "fresh=1" : "--fresh"} starts empty beside them. Nothing was touched.\n`,
  );
  process.exit(1);
}
