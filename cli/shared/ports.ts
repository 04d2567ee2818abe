import { hostPorts, withPorts } from "../../components/program/host-ports.ts";
import type { Settings } from "../../components/program/settings.ts";
import type { State } from "./stack.ts";

/** By the path of its setting, each port that was chosen on the host at a copy's first `up`; undefined before that. */
export function chosenPorts({ own }: Settings, { resources }: State): Record<string, number | undefined> {
  const inState = new Map(resources.map(({ name, outputs }) => [name, outputs.output as number]));
  return Object.fromEntries(Object.keys(hostPorts(own)).map((path) => [path, inState.get(`port-${path}`)]));
}

/** The settings with the ports that are really published: a copy's are chosen for it, and it has none before its first `up`. */
export function withChosenPorts(settings: Settings, read: () => State): Settings {
  if (settings.common.ports === "fixed") return settings;
  return { ...settings, own: withPorts(settings.own, chosenPorts(settings, read())) };
}
