import type { ImageListed, Labelled, Thing } from "../../components/engines/inspection.ts";
import type { State } from "./stack.ts";

/** What is on the engine, and who may need it. */
export interface Inventory {
  images: readonly ImageListed[];
  /** What has the label `stackyard.id`. */
  labelled: readonly Labelled[];
  /** The states of all Pulumi stacks that are known here. */
  states: readonly State[];
  /** Whether these are all states, so that any other stack is gone; otherwise it may be somewhere else. */
  complete: boolean;
  /** Names of the images that clones of this machine are built from. */
  current: ReadonlySet<string>;
  /** What was made after this time is left alone: a run may be about to use it. */
  before: Date;
}

export interface Leftover {
  thing: Thing;
  /** How much its removal frees. */
  bytes: number;
  why: string;
}

/** A stack builds `stackyard.invalid/PROJECT-STACK-NAME:ID-CONTENT`, infra/airgap/images `stackyard.invalid/NAME:CONTENT`. */
const IMAGE = /^(stackyard\.invalid\/.+:(?:([0-9a-f]{8})-)?)[0-9a-f]{12}$/;

/**
 * First the containers and networks of stacks that are gone, unless something of such a stack runs or was a service. Then the
 * images that no container uses, and that no state, no clone and no stack that is down may need. Never a volume.
 */
export function leftovers({ images, labelled, states, complete, current, before }: Inventory): Leftover[] {
  const ids = new Set(states.flatMap(({ id }) => id ?? []));
  const inState = new Set(states.flatMap(({ resources }) => resources.map(({ outputs }) => String(outputs.name))));
  const builds = new Set([...inState].map((name) => IMAGE.exec(name)?.[1]));
  const gone = (id: string) => complete && !ids.has(id);

  const idle = ({ kind, active, labels, createdAt }: Labelled) =>
    createdAt < before &&
    !active &&
    (kind === "network" || ["job", "carrier"].includes(labels["stackyard.kind"] ?? ""));
  const strays = [...Map.groupBy(labelled, ({ labels }) => labels["stackyard.id"] ?? "")]
    .flatMap(([id, things]) => (gone(id) && id !== "" && things.every(idle) ? things : []))
    .map((thing) => ({ thing, bytes: 0, why: "its stack is in no state" }))
    .sort((a, b) => a.thing.kind.localeCompare(b.thing.kind));

  const unneeded = (name: string): string | undefined => {
    const [, build, id] = IMAGE.exec(name) ?? [];
    if (build === undefined || inState.has(name) || current.has(name)) return undefined;
    if (id === undefined) return "no clone here is built from it";
    // While a stack is down, no state says which build it needs next.
    if (ids.has(id)) return builds.has(build) ? "its stack has another build" : undefined;
    return gone(id) ? "its stack is in no state" : undefined;
  };
  const unused = images.filter(({ containers, namedAt }) => containers === 0 && namedAt < before);
  return [
    ...strays,
    ...unused.flatMap(({ names, bytes }) => {
      const found = names.flatMap((thing) => {
        const why = unneeded(thing.name);
        return why ? [{ thing, why }] : [];
      });
      // An image is deleted with its last name, so only that one frees bytes.
      return found.map((each, index) => ({ ...each, bytes: index === names.length - 1 ? bytes : 0 }));
    }),
  ];
}
