import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as pulumi from "@pulumi/pulumi";
import { afterAll, beforeEach, expect, test, vi } from "vitest";
import { Neo4j, Neo4jSetup } from "../../../components/index.ts";
import { handedToJob } from "../helpers/expected.ts";
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
  const [, { files } = { files: {} }] = await handedToJob(stack, "schema");
  expect(files).toEqual({
    "1-first_notes.cypher": "MERGE (:Note {id: 2});\n",
    all: ":source /run/files/1-first_notes.cypher\n",
  });
});
