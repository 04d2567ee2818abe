import * as pulumi from "@pulumi/pulumi";
import { describe, expect, test } from "vitest";
import { Qdrant, type QdrantArgs } from "../../../components/index.ts";
import { probed } from "../helpers/engine.ts";
import { everyService, expectNoSecret, handedTo, healthcheck } from "../helpers/expected.ts";
import { deploy, held, idOf, labels, type Options, passwordOf, refusedBy, volumeOf } from "../helpers/stack.ts";

const CONTAINER = "Container vectors";
const IMAGE = "image-qdrant-qdrant-v1-19-0-unprivileged";
const SECRET = passwordOf("vectors-api-key");
const qdrant = (args: Partial<QdrantArgs> = {}, options: Options = {}) =>
  deploy((platform) => new Qdrant("vectors", { platform, ...args }), options);
const PROBE = [
  "exec 3<>/dev/tcp/vectors/6333 || exit 1",
  "printf 'GET /collections/stackyard/exists HTTP/1.1\\r\\nHost: vectors\\r\\nConnection: close\\r\\napi-key: %s\\r\\n\\r\\n' \"$(</run/secrets/api-key)\" >&3",
  "read -r answer <&3",
  'case $answer in "HTTP/1.1 200 "*) ;; *) echo "$answer"; exit 1 ;; esac',
].join("\n");

test("is made of a key, a volume, a network, a container and a gate", async () => {
  expect((await qdrant()).types).toEqual({
    "Platform platform": "stackyard:core:Platform",
    "Provider docker": "pulumi:providers:docker",
    "Stash identity": "pulumi:index:Stash",
    "Stash ledger": "pulumi:index:Stash",
    [`RemoteImage ${IMAGE}`]: "docker:index/remoteImage:RemoteImage",
    "Qdrant vectors": "stackyard:databases:Qdrant",
    "RandomPassword vectors-api-key": "random:index/randomPassword:RandomPassword",
    "Volume vectors-data": "docker:index/volume:Volume",
    "Volume vectors-secrets": "docker:index/volume:Volume",
    "Network vectors": "docker:index/network:Network",
    "Container vectors": "docker:index/container:Container",
    "Stash vectors-ready": "pulumi:index:Stash",
  });
});

test("the container, by default", async () => {
  const { inputs, deleteBeforeReplace, dependsOn, secretInputs } = (await qdrant()).get(CONTAINER);
  expect(inputs).toEqual({
    ...everyService(256, 30),
    image: `sha256:${IMAGE}`,
    command: ["./qdrant", "--config-path", "/run/secrets/config.yaml"],
    envs: [
      "QDRANT__STORAGE__SNAPSHOTS_PATH=/qdrant/storage/snapshots",
      "QDRANT__TELEMETRY_DISABLED=true",
      "QDRANT_INIT_FILE_PATH=/tmp/qdrant-initialized",
    ],
    user: "1000:1000",
    tmpfs: { "/tmp": "mode=1777,size=64m" },
    healthcheck: healthcheck(["CMD", "bash", "-c", PROBE], "3s"),
    networksAdvanced: [{ name: idOf("vectors"), aliases: ["vectors"] }],
    labels: labels("vectors", "service"),
    ports: [],
    volumes: [
      { containerPath: "/qdrant/storage", volumeName: volumeOf("vectors-data") },
      { containerPath: "/run/secrets", volumeName: volumeOf("vectors-secrets"), readOnly: true },
    ],
  });
  expect({ deleteBeforeReplace, dependsOn, secretInputs }).toEqual({
    deleteBeforeReplace: true,
    dependsOn: [
      "Network vectors",
      `RemoteImage ${IMAGE}`,
      "Stash ledger",
      "Volume vectors-data",
      "Volume vectors-secrets",
    ],
    secretInputs: [],
  });
});

test("each other option has its effect", async () => {
  const args = { hostPort: 16_333, grpcHostPort: 16_334, memoryMiB: 512, cpus: 0.5 };
  const { inputs } = (await qdrant({ ...args, readyTimeoutSeconds: 20, stopGraceSeconds: 5 })).get(CONTAINER);
  expect(inputs).toMatchObject({
    ...everyService(512, 5),
    cpus: "0.5",
    ports: [
      { internal: 6333, external: 16_333, ip: "127.0.0.1", protocol: "tcp" },
      { internal: 6334, external: 16_334, ip: "127.0.0.1", protocol: "tcp" },
    ],
    healthcheck: { startPeriod: "20s" },
  });
});

test("is remembered with its major version and the ports it has on the host", async () => {
  expect((await qdrant({ hostPort: 16_333, grpcHostPort: 16_334 })).get("Stash ledger").inputs).toEqual({
    input: {
      volumes: {
        vectors: { volume: volumeOf("vectors-data"), major: "1", firstStart: { apiKey: "a generated one" } },
      },
      ports: { 16333: 'Qdrant "vectors"', 16334: 'Qdrant "vectors"' },
    },
  });
});

describe("from package registries", () => {
  test("it is a stand-in, by the name of its image", async () => {
    const { name } = (await qdrant({}, { imageSource: "packages" })).get(`RemoteImage ${IMAGE}`).inputs;
    expect(name).toMatch(/^stackyard\.invalid\/qdrant-stand-in:[0-9a-f]+$/);
  });

  test("it has no gRPC", async () => {
    expect(await refusedBy(() => qdrant({ grpcHostPort: 16_334 }, { imageSource: "packages" }))).toEqual([
      'Qdrant "vectors" has bad arguments\n  grpcHostPort: should be left out, because the stand-in from package ' +
        "registries has no gRPC, got 16334",
    ]);
  });
});

describe("the API key", () => {
  test("is handed over in files that only the server's user can read", async () => {
    expect(await handedTo(await qdrant(), "vectors")).toEqual([
      {
        to: volumeOf("vectors-secrets"),
        files: { "config.yaml": `service:\n  api_key: "${SECRET}"\n`, "api-key": SECRET },
        access: "400 1000:1000",
      },
    ]);
  });

  test("is in no input that is not marked as secret", async () => {
    expectNoSecret((await qdrant()).resources, [SECRET]);
    expectNoSecret((await qdrant({ apiKey: "hunter22" })).resources, ["hunter22"]);
  });

  test("that is given is in the configuration as the server reads it", async () => {
    const [{ files } = { files: {} }] = await handedTo(await qdrant({ apiKey: 'a"b\\c#:d' }), "vectors");
    expect(files).toEqual({ "config.yaml": 'service:\n  api_key: "a\\"b\\\\c#:d"\n', "api-key": 'a"b\\c#:d' });
  });
});

test.each<[string, Partial<QdrantArgs>, Options, boolean, boolean]>([
  ["dev", {}, { environment: "dev" }, false, false],
  ["prod", {}, { environment: "prod" }, true, true],
  ["dev, protected on purpose", { lifecycle: "protected" }, { environment: "dev" }, true, true],
])("in %s", async (_, args, options, volume, secret) => {
  const stack = await qdrant(args, options);
  expect({
    volume: stack.get("Volume vectors-data").protect,
    secret: stack.get("RandomPassword vectors-api-key").protect,
    others: stack.resources.filter(({ protect }) => protect).length,
  }).toEqual({ volume, secret, others: Number(volume) + Number(secret) });
});

test("when down, volume and key are declared", async () => {
  expect((await qdrant({}, { down: true })).keys).toEqual([
    "Platform platform",
    "Provider docker",
    "Qdrant vectors",
    "RandomPassword vectors-api-key",
    "Stash identity",
    "Stash ledger",
    "Volume vectors-data",
  ]);
});

test("is told of to others: address, key, network and volume; the key is not in the URL", async () => {
  const { made } = await qdrant({ hostPort: 16_333 });
  const { connection } = made;
  expect({
    ...connection,
    apiKey: await held(connection.apiKey),
    url: await held(connection.url),
    fromHost: await held(connection.fromHost),
  }).toEqual({
    host: "vectors",
    port: 6333,
    apiKey: SECRET,
    url: "http://vectors:6333",
    fromHost: { host: "127.0.0.1", port: 16_333, url: "http://127.0.0.1:16333" },
  });
  expect(await pulumi.isSecret(connection.apiKey as pulumi.Output<string>)).toBe(true);
  expect({ network: await held(made.network.id), data: await held(made.data), gate: made.gate === made.ready }).toEqual(
    {
      network: idOf("vectors"),
      data: volumeOf("vectors-data"),
      gate: true,
    },
  );
});

test("ready passes once the probe has, and fails with what the server said last, without the key", async () => {
  const stack = await qdrant();
  const container = stack.engine
    .container(idOf("vectors"), { pidsLimit: 1024 })
    .onStart((it) => it.writes(`bad ${SECRET}`).exits(1));
  await expect(stack.run("vectors-ready")).rejects.toThrow(
    new Error(
      'Qdrant "vectors" stopped with exit code 1\nlast log lines:\n  bad [secret]\nMend the cause and run `up` again: it will be tried again.',
    ),
  );
  container.onStart((it) => it.in(0, { health: { status: "healthy", probes: [probed(0)] } }));
  await expect(stack.run("vectors-ready")).resolves.toBeUndefined();
});
