import type { PortHolder } from "../engine.ts";
import { isFree } from "../free-port.ts";
import type { EngineApi } from "./api.ts";

/** Who has a port of this machine; nothing when nobody has. */
export async function portHolder(api: Pick<EngineApi, "list">, port: number): Promise<PortHolder | undefined> {
  if (await isFree(port)) return undefined;
  const [holder] = await withPort(api, port, {});
  if (!holder) return { shown: "another program" };
  const { "stackyard.id": stack, "stackyard.project": project, "stackyard.stack": name } = holder.labels;
  const whose = stack === undefined ? "" : ` of stack ${project}/${name}`;
  return { shown: `container ${holder.name}${whose}`, stack };
}

/** Containers with these labels that a port of the host leads to. */
export async function withPort(api: Pick<EngineApi, "list">, port: number, labels: Record<string, string>) {
  return (await api.list(labels)).filter(({ ports }) => ports.some(({ hostPort }) => hostPort === port));
}
