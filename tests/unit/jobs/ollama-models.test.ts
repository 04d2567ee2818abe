import { execFile } from "node:child_process";
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as pulumi from "@pulumi/pulumi";
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import { Ollama, OllamaModels, type OllamaModelsArgs } from "../../../components/index.ts";
import { everyJob, handedToJob } from "../helpers/expected.ts";
import { deploy, idOf, labels, type Options, volumeOf } from "../helpers/stack.ts";

const PROGRAM = "components/jobs/ollama-models.mts";
const MODELS: OllamaModelsArgs["models"] = {
  "llama3.2:1b": {},
  tutor: { from: "llama3.2:1b", system: "Explain.", parameters: { temperature: 0.2 } },
};
beforeEach(() => {
  vi.spyOn(pulumi.log, "info").mockResolvedValue();
});

const models = (args: Partial<OllamaModelsArgs> = {}, options: Options = {}) =>
  deploy((platform) => {
    const database = new Ollama("ollama", { platform, egress: true });
    return new OllamaModels("models", { platform, database, models: MODELS, ...args });
  }, options);

test("is made of a container that is not started, and a gate", async () => {
  const stack = await models();
  expect(
    stack.resources
      .filter(({ parent }) => parent === "OllamaModels models")
      .map(({ key }) => key)
      .sort(),
  ).toEqual(["Container models", "Stash models-done"]);
  expect(stack.get("OllamaModels models").type).toBe("stackyard:jobs:OllamaModels");
  expect(stack.of("RemoteImage").map(({ name }) => name)).toEqual(["image-ollama-ollama-0-17-4", "image-node-24-slim"]);
});

test("the container runs a program that it is handed, as nobody in particular", async () => {
  const stack = await models();
  const { inputs, secretInputs } = stack.get("Container models");
  expect(inputs).toEqual({
    ...everyJob(128),
    image: "sha256:image-node-24-slim",
    command: ["node", "/run/files/ollama-models.mts", "http://ollama:11434"],
    envs: [],
    user: "65534:65534",
    tmpfs: { "/tmp": "mode=1777,size=64m" },
    networksAdvanced: [{ name: idOf("ollama"), aliases: [] }],
    labels: [...labels("models", "job"), { label: "stackyard.key", value: expect.stringMatching(/^[0-9a-f]{64}$/) }],
    volumes: [{ containerPath: "/run/files" }],
  });
  expect(secretInputs).toEqual([]);
  expect(await handedToJob(stack, "models")).toEqual([
    {
      to: "/run/files",
      files: { "ollama-models.mts": readFileSync(PROGRAM, "utf8"), "models.json": JSON.stringify(MODELS) },
      access: "444 0:0",
    },
  ]);
});

test("starts when its own server is ready, not before, and runs again over a new volume", async () => {
  const stack = await models();
  expect(stack.get("Stash models-done").dependsOn).toEqual([
    "Container models",
    "RemoteImage image-node-24-slim",
    "Stash ollama-ready",
    "Volume ollama-data",
  ]);
  expect(stack.waitsFor("Container models", "Stash ollama-ready")).toBe(false);
  expect(stack.get("Stash models-done").inputs).toMatchObject({ input: { volumes: [volumeOf("ollama-data")] } });
  const { made } = stack;
  expect([made.gate, Object.hasOwn(made, "connection"), Object.hasOwn(made, "network")]).toEqual([
    made.done,
    false,
    false,
  ]);
});

test("when down, its gate is all that is declared of it", async () => {
  const stack = await models({}, { down: true });
  expect(stack.resources.filter(({ parent }) => parent === "OllamaModels models").map(({ key }) => key)).toEqual([
    "Stash models-done",
  ]);
});

describe("the program", () => {
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), "stackyard-ollama-"));
    copyFileSync(PROGRAM, join(folder, "program.mts"));
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  const DONE = { status: "success" };

  /** Runs it against a server that has the model `there`, and answers to the others with these lines. */
  async function run(wanted: object, answers: Record<string, object[]>) {
    const asked: unknown[] = [];
    const server = createServer(async (request, answer) => {
      let text = "";
      for await (const chunk of request) text += chunk;
      const body = JSON.parse(text) as { model: string };
      if (request.url === "/api/show") return answer.writeHead(body.model === "there" ? 200 : 404).end("{}");
      asked.push([request.url, body]);
      return answer.end((answers[body.model] ?? []).map((line) => `${JSON.stringify(line)}\n`).join(""));
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    writeFileSync(join(folder, "models.json"), JSON.stringify(wanted));
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const env = { ...process.env, NODE_OPTIONS: "" };
    const ran = await new Promise<{ code: unknown; output: string[] }>((resolve) =>
      execFile(process.execPath, [join(folder, "program.mts"), url], { env }, (error, stdout, stderr) =>
        resolve({ code: error?.code ?? 0, output: `${stdout}${stderr}`.trim().split("\n") }),
      ),
    );
    server.close();
    return { ...ran, asked };
  }

  test("pulls what is not there, and says how far it is in tenths", async () => {
    const part = (completed: number) => ({ status: "pulling a1", digest: "a1", total: 5e6, completed });
    expect(await run({ there: {}, tiny: {} }, { tiny: [part(0), part(1e5), part(2.6e6), part(5e6), DONE] })).toEqual({
      code: 0,
      output: [
        "model there: there already",
        "model tiny: pulling a1 0 % of 5 MB",
        "model tiny: pulling a1 50 % of 5 MB",
        "model tiny: pulling a1 100 % of 5 MB",
        "model tiny: success",
      ],
      asked: [["/api/pull", { model: "tiny", stream: true }]],
    });
  });

  test("makes one of another, whether it is there or not", async () => {
    const there = { from: "base", system: "Explain.", parameters: { num_ctx: 512 } };
    expect(await run({ there }, { there: [DONE] })).toEqual({
      code: 0,
      output: ["model there: success"],
      asked: [["/api/create", { model: "there", stream: true, ...there }]],
    });
  });

  test("says all that is at fault, and goes on with the others", async () => {
    const answers = {
      none: [{ error: "pull model manifest: file does not exist" }],
      cut: [{ status: "a" }],
      tiny: [DONE],
    };
    const { code, output } = await run({ none: {}, cut: {}, tiny: {} }, answers);
    expect({ code, output }).toEqual({
      code: 1,
      output: [
        "model cut: a",
        "model tiny: success",
        "model none: pull model manifest: file does not exist",
        "model cut: the answer broke off",
      ],
    });
  });
});
