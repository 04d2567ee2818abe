import type { Kept } from "./stack.ts";

/**
 * Keys of the containers of a service that get its requests, as its gates in state have them: those that the routes of proxies lead
 * to, or, without a route, those that have become ready. A gate that has not passed since is that of the release before.
 */
export function serving(service: string, resources: readonly Kept[]): Set<string> {
  const passed = resources.filter(({ type, replaced }) => type === "pulumi:index:Stash" && !replaced);
  const routed = passed
    .filter(({ name }) => name.endsWith(`-route-${service}`))
    .flatMap((each) => strings(each, "servers"));
  if (routed.length > 0) return new Set(routed);
  return new Set(passed.filter(({ name }) => isReadyGate(name, service)).flatMap((each) => strings(each, "container")));
}

/** Whether a resource is the gate of a service, or of one batch of its containers: `backend-ready`, `backend.1-ready`. */
export const isReadyGate = (name: string, service: string) =>
  name.startsWith(service) && /^(\.\d+)?-ready$/.test(name.slice(service.length));

/** Keys in what a gate was passed for: a list, or one text. */
function strings({ outputs }: Kept, key: string): string[] {
  const found = (outputs.input as Record<string, unknown> | undefined)?.[key];
  return typeof found === "string" ? found.split(",") : Array.isArray(found) ? found.map(String) : [];
}
