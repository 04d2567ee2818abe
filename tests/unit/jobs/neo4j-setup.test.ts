import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import * as pulumi from "@pulumi/pulumi";
import { afterAll, beforeEach, expect, test, vi } from "vitest";
import { Neo4j, Neo4jSetup } from "../../../components/index.ts";
import { deliveriesToJob } from "../helpers/expected.ts";
import { deploy } from "../helpers/stack.ts";

const folder = mkdtempSync(join(tmpdir(), "stackyard-setup-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
beforeEach(() => {
  vi.spyOn(pulumi.log, "info").mockResolvedValue();
});

test("a file's name may have what the client's command cannot", async () => {
  const cypher = [join(folder, "first notes.cypher")];
  writeFileSync(cypher[0] ?? "", "MERGE (:Note {id: 2});\n");
  const stack = await deploy(
    (platform) => new Neo4jSetup("schema", { platform, database: new Neo4j("main", { platform }), cypher }),
  );
  const files = (await deliveriesToJob(stack, "schema"))[1]?.files ?? {};
  expect(files["1-first_notes.cypher"]).toBe("MERGE (:Note {id: 2});\n");
  expect(files.all?.split("\n").slice(0, 2)).toEqual([
    `RETURN "${relative(process.cwd(), cypher[0] ?? "")}" AS stackyard_file;`,
    ":source /run/files/1-first_notes.cypher",
  ]);
});

test("one byte-order mark is removed, and a file that is not in UTF-8 is refused", async () => {
  const cypher = [join(folder, "marked.cypher")];
  const setup = () =>
    deploy((platform) => new Neo4jSetup("schema", { platform, database: new Neo4j("main", { platform }), cypher }));
  writeFileSync(cypher[0] ?? "", "\ufeff\ufeffMERGE (:Note);\n");
  expect((await deliveriesToJob(await setup(), "schema"))[1]?.files["1-marked.cypher"]).toBe("\ufeffMERGE (:Note);\n");
  writeFileSync(cypher[0] ?? "", Buffer.from("MERGE (:Caf\u00e9);\n", "latin1"));
  await expect(setup()).rejects.toThrow(
    "cypher.0: should be a file in UTF-8, because cypher-shell reads no other, got",
  );
});

test.each([
  ["CREATE (:A); // And\n/* the rest\nCREATE (:B);\n", true],
  ['CREATE (:A {it: \'an open " and /*\'});\n// And /* here\n/* one */ CREATE (:`/*` {it: "\'\\"/*"});\n', false],
])("of a file with the comments of %j it is refused: %s", async (content, refused) => {
  const cypher = [join(folder, "comments.cypher")];
  writeFileSync(cypher[0] ?? "", content);
  const setup = deploy(
    (platform) => new Neo4jSetup("schema", { platform, database: new Neo4j("main", { platform }), cypher }),
  );
  if (!refused) return void (await setup);
  await expect(setup).rejects.toThrow("cypher.0: should be a file in which every /* has its */, got ");
});

test("a path that is not a file, or cannot be read, is refused with the reason", async () => {
  const setup = (path: string) =>
    deploy(
      (platform) => new Neo4jSetup("schema", { platform, database: new Neo4j("main", { platform }), cypher: [path] }),
    );
  await expect(setup(folder)).rejects.toThrow("cypher.0: should be a file that is there, got ");
  await expect(setup("x".repeat(300))).rejects.toThrow("cypher.0: should be a file that is there, got ");
});
