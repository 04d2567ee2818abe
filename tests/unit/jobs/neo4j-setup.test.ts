import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as pulumi from "@pulumi/pulumi";
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import { Neo4j, Neo4jSetup, type Neo4jSetupArgs } from "../../../components/index.ts";
import { everyJob, expectNoSecret, handedToJob } from "../helpers/expected.ts";
import { deploy, idOf, labels, type Options, passwordOf, volumeOf } from "../helpers/stack.ts";

const SECRET = passwordOf("main-password");
const CONSTRAINT = "CREATE CONSTRAINT note_id IF NOT EXISTS FOR (n:Note) REQUIRE n.id IS UNIQUE;\n";
let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "stackyard-setup-"));
  mkdirSync(join(folder, "more"));
  writeFileSync(join(folder, "schema.cypher"), CONSTRAINT);
  writeFileSync(join(folder, "more/schema.cypher"), "MERGE (:Note {id: 1});\n");
  writeFileSync(join(folder, "more/first notes.cypher"), "MERGE (:Note {id: 2});\n");
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));
beforeEach(() => {
  vi.spyOn(pulumi.log, "info").mockResolvedValue();
});

const setup = (args: Partial<Neo4jSetupArgs> = {}, options: Options = {}) =>
  deploy((platform) => {
    const database = new Neo4j("main", { platform });
    return new Neo4jSetup("schema", {
      platform,
      database,
      cypher: [join(folder, "schema.cypher"), join(folder, "more/schema.cypher")],
      ...args,
    });
  }, options);

test("is made of a container that is not started, and a gate", async () => {
  const stack = await setup();
  expect(
    stack.resources
      .filter(({ parent }) => parent === "Neo4jSetup schema")
      .map(({ key }) => key)
      .sort(),
  ).toEqual(["Container schema", "Stash schema-done"]);
  expect(stack.get("Neo4jSetup schema").type).toBe("stackyard:jobs:Neo4jSetup");
  expect(stack.of("RemoteImage").map(({ name }) => name)).toEqual(["image-neo4j-5-26-community"]);
});

test("the container runs all files with one client, over the network", async () => {
  const { inputs, secretInputs } = (await setup()).get("Container schema");
  expect(inputs).toEqual({
    ...everyJob(384),
    image: "sha256:image-neo4j-5-26-community",
    command: [
      "bash",
      "-c",
      'NEO4J_PASSWORD=$(cat /run/secrets/password) exec cypher-shell "$@"',
      "cypher-shell",
      "--address=bolt://main:7687",
      "--username=neo4j",
      "--format=plain",
      "--file=/run/files/all",
    ],
    envs: ["TINI_SUBREAPER=1"],
    user: "7474:7474",
    tmpfs: { "/tmp": "exec,mode=1777,size=64m", "/var/lib/neo4j/conf": "uid=7474,gid=7474,mode=0700,size=1m" },
    networksAdvanced: [{ name: idOf("main"), aliases: [] }],
    labels: [...labels("schema", "job"), { label: "stackyard.key", value: expect.stringMatching(/^[0-9a-f]{64}$/) }],
    volumes: [{ containerPath: "/run/secrets" }, { containerPath: "/run/files" }],
  });
  expect(secretInputs).toEqual([]);
});

test("files of one name are kept apart, in their order; the password is for the server's user alone", async () => {
  const stack = await setup();
  expect(await handedToJob(stack, "schema")).toEqual([
    { to: "/run/secrets", files: { password: SECRET }, access: "400 7474:7474" },
    {
      to: "/run/files",
      files: {
        "1-schema.cypher": CONSTRAINT,
        "2-schema.cypher": "MERGE (:Note {id: 1});\n",
        all: ":source /run/files/1-schema.cypher\n:source /run/files/2-schema.cypher\n",
      },
      access: "444 0:0",
    },
  ]);
  expectNoSecret(stack.resources, [SECRET]);
});

test("a file's name may have what the client's command cannot", async () => {
  const [, { files } = { files: {} }] = await handedToJob(
    await setup({ cypher: [join(folder, "more/first notes.cypher")] }),
    "schema",
  );
  expect(files).toEqual({
    "1-first_notes.cypher": "MERGE (:Note {id: 2});\n",
    all: ":source /run/files/1-first_notes.cypher\n",
  });
});

test("starts when its own database is ready, not before, and runs again over a new volume", async () => {
  const stack = await setup();
  expect(stack.get("Stash schema-done").dependsOn).toEqual([
    "Container schema",
    "RemoteImage image-neo4j-5-26-community",
    "Stash main-ready",
    "Volume main-data",
  ]);
  expect(stack.waitsFor("Container schema", "Stash main-ready")).toBe(false);
  expect(stack.get("Stash schema-done").inputs).toMatchObject({ input: { volumes: [volumeOf("main-data")] } });
});

test("runs again when the content of a file, or their order, is another one", async () => {
  const filesOf = async (cypher: string[]) =>
    ((await setup({ cypher })).get("Stash schema-done").inputs.input as { files: string }).files;
  const first = join(folder, "schema.cypher");
  const second = join(folder, "more/schema.cypher");
  const copy = join(folder, "copy");
  mkdirSync(copy);
  writeFileSync(join(copy, "schema.cypher"), CONSTRAINT);
  expect(await filesOf([join(copy, "schema.cypher")])).toBe(await filesOf([first]));
  expect(new Set([await filesOf([first]), await filesOf([first, second]), await filesOf([second, first])]).size).toBe(
    3,
  );
});

describe("done", () => {
  test("passes when the client succeeds", async () => {
    const stack = await setup();
    stack.engine.container(idOf("schema")).onStart((it) => it.exits(0));
    await expect(stack.run("schema-done")).resolves.toBeUndefined();
  });

  test("fails with its message when a statement does", async () => {
    const stack = await setup();
    stack.engine.container(idOf("schema")).onStart((it) => it.writes("Invalid input 'CREAT'").exits(1));
    await expect(stack.run("schema-done")).rejects.toThrow(
      new Error(
        "Neo4jSetup \"schema\" failed with exit code 1\nlast log lines:\n  Invalid input 'CREAT'\n" +
          "Mend the cause and run `up` again: it will be tried again.",
      ),
    );
  });

  test("is what others wait for", async () => {
    const { made } = await setup();
    expect([made.gate, Object.hasOwn(made, "connection"), Object.hasOwn(made, "network")]).toEqual([
      made.done,
      false,
      false,
    ]);
  });
});

test("when down, its gate is all that is declared of it", async () => {
  const stack = await setup({}, { down: true });
  expect(stack.resources.filter(({ parent }) => parent === "Neo4jSetup schema").map(({ key }) => key)).toEqual([
    "Stash schema-done",
  ]);
  expect(stack.of("Container")).toEqual([]);
});
