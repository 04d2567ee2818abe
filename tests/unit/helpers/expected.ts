import { expect } from "vitest";
import type { FileInVolume } from "../../../components/engines/containers/api.ts";
import type { Call } from "./engine.ts";
import { idOf, type Recorded, type Stack } from "./stack.ts";

/** What every container has by the house rules, whatever it is for. A test adds what is particular to its own. */
export const everyContainer = (memoryMiB: number) => ({
  capabilities: { drops: ["ALL"] },
  securityOpts: ["no-new-privileges:true"],
  readOnly: true,
  memory: memoryMiB,
  memorySwap: memoryMiB,
  logDriver: "json-file",
  logOpts: { "max-size": "10m", "max-file": "3" },
  networkMode: "bridge",
});

/** What every service has besides, where its image is made for it; an application has the engine's init as process 1. */
export const everyService = (memoryMiB: number, stopGraceSeconds: number) => ({
  ...everyContainer(memoryMiB),
  restart: "unless-stopped",
  mustRun: true,
  init: false,
  destroyGraceSeconds: stopGraceSeconds,
  stopTimeout: stopGraceSeconds,
});

/** What every job has besides. */
export const everyJob = (memoryMiB: number) => ({
  ...everyContainer(memoryMiB),
  start: false,
  mustRun: false,
  init: true,
  restart: "no",
  destroyGraceSeconds: 10,
});

export const healthcheck = (tests: string[], timeout = "5s", startPeriod = "1m0s") => ({
  tests,
  interval: "10s",
  timeout,
  startPeriod,
  startInterval: "200ms",
  retries: 3,
});

/** Files that are put into a volume of a service before it is made, or into a job before it is started. */
export interface Delivery {
  /** The volume, or a job's folder. */
  to: unknown;
  /** Content by name. */
  files: Record<string, string>;
  /** `mode uid:gid` of all. */
  access: string;
}

/** Runs the hooks that put a service's secrets into their volume. */
export async function deliveriesTo(stack: Stack<unknown>, name: string): Promise<Delivery[]> {
  const before = stack.engine.calls.length;
  for (const hook of stack.get(`Container ${name}`).hooks.beforeCreate ?? []) {
    if (/:(secrets|files)$/.test(hook)) await stack.run(hook);
  }
  return handedOver(stack.engine.calls.slice(before));
}

/** Runs a job that succeeds at once, to see which files it gets before it is started. */
export async function deliveriesToJob(stack: Stack<unknown>, name: string): Promise<Delivery[]> {
  const before = stack.engine.calls.length;
  stack.engine.container(idOf(name)).onStart((job) => job.exits(0));
  await stack.run(`${name}-done`);
  const calls = stack.engine.calls.slice(before);
  return handedOver(
    calls.slice(
      0,
      calls.findIndex(([method]) => method === "start"),
    ),
  );
}

function handedOver(calls: readonly Call[]): Delivery[] {
  return calls
    .filter(([method]) => method === "fillVolume" || method === "putFiles")
    .map(([method, ...args]) => {
      const [to, files] = (method === "fillVolume" ? args : args.slice(1)) as [unknown, FileInVolume[]];
      return {
        to,
        files: Object.fromEntries(files.map(({ name, content }) => [name, String(content)])),
        access: [...new Set(files.map(({ mode, uid, gid }) => `${mode.toString(8)} ${uid}:${gid}`))].join(),
      };
    });
}

/** Secrets are only in inputs that are marked as secret. */
export function expectNoSecret(resources: readonly Recorded[], secrets: readonly string[]): void {
  for (const { key, inputs, secretInputs } of resources) {
    const shown = JSON.stringify(inputs, (path, value) => (secretInputs.includes(path) ? "[marked]" : value));
    const escaped = secrets.map((secret) => JSON.stringify(secret).slice(1, -1));
    for (const secret of escaped) expect({ key, shown: shown.includes(secret) }).toEqual({ key, shown: false });
  }
}
