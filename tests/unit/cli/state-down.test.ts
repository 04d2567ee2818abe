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

/** The engine has the state's container and network, one container more, and a volume. @returns the calls that changed something. */
async function takenDown(
  backend: (folder: string) => string,
): Promise<{ calls: string[]; told: string; said: string[] }> {
  const folder = mkdtempSync(join(tmpdir(), "stackyard-state-down-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  // In the place of the CLI: tells what it was given.
  writeFileSync(join(folder, "pulumi"), `#!/bin/sh\necho "$*" >${folder}/told\necho "out of order"\nexit 7\n`);
  chmodSync(join(folder, "pulumi"), 0o755);
  vi.stubEnv("PATH", `${folder}:${process.env.PATH}`);
  vi.stubEnv("PULUMI_BACKEND_URL", backend(folder));
  // Where the backend is no folder, copies of the state are kept there.
  vi.stubEnv("XDG_STATE_HOME", folder);
  const said: string[] = [];
  vi.spyOn(process.stderr, "write").mockImplementation((text) => said.push(String(text)) > 0);
  const calls: string[] = [];
  const thing = (kind: Thing["kind"], name: string): Thing => ({ kind, name, handle: name });
  const all = [thing("network", "net"), thing("container", "db"), thing("container", "new"), thing("volume", "data")];
  const engine: Partial<Inspection> = {
    list: async () => ["db", "new"].map((name) => ({ name }) as WorkloadStatus),
    stop: async ({ name }) => void calls.push(`stop ${name}`),
    strays: async (labels, recorded) => {
      expect(labels).toEqual({ "stackyard.project": PROJECT, "stackyard.stack": STACK, "stackyard.id": STATE.id });
      return all.filter((each) => recorded.every(({ name }) => name !== each.name));
    },
    remove: async ({ name }) => void calls.push(`remove ${name}`),
  };
  expect(await stateDown(engine as Inspection, STATE)).toBe(7);
  return { calls, said, told: readFileSync(join(folder, "told"), "utf8") };
}

test("what is taken down by state: services are stopped first, networks go last, and volumes stay", async () => {
  const { calls, told, said } = await takenDown((folder) => `file://${folder}`);
  expect(calls).toEqual(["stop db", "stop new", "remove db", "remove new", "remove net"]);
  expect(said).toEqual(["removed 3 containers and networks: noting that they are gone\n", "out of order\n"]);
  expect(told).toMatch(/^refresh --yes .*--target=urn::net --target=urn::db --stack \w+\n$/);
});

test("in a backend that others share, what is in no state is left alone", async () => {
  const { calls } = await takenDown(() => "s3://shared");
  expect(calls).toEqual(["stop db", "remove db", "remove net"]);
});
