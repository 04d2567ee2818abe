import { expect, test } from "vitest";
import { Ollama, type OllamaArgs } from "../../../components/index.ts";
import { probed } from "../helpers/engine.ts";
import { everyService, healthcheck } from "../helpers/expected.ts";
import { deploy, held, idOf, labels, type Options, volumeOf } from "../helpers/stack.ts";

const CONTAINER = "Container models";
const IMAGE = "image-ollama-ollama-0-17-4";
const ollama = (args: Partial<OllamaArgs> = {}, options: Options = {}) =>
  deploy((platform) => new Ollama("models", { platform, ...args }), options);
const PROBE = [
  "exec 3<>/dev/tcp/models/11434 || exit 1",
  "printf 'GET /api/version HTTP/1.1\\r\\nHost: models\\r\\nConnection: close\\r\\n\\r\\n' >&3",
  "read -r answer <&3",
  'case $answer in "HTTP/1.1 200 "*) ;; *) echo "$answer"; exit 1 ;; esac',
].join("\n");

test("is made of a volume, a network, a container and a gate", async () => {
  expect((await ollama()).types).toEqual({
    "Platform platform": "stackyard:core:Platform",
    "Provider docker": "pulumi:providers:docker",
    "Stash identity": "pulumi:index:Stash",
    "Stash ledger": "pulumi:index:Stash",
    [`RemoteImage ${IMAGE}`]: "docker:index/remoteImage:RemoteImage",
    "Ollama models": "stackyard:databases:Ollama",
    "Volume models-data": "docker:index/volume:Volume",
    "Network models": "docker:index/network:Network",
    "Container models": "docker:index/container:Container",
    "Stash models-ready": "pulumi:index:Stash",
  });
});

test("the container, by default", async () => {
  const { inputs, deleteBeforeReplace, dependsOn, secretInputs } = (await ollama()).get(CONTAINER);
  expect(inputs).toEqual({
    ...everyService(2048, 30),
    image: `sha256:${IMAGE}`,
    command: ["serve"],
    envs: ["OLLAMA_HOST=0.0.0.0:11434", "HOME=/home/ubuntu", "OLLAMA_MODELS=/home/ubuntu/.ollama/models"],
    user: "1000:1000",
    tmpfs: { "/tmp": "mode=1777,size=64m" },
    healthcheck: healthcheck(["CMD", "bash", "-c", PROBE], "3s"),
    networksAdvanced: [{ name: idOf("models"), aliases: ["models"] }],
    labels: labels("models", "service"),
    ports: [],
    volumes: [{ containerPath: "/home/ubuntu", volumeName: volumeOf("models-data") }],
  });
  expect({ deleteBeforeReplace, dependsOn, secretInputs }).toEqual({
    deleteBeforeReplace: true,
    dependsOn: ["Network models", `RemoteImage ${IMAGE}`, "Stash ledger", "Volume models-data"],
    secretInputs: [],
  });
});

test("each other option has its effect", async () => {
  const { inputs } = (
    await ollama({ hostPort: 21_434, memoryMiB: 4096, cpus: 1.5, readyTimeoutSeconds: 20, stopGraceSeconds: 5 })
  ).get(CONTAINER);
  expect(inputs).toMatchObject({
    ...everyService(4096, 5),
    cpus: "1.5",
    ports: [{ internal: 11_434, external: 21_434, ip: "127.0.0.1", protocol: "tcp" }],
    healthcheck: { startPeriod: "20s" },
  });
});

test.each([
  [false, true],
  [true, false],
])("with egress %s its network is closed: %s", async (egress, closed) => {
  const stack = await ollama({ egress });
  expect([stack.get("Network models").inputs.internal ?? false, stack.made.egress]).toEqual([closed, egress]);
});

test("is remembered, in no version: every one reads the models of another", async () => {
  expect((await ollama()).get("Stash ledger").inputs).toEqual({
    input: { volumes: { models: { volume: volumeOf("models-data"), firstStart: {} } }, ports: {} },
  });
});

test.each<[string, Partial<OllamaArgs>, Options, boolean]>([
  ["dev", {}, { environment: "dev" }, false],
  ["prod", {}, { environment: "prod" }, true],
  ["dev, protected on purpose", { lifecycle: "protected" }, { environment: "dev" }, true],
])("in %s", async (_, args, options, volume) => {
  const stack = await ollama(args, options);
  expect({
    volume: stack.get("Volume models-data").protect,
    others: stack.resources.filter(({ protect }) => protect).length,
  }).toEqual({ volume, others: Number(volume) });
});

test("when down, its volume is declared", async () => {
  expect((await ollama({}, { down: true })).keys).toEqual([
    "Ollama models",
    "Platform platform",
    "Provider docker",
    "Stash identity",
    "Stash ledger",
    "Volume models-data",
  ]);
});

test("is told of to others: address, network and volume", async () => {
  const { made } = await ollama({ hostPort: 21_434 });
  const { connection } = made;
  expect({ ...connection, url: await held(connection.url), fromHost: await held(connection.fromHost) }).toEqual({
    host: "models",
    port: 11_434,
    url: "http://models:11434",
    fromHost: { host: "127.0.0.1", port: 21_434, url: "http://127.0.0.1:21434" },
  });
  expect({ network: await held(made.network.id), data: await held(made.data), gate: made.gate === made.ready }).toEqual(
    {
      network: idOf("models"),
      data: volumeOf("models-data"),
      gate: true,
    },
  );
});

test("ready passes once the probe has, and fails with what the server said last", async () => {
  const stack = await ollama();
  const container = stack.engine
    .container(idOf("models"), { pidsLimit: 1024 })
    .onStart((it) => it.writes("no room").exits(1));
  await expect(stack.run("models-ready")).rejects.toThrow(
    new Error(
      'Ollama "models" stopped with exit code 1\nlast log lines:\n  no room\nMend the cause and run `up` again: it will be tried again.',
    ),
  );
  container.onStart((it) => it.in(0, { health: { status: "healthy", probes: [probed(0)] } }));
  await expect(stack.run("models-ready")).resolves.toBeUndefined();
});
