import { execFile } from "node:child_process";
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as pulumi from "@pulumi/pulumi";
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import { Qdrant, QdrantSetup, type QdrantSetupArgs } from "../../../components/index.ts";
import { everyJob, expectNoSecret, handedToJob } from "../helpers/expected.ts";
import { deploy, idOf, labels, type Options, passwordOf, volumeOf } from "../helpers/stack.ts";

const PROGRAM = "components/jobs/qdrant-collections.mts";
const SECRET = passwordOf("vectors-api-key");
beforeEach(() => {
  vi.spyOn(pulumi.log, "info").mockResolvedValue();
});

const setup = (args: Partial<QdrantSetupArgs> = {}, options: Options = {}) =>
  deploy((platform) => {
    const database = new Qdrant("vectors", { platform });
    return new QdrantSetup("collections", { platform, database, ...args });
  }, options);
const notes = () => setup({ collections: { notes: { size: 384 }, images: { size: 4, distance: "Dot" } } });

test("is made of a container that is not started, and a gate", async () => {
  const stack = await notes();
  expect(
    stack.resources
      .filter(({ parent }) => parent === "QdrantSetup collections")
      .map(({ key }) => key)
      .sort(),
  ).toEqual(["Container collections", "Stash collections-done"]);
  expect(stack.get("QdrantSetup collections").type).toBe("stackyard:jobs:QdrantSetup");
  expect(stack.of("RemoteImage").map(({ name }) => name)).toEqual([
    "image-qdrant-qdrant-v1-19-0-unprivileged",
    "image-node-24-slim",
  ]);
});

test("the container runs a program that it is handed, as nobody in particular", async () => {
  const { inputs, secretInputs } = (await notes()).get("Container collections");
  expect(inputs).toEqual({
    ...everyJob(128),
    image: "sha256:image-node-24-slim",
    command: ["node", "/run/files/qdrant-collections.mts", "http://vectors:6333"],
    envs: ["API_KEY_FILE=/run/secrets/api-key"],
    user: "65534:65534",
    tmpfs: { "/tmp": "mode=1777,size=64m" },
    networksAdvanced: [{ name: idOf("vectors"), aliases: [] }],
    labels: [
      ...labels("collections", "job"),
      { label: "stackyard.key", value: expect.stringMatching(/^[0-9a-f]{64}$/) },
    ],
    volumes: [{ containerPath: "/run/secrets" }, { containerPath: "/run/files" }],
  });
  expect(secretInputs).toEqual([]);
});

test("is handed the key for its user alone, the program, and the collections with their defaults", async () => {
  const stack = await notes();
  expect(await handedToJob(stack, "collections")).toEqual([
    { to: "/run/secrets", files: { "api-key": SECRET }, access: "400 65534:65534" },
    {
      to: "/run/files",
      files: {
        "qdrant-collections.mts": readFileSync(PROGRAM, "utf8"),
        "collections.json": '{"notes":{"size":384,"distance":"Cosine"},"images":{"size":4,"distance":"Dot"}}',
      },
      access: "444 0:0",
    },
  ]);
  expectNoSecret(stack.resources, [SECRET]);
});

test("starts when its own database is ready, not before, and runs again over a new volume or for another collection", async () => {
  const stack = await setup();
  expect(stack.get("Stash collections-done").dependsOn).toEqual([
    "Container collections",
    "RemoteImage image-node-24-slim",
    "Stash vectors-ready",
    "Volume vectors-data",
  ]);
  expect(stack.waitsFor("Container collections", "Stash vectors-ready")).toBe(false);
  const key = (await notes()).get("Stash collections-done").inputs;
  expect(stack.get("Stash collections-done").inputs).toMatchObject({ input: { volumes: [volumeOf("vectors-data")] } });
  expect(stack.get("Stash collections-done").inputs).not.toEqual(key);
  expect((await notes()).get("Stash collections-done").inputs).toEqual(key);
});

test("done is what others wait for, and fails with what the program says", async () => {
  const stack = await setup();
  const { made } = stack;
  expect([made.gate, Object.hasOwn(made, "connection"), Object.hasOwn(made, "network")]).toEqual([
    made.done,
    false,
    false,
  ]);
  stack.engine.container(idOf("collections")).onStart((it) => it.writes("collection notes: 400 no").exits(1));
  await expect(stack.run("collections-done")).rejects.toThrow(
    new Error(
      'QdrantSetup "collections" failed with exit code 1\nlast log lines:\n  collection notes: 400 no\n' +
        "Mend the cause and run `up` again: it will be tried again.",
    ),
  );
});

test("when down, its gate is all that is declared of it", async () => {
  const stack = await setup({}, { down: true });
  expect(stack.resources.filter(({ parent }) => parent === "QdrantSetup collections").map(({ key }) => key)).toEqual([
    "Stash collections-done",
  ]);
});

describe("the program", () => {
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), "stackyard-qdrant-"));
    copyFileSync(PROGRAM, join(folder, "program.mts"));
    writeFileSync(join(folder, "key"), "k3y");
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  /** Runs it against a server that has these collections, and wants the key. */
  async function run(wanted: object, there: Record<string, object>) {
    const made: Record<string, unknown> = {};
    const server = createServer(async ({ method, url = "", headers }, answer) => {
      const name = decodeURIComponent(url.replace("/collections/", ""));
      if (headers["api-key"] !== "k3y") return answer.writeHead(401).end("Invalid API key or JWT");
      if (method === "GET" && !(name in there)) return answer.writeHead(404).end('{"status":{"error":"none"}}');
      if (method === "GET") return answer.end(JSON.stringify({ result: { config: { params: there[name] } } }));
      if (name === "bad") return answer.writeHead(400).end('{"status":{"error":"bad"}}');
      return answer.end('{"result":true}', () => {
        made[name] = true;
      });
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    writeFileSync(join(folder, "collections.json"), JSON.stringify(wanted));
    const ran = await program(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
    server.close();
    return { ...ran, made: Object.keys(made) };
  }

  const program = (url: string) =>
    new Promise<{ code: unknown; output: string[] }>((resolve) => {
      const env = { ...process.env, API_KEY_FILE: join(folder, "key"), NODE_OPTIONS: "" };
      execFile(process.execPath, [join(folder, "program.mts"), url], { env }, (error, stdout, stderr) =>
        resolve({ code: error?.code ?? 0, output: `${stdout}${stderr}`.trim().split("\n") }),
      );
    });

  const NOTES = { size: 4, distance: "Dot" };

  test("makes what is not there, and leaves what is as it is", async () => {
    expect(await run({ notes: NOTES, kept: NOTES }, { kept: { vectors: NOTES } })).toEqual({
      code: 0,
      output: ["collection notes: made, with size 4 and distance Dot", "collection kept: there already"],
      made: ["notes"],
    });
  });

  test("says all that is at fault, and makes the others", async () => {
    const there = {
      small: { vectors: { size: 2, distance: "Dot" } },
      far: { vectors: { size: 4, distance: "Euclid" } },
      named: { vectors: { title: NOTES } },
    };
    const should = "should have vectors of size 4 and distance Dot, got";
    const fit = "Its data would not fit: delete it, or use another name.";
    expect(await run({ small: NOTES, far: NOTES, named: NOTES, bad: NOTES, notes: NOTES }, there)).toEqual({
      code: 1,
      output: [
        "collection notes: made, with size 4 and distance Dot",
        `collection small: ${should} size 2 and distance Dot. ${fit}`,
        `collection far: ${should} size 4 and distance Euclid. ${fit}`,
        `collection named: ${should} others, by name. ${fit}`,
        'collection bad: 400 {"status":{"error":"bad"}}',
      ],
      made: ["notes"],
    });
  });

  test("says why it reaches nobody", async () => {
    writeFileSync(join(folder, "collections.json"), JSON.stringify({ notes: NOTES }));
    const { code, output } = await program("http://127.0.0.1:1");
    expect({ code, lines: output.length, said: output[0] }).toEqual({
      code: 1,
      lines: 1,
      said: expect.stringContaining("fetch failed"),
    });
  });
});
