import { hostPorts, type Settings, withPorts } from "../../stacks/config.ts";
import type { State } from "./stack.ts";

/** Each port on the host, by where it is set, as it was chosen at a copy's first `up`; undefined where that was not yet. */
export function chosenPorts(settings: object, { resources }: State): Record<string, number | undefined> {
  const inState = new Map(resources.map(({ name, outputs }) => [name, outputs.output as number]));
  return Object.fromEntries(Object.keys(hostPorts(settings)).map((path) => [path, inState.get(`port-${path}`)]));
}

/** The settings with the ports that are really there: a copy's own, and none before it was up. */
export function withChosenPorts(settings: Settings, read: () => State): Settings {
  return settings.ports === "free" ? withPorts(settings, chosenPorts(settings, read())) : settings;
}
