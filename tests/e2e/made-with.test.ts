import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { ROWS } from "../contract/rows.ts";
import { up } from "./checks.ts";
import { freePorts, ROOT, TestStack } from "./harness.ts";

// The settings that a database was made with: those that can change at any time, and those that need another volume.

/** The client of a kind of database. */
const client = (kind: string) => ROWS.find((row) => row.kind === kind) as (typeof ROWS)[number];

test("another password, none any more, and another administrator's name apply at once, over the same data", async () => {
  const stack = new TestStack(join(ROOT, "tests/e2e/programs/databases"));
  onTestFinished(() => stack.dispose());
  const [postgres, redis, minio] = await freePorts(3);
  const given = (password?: string, rootUser = "stackyard") => {
    const each = password ? { password } : {};
    return {
      postgres: { main: { hostPort: postgres, memoryMiB: 128, ...each } },
      redis: { cache: { hostPort: redis, ...each } },
      minio: { store: { hostPort: minio, rootUser, ...each } },
    };
  };
  const kinds = { main: "Postgres", cache: "Redis", store: "Minio" };
  const urls = () => stack.outputs<Record<keyof typeof kinds, string>>("urls");
  const each = Object.entries(kinds) as [keyof typeof kinds, string][];
  await stack.create(given());
  await up(stack);
  let before = await urls();
  for (const [name, kind] of each) await client(kind).write(before[name], "kept");

  for (const [password, rootUser] of [['it\'s \\ "given" & €', "somebody"], ["given-twice"], []]) {
    stack.configure(given(password, rootUser));
    await up(stack);
    const now = await urls();
    for (const [name, kind] of each) {
      expect(await client(kind).read(now[name]), name).toBe("kept");
      const refused = kind === "Minio" ? /signature|Access Key Id/ : client(kind).refused;
      await expect(client(kind).read(before[name]), name).rejects.toThrow(refused);
      if (password) expect(decodeURIComponent(new URL(now[name]).password)).toBe(password);
    }
    before = now;
  }
  await stack.unchanged();
});

test("what does not fit the data is refused, and replaces the volume once where its data may be discarded, protected or not", async () => {
  const stack = new TestStack(join(ROOT, "tests/e2e/programs/databases"));
  onTestFinished(() => stack.dispose());
  const [postgres, neo4j] = await freePorts(2);
  const settings = ({ database, password }: { database?: string; password?: string }) => ({
    postgres: { main: { hostPort: postgres, memoryMiB: 128, lifecycle: "protected", ...(database && { database }) } },
    neo4j: {
      graph: { hostPort: neo4j, readyTimeoutSeconds: 300, lifecycle: "protected", ...(password && { password }) },
    },
  });
  const discard = { STACKYARD_DISCARD: "main,graph" };
  const volumes = async () => {
    const state = await stack.state();
    return [state["Volume main-data"], state["Volume graph-data"]];
  };
  const refused = async (...faults: string[]) => {
    const { code, output } = await stack.pulumi(["preview"]);
    expect(code, output).not.toBe(0);
    for (const fault of faults) expect(output).toContain(fault);
  };
  await stack.create(settings({}));
  // Volumes and their records are enough, without servers.
  await up(stack, { STACKYARD_DOWN: "1" });
  const first = await volumes();
  // As if another version had made it: only one is built from package registries.
  stack.rewriteState((text) =>
    text.replaceAll('"major":"17"', '"major":"16"').replaceAll('"version 17, ', '"version 16, '),
  );

  stack.configure(settings({ database: "shop", password: "given-once" }));
  await refused(
    "main: its data was written by version 16, which version 17 does not read.",
    "main: database should be app, got shop: its data was first made so",
    "graph: password should be a generated one, got a given one: its data was first made so",
  );
  await up(stack, discard);
  const second = await volumes();
  expect(second.filter((volume) => first.includes(volume))).toEqual([]);
  expect((await stack.leftovers()).filter((name) => first.includes(name))).toEqual([]);
  const urls = await stack.outputs<Record<"main" | "graph", string>>("urls");
  expect([new URL(urls.main).pathname, new URL(urls.graph).password]).toEqual(["/shop", "given-once"]);
  await client("Postgres").write(urls.main, "kept");
  await client("Neo4j").write(urls.graph, "kept");

  // A volume that may be discarded again stays where it fits.
  await stack.unchanged(discard, false);
  stack.configure(settings({ database: "shop", password: "given-twice" }));
  await refused("graph: given password should be the one marked ");
  expect(await stack.planned({ STACKYARD_DISCARD: "graph" })).toContain("replace Volume graph-data");
  expect([await volumes(), await client("Neo4j").read(urls.graph)]).toEqual([second, "kept"]);
});
