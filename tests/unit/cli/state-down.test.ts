import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test, vi } from "vitest";
import { type Identified, PROJECT, STACK } from "../../../cli/shared/stack.ts";
import { stateDown } from "../../../cli/shared/state-down.ts";
import type { Inspection, Thing, WorkloadStatus } from "../../../components/engines/inspection.ts";

const kept = (kind: string, name: string) => ({
  ...{ urn: `urn::${name}`, name, id: name, outputs: {} },
  type: `docker:index/${kind.toLowerCase()}:${kind}`,
});
const STATE: Identified = {
  id: "0a1b2c3d",
  pending: 0,
  resources: [kept("Network", "net"), kept("Volume", "data"), kept("Container", "db")],
};

test("what is taken down by state: services are stopped first, networks go last, and volumes stay", async () => {
  const folder = mkdtempSync(join(tmpdir(), "stackyard-state-down-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  // In the place of the CLI: tells what it was given.
  writeFileSync(join(folder, "pulumi"), `#!/bin/sh\necho "$*" >${folder}/told\nexit 7\n`);
  chmodSync(join(folder, "pulumi"), 0o755);
  vi.stubEnv("PATH", `${folder}:${process.env.PATH}`);
  vi.stubEnv("PULUMI_BACKEND_URL", `file://${folder}`);
  const calls: string[] = [];
  const thing = (kind: Thing["kind"], name: string): Thing => ({ kind, name, handle: name });
  const engine: Partial<Inspection> = {
    list: async () => [{ name: "db" } as WorkloadStatus],
    stop: async ({ name }) => void calls.push(`stop ${name}`),
    strays: async (labels, recorded) => {
      expect(labels).toEqual({ "stackyard.project": PROJECT, "stackyard.stack": STACK, "stackyard.id": STATE.id });
      expect(recorded.map(({ name }) => name)).toEqual(["data"]);
      return [thing("network", "net"), thing("container", "db"), thing("volume", "unrecorded")];
    },
    remove: async ({ name }) => void calls.push(`remove ${name}`),
  };
  expect(await stateDown(engine as Inspection, STATE)).toBe(7);
  expect(calls).toEqual(["stop db", "remove db", "remove net"]);
  expect(readFileSync(join(folder, "told"), "utf8")).toMatch(
    /^refresh --yes .*--target=urn::net --target=urn::db --stack \w+\n$/,
  );
});
