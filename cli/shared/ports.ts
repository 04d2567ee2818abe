import { hostPorts, withPorts } from "../../components/program/host-ports.ts";
import type { Settings } from "../../components/program/settings.ts";
import type { State } from "./stack.ts";

/** Each port on the host, by where it is set, as it was chosen at a copy's first `up`; undefined where none has been chosen yet. */
export function chosenPorts({ own }: Settings, { resources }: State): Record<string, number | undefined> {
  const inState = new Map(resources.map(({ name, outputs }) => [name, outputs.output as number]));
  return Object.fromEntries(Object.keys(hostPorts(own)).map((path) => [path, inState.get(`port-${path}`)]));
}

/** The settings with the ports that are really published: of a copy those chosen for it, and none before its first `up`. */
export function withChosenPorts(settings: Settings, read: () => State): Settings {
  if (settings.common.ports === "fixed") return settings;
  return { ...settings, own: withPorts(settings.own, chosenPorts(settings, read())) };
}
