import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import {
  cloneState,
  describeOrphans,
  findOrphans,
  orphans,
  ownState,
  stateFolders,
  stopAtOrphans,
} from "../../../cli/shared/clones.ts";
import { PROJECT, ROOT, STACK } from "../../../cli/shared/stack.ts";
import { FakeEngine } from "../helpers/engine.ts";
import { inspectionOf } from "../helpers/inspection.ts";

let home: string;
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), "stackyard-clones-"));
  vi.stubEnv("XDG_STATE_HOME", home);
  own(clone("own", ROOT, {}));
});
afterEach(() => rmSync(home, { recursive: true }));

/** Makes the state folder of a clone, with stacks by name and what each is labelled by. */
function clone(name: string, at: string | undefined, ids: Record<string, string>): string {
  const folder = join(home, "stackyard", name);
  const stacks = join(folder, "backend/.pulumi/stacks", PROJECT);
  mkdirSync(stacks, { recursive: true });
  if (at !== undefined) writeFileSync(join(folder, "clone"), `${at}\n`);
  for (const [stack, id] of Object.entries(ids)) writeFileSync(join(stacks, `${stack}.json`), stateOf(stack, id));
  return folder;
}

function copyOfState(folder: string, stack: string, id: string): void {
  const copies = join(folder, "backend/copies", PROJECT);
  mkdirSync(copies, { recursive: true });
  writeFileSync(join(copies, `${stack}.json`), stateOf(stack, id));
}

function stateOf(stack: string, id: string): string {
  const urn = `urn:pulumi:${stack}::${PROJECT}::pulumi:index:Stash::identity`;
  const resources = [{ urn, type: "pulumi:index:Stash", outputs: { output: { id } } }];
  return JSON.stringify({ checkpoint: { latest: { resources } } });
}

function own(folder: string): void {
  vi.stubEnv("STACKYARD_STATE", folder);
  vi.stubEnv("PULUMI_BACKEND_URL", `file://${folder}/backend`);
}

test.each(["plain", "c#app", "100% why?"])("a clone's own state is known by its URL: %s", (name) => {
  const folder = join(home, name);
  vi.stubEnv("STACKYARD_STATE", folder);
  vi.stubEnv("PULUMI_BACKEND_URL", `file://${folder.split("/").map(encodeURIComponent).join("/")}/backend`);
  expect(ownState()).toBe(folder);
  vi.stubEnv("PULUMI_BACKEND_URL", `file://${home}/another`);
  expect(ownState()).toBeUndefined();
});

const volume = (name: string, id: string) => ({
  kind: "volume" as const,
  name,
  handle: undefined,
  createdAt: new Date("2026-01-02T03:04:05Z"),
  labels: {
    "stackyard.id": id,
    "stackyard.project": PROJECT,
    "stackyard.stack": STACK,
    "stackyard.kind": "data",
  },
});
const found = (...volumes: ReturnType<typeof volume>[]) => {
  const { adoptable, unknown } = orphans(volumes, stateFolders().map(cloneState));
  return {
    adoptable: adoptable.map(({ folder, volumes }) => [folder.slice(home.length), ...volumes.map(({ name }) => name)]),
    unknown: unknown.map(({ name }) => name),
  };
};

describe("volumes that no living clone knows", () => {
  test("are those of a clone that was moved or deleted, and those in no state; none of a living one", () => {
    clone("moved", join(home, "nowhere"), { dev: "aaaa", alice: "bbbb" });
    clone("living", ROOT, { dev: "cccc" });
    expect(
      found(volume("one", "aaaa"), volume("two", "bbbb"), volume("three", "cccc"), volume("four", "dddd")),
    ).toEqual({
      adoptable: [["/stackyard/moved", "one", "two"]],
      unknown: ["four"],
    });
  });

  test.each([
    ["another project is where it was", () => writeFileSync(join(home, "Pulumi.yaml"), "name: another\n")],
    ["an empty folder is where it was", () => {}],
  ])("a clone is gone when %s", (_, make) => {
    make();
    clone("gone", home, { dev: "aaaa" });
    expect(found(volume("one", "aaaa")).adoptable).toEqual([["/stackyard/gone", "one"]]);
  });

  test("are none where a living clone has taken the state over, and the old one is still there", () => {
    clone("moved", join(home, "nowhere"), { dev: "aaaa" });
    clone("living", ROOT, { dev: "aaaa" });
    expect(found(volume("one", "aaaa"))).toEqual({ adoptable: [], unknown: [] });
  });

  test("are never reported as unknown while a state is cut off, and belong to the state whose last copy knows them", () => {
    const cut = (folder: string) =>
      writeFileSync(join(folder, `backend/.pulumi/stacks/${PROJECT}/dev.json`), '{"checkp');
    const moved = clone("moved", join(home, "nowhere"), { dev: "aaaa", alice: "bbbb" });
    cut(moved);
    expect(found(volume("one", "aaaa"), volume("two", "bbbb"))).toEqual({
      adoptable: [["/stackyard/moved", "two"]],
      unknown: [],
    });
    copyOfState(moved, "dev", "aaaa");
    expect(found(volume("one", "aaaa")).adoptable).toEqual([["/stackyard/moved", "one"]]);
    const living = clone("living", ROOT, { dev: "cccc" });
    cut(living);
    expect(found(volume("three", "cccc"))).toEqual({ adoptable: [], unknown: [] });
  });

  test("do not come from an unfinished copy of a state", () => {
    clone("moved", join(home, "nowhere"), { dev: "aaaa" });
    clone("own.adopting", join(home, "nowhere"), { dev: "aaaa" });
    expect(found(volume("one", "aaaa")).adoptable).toEqual([["/stackyard/moved", "one"]]);
  });

  test("may come from a state folder that does not name its clone", () => {
    clone("old", undefined, { dev: "aaaa" });
    expect(found(volume("one", "aaaa")).adoptable).toEqual([["/stackyard/old", "one"]]);
  });
});

describe("are looked for", () => {
  const look = async (id?: string) => {
    const engine = new FakeEngine();
    engine.listedVolumes = [
      volume("one", "aaaa"),
      { ...volume("other", "aaaa"), labels: { ...volume("", "aaaa").labels, "stackyard.stack": "another" } },
    ];
    const lost = await findOrphans({ resources: [], pending: 0, ...(id ? { id } : {}) }, inspectionOf(engine));
    return { asked: engine.calls.map(([method]) => method), unknown: lost.unknown.map(({ name }) => name) };
  };

  test("of the stack at hand", async () => {
    expect(await look()).toEqual({ asked: ["volumes", "clock"], unknown: ["one"] });
  });

  test.each([3, 0, -3])(
    "and said to be made when they were by this machine's clock: the engine's is %i hours ahead",
    async (hours) => {
      const engine = new FakeEngine();
      engine.aheadMs = hours * 3_600_000;
      engine.listedVolumes = [{ ...volume("one", "aaaa"), createdAt: new Date(Date.UTC(2026, 0, 2, 3 + hours, 4)) }];
      const lost = await findOrphans({ resources: [], pending: 0 }, inspectionOf(engine));
      expect(describeOrphans(lost)).toContain("  one, made 2026-01-02 03:04 UTC\n");
    },
  );

  test("not where there is a state, or the user keeps it elsewhere", async () => {
    expect(await look("aaaa")).toEqual({ asked: [], unknown: [] });
    vi.stubEnv("PULUMI_BACKEND_URL", "s3://ours");
    expect(await look()).toEqual({ asked: [], unknown: [] });
  });
});

test.each([
  ["/state/my old one's", "'/state/my old one'\\''s'"],
  ["/state/c$HOME", "'/state/c$HOME'"],
])("the command for %s works typed as it is", (folder, typed) => {
  const lost = { adoptable: [{ folder, clone: "/old", volumes: [] }], unknown: [] };
  expect(describeOrphans(lost)).toContain(`  make adopt from=${typed}\n`);
});

test("the message names the volumes, where their state is, and the command", () => {
  const adoptable = [{ folder: "/state/old", clone: "/old", volumes: [volume("one", "aaaa")] }];
  expect(describeOrphans({ adoptable, unknown: [volume("two", "bbbb"), volume("three", "bbbb")] })).toBe(
    `Volumes of stack ${STACK} are on the engine, and this clone has no state for them:\n` +
      "  one, made 2026-01-02 03:04 UTC\n" +
      "Their state is in /state/old; its clone was at /old, and is gone. To take it over, with its passwords:\n" +
      "  make adopt from=/state/old\n" +
      "\n" +
      `Volumes of stack ${STACK} are on the engine, and no state of yours on this machine has them or their passwords:\n` +
      "  three, made 2026-01-02 03:04 UTC\n" +
      "  two, made 2026-01-02 03:04 UTC\n" +
      "They are left alone. `docker volume inspect NAME` shows one, `docker volume rm NAME` removes it " +
      "and all data in it; they may be somebody else's.\n",
  );
  expect(describeOrphans({ adoptable: [], unknown: [] })).toBe("");
});

describe("a verb that would start empty beside them", () => {
  const start = async (fresh?: boolean) => {
    clone("moved", join(home, "nowhere"), { dev: "aaaa" });
    const said: string[] = [];
    vi.spyOn(process.stderr, "write").mockImplementation((text) => said.push(String(text)) > 0);
    const exit = vi.spyOn(process, "exit").mockImplementation(() => undefined as never);
    const engine = new FakeEngine();
    engine.listedVolumes = [volume("one", "aaaa")];
    await stopAtOrphans({ resources: [], pending: 0 }, inspectionOf(engine), { fresh });
    return { said: said.join(""), ended: exit.mock.calls };
  };

  test("ends with advice", async () => {
    const { said, ended } = await start();
    expect(said).toMatch(
      /make adopt from=.*\nThe same command with fresh=1 starts empty beside them\. Nothing was touched\.\n$/s,
    );
    expect(ended).toEqual([[1]]);
  });

  test("goes on with --fresh", async () => {
    const { said, ended } = await start(true);
    expect(said).toMatch(/make adopt from=.*\n$/);
    expect(ended).toEqual([]);
  });
});
