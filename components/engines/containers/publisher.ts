import { type HostPort, overlap, type PortHolder } from "../ports.ts";
import type { EngineApi } from "./api.ts";

/** The container that publishes a port of the engine's machine, and its stack. */
export async function publisherOf(api: Pick<EngineApi, "list">, port: HostPort): Promise<PortHolder | undefined> {
  const [container] = await publishing(api, port, {});
  if (!container) return undefined;
  const { "stackyard.id": stack, "stackyard.project": project, "stackyard.stack": name } = container.labels;
  const ofStack = stack === undefined ? "" : ` of stack ${project}/${name}`;
  return { shown: `container ${container.name}${ofStack}`, stack };
}

/** Containers with these labels that publish a port of the engine's machine. */
export async function publishing(api: Pick<EngineApi, "list">, port: HostPort, labels: Record<string, string>) {
  return (await api.list(labels)).filter(({ ports }) => ports.some((each) => overlap(each, port)));
}
