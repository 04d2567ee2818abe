import * as pulumi from "@pulumi/pulumi";
import { describe, expect, test } from "vitest";
import { Minio, type MinioArgs } from "../../../components/index.ts";
import { probed } from "../helpers/engine.ts";
import { everyService, expectNoSecret, handedTo, healthcheck } from "../helpers/expected.ts";
import { deploy, held, idOf, labels, type Options, passwordOf, volumeOf } from "../helpers/stack.ts";

const CONTAINER = "Container store";
const SECRET = passwordOf("store-password");
const IMAGE = "image-quay-io-minio-minio-RELEASE-2025-09-07T16-13-09Z";
const minio = (args: Partial<MinioArgs> = {}, options: Options = {}) =>
  deploy((platform) => new Minio("store", { platform, ...args }), options);

test("is made of a password, a volume, a network, a container and a gate", async () => {
  expect((await minio()).types).toEqual({
    "Platform platform": "stackyard:core:Platform",
    "Provider docker": "pulumi:providers:docker",
    "Stash identity": "pulumi:index:Stash",
    "Stash ledger": "pulumi:index:Stash",
    [`RemoteImage ${IMAGE}`]: "docker:index/remoteImage:RemoteImage",
    "Minio store": "stackyard:databases:Minio",
    "RandomPassword store-password": "random:index/randomPassword:RandomPassword",
    "Volume store-data": "docker:index/volume:Volume",
    "Volume store-secrets": "docker:index/volume:Volume",
    "Network store": "docker:index/network:Network",
    "Container store": "docker:index/container:Container",
    "Stash store-ready": "pulumi:index:Stash",
  });
});

test("the container, by default", async () => {
  const { inputs, deleteBeforeReplace, dependsOn, secretInputs } = (await minio()).get(CONTAINER);
  expect(inputs).toEqual({
    ...everyService(512, 30),
    image: `sha256:${IMAGE}`,
    command: ["minio", "server", "/data", "--address", ":9000", "--console-address", ":9001"],
    envs: [
      "MINIO_ROOT_USER_FILE=/run/secrets/root-user",
      "MINIO_ROOT_PASSWORD_FILE=/run/secrets/root-password",
      "MINIO_BROWSER=off",
      "MINIO_UPDATE=off",
      "MC_CONFIG_ENV_FILE=/run/secrets/mc.env",
      "MC_CONFIG_DIR=/tmp/.mc",
    ],
    user: "0:0",
    tmpfs: { "/tmp": "mode=1777,size=64m" },
    healthcheck: healthcheck(["CMD", "mc", "ls", "server/"], "3s"),
    networksAdvanced: [{ name: idOf("store"), aliases: ["store"] }],
    labels: labels("store", "service"),
    ports: [],
    volumes: [
      { containerPath: "/data", volumeName: volumeOf("store-data") },
      { containerPath: "/run/secrets", volumeName: volumeOf("store-secrets"), readOnly: true },
    ],
  });
  expect({ deleteBeforeReplace, dependsOn, secretInputs }).toEqual({
    deleteBeforeReplace: true,
    dependsOn: ["Network store", `RemoteImage ${IMAGE}`, "Stash ledger", "Volume store-data", "Volume store-secrets"],
    secretInputs: [],
  });
});

test.each<[string, Partial<MinioArgs>, Options, string]>([
  ["root without capabilities in the official image, whose data folder is root's", {}, {}, "0:0"],
  ["the data folder's owner in the image from packages", {}, { imageSource: "packages" }, "1000:1000"],
  ["whoever owns the data folder of another image", { user: "65532:65532" }, {}, "65532:65532"],
])("runs as %s", async (_, args, options, user) => {
  const stack = await minio(args, options);
  expect(stack.get(CONTAINER).inputs).toMatchObject({ user, capabilities: { drops: ["ALL"] }, readOnly: true });
  expect((await handedTo(stack, "store")).map(({ access }) => access)).toEqual([`400 ${user}`]);
  expect(stack.get("Stash ledger").inputs).toMatchObject({ input: { volumes: { store: { firstStart: { user } } } } });
});

test("comes from the image that is asked for", async () => {
  const stack = await minio({ image: { registry: "registry.example.com/minio:1" } });
  expect(stack.of("RemoteImage").map(({ inputs }) => inputs.name)).toEqual(["registry.example.com/minio:1"]);
  expect(stack.get(CONTAINER).inputs.image).toBe("sha256:image-registry-example-com-minio-1");
});

test("each other option has its effect", async () => {
  const { inputs } = (
    await minio({
      hostPort: 19_000,
      consoleHostPort: 19_001,
      memoryMiB: 1024,
      cpus: 0.5,
      readyTimeoutSeconds: 20,
      stopGraceSeconds: 5,
    })
  ).get(CONTAINER);
  expect(inputs).toMatchObject({
    ...everyService(1024, 5),
    cpus: "0.5",
    ports: [
      { internal: 9000, external: 19_000, ip: "127.0.0.1", protocol: "tcp" },
      { internal: 9001, external: 19_001, ip: "127.0.0.1", protocol: "tcp" },
    ],
    healthcheck: { startPeriod: "20s" },
  });
  expect(inputs.envs).toContain("MINIO_BROWSER=on");
});

test("is remembered with what is fixed once there is data", async () => {
  expect((await minio({ consoleHostPort: 19_001 })).get("Stash ledger").inputs).toEqual({
    input: {
      volumes: {
        store: {
          volume: volumeOf("store-data"),
          firstStart: { user: "0:0", rootUser: "stackyard", password: "a generated one" },
        },
      },
      ports: { 19001: 'Minio "store"' },
    },
  });
});

describe("the password", () => {
  test("is handed over in files that only the server's user can read", async () => {
    expect(await handedTo(await minio({ rootUser: "admin" }), "store")).toEqual([
      {
        to: volumeOf("store-secrets"),
        files: {
          "root-user": "admin",
          "root-password": SECRET,
          "mc.env": `MC_HOST_server=http://admin:${SECRET}@store:9000\n`,
        },
        access: "400 0:0",
      },
    ]);
  });

  test("is in no input that is not marked as secret", async () => {
    expectNoSecret((await minio()).resources, [SECRET]);
    expectNoSecret((await minio({ password: "hunter22" })).resources, ["hunter22"]);
  });

  test("that is given is in the client's file as it is, because mc decodes nothing", async () => {
    const [{ files } = { files: {} as Record<string, string> }] = await handedTo(
      await minio({ password: "a@b/c d%20" }),
      "store",
    );
    expect(files).toMatchObject({
      "root-password": "a@b/c d%20",
      "mc.env": "MC_HOST_server=http://stackyard:a@b/c d%20@store:9000\n",
    });
  });

  test("may be an output", async () => {
    const [{ files } = { files: {} as Record<string, string> }] = await handedTo(
      await minio({ password: pulumi.secret("hunter22") }),
      "store",
    );
    expect(files["root-password"]).toBe("hunter22");
  });
});

test.each<[string, Partial<MinioArgs>, Options, boolean, boolean]>([
  ["dev", {}, { environment: "dev" }, false, false],
  ["prod", {}, { environment: "prod" }, true, true],
  ["dev, protected on purpose", { lifecycle: "protected" }, { environment: "dev" }, true, true],
])("in %s", async (_, args, options, volume, secret) => {
  const stack = await minio(args, options);
  expect({
    volume: stack.get("Volume store-data").protect,
    secret: stack.get("RandomPassword store-password").protect,
    others: stack.resources.filter(({ protect }) => protect).length,
  }).toEqual({ volume, secret, others: Number(volume) + Number(secret) });
});

test("when down, volume and password are declared", async () => {
  expect((await minio({}, { down: true })).keys).toEqual([
    "Minio store",
    "Platform platform",
    "Provider docker",
    "RandomPassword store-password",
    "Stash identity",
    "Stash ledger",
    "Volume store-data",
  ]);
});

test("is told of to others: address, credentials, network and volume", async () => {
  const { made } = await minio({ hostPort: 19_000 });
  const { connection } = made;
  expect({
    ...connection,
    password: await held(connection.password),
    url: await held(connection.url),
    fromHost: await held(connection.fromHost),
  }).toEqual({
    host: "store",
    port: 9000,
    user: "stackyard",
    password: SECRET,
    url: `http://stackyard:${SECRET}@store:9000`,
    fromHost: { host: "127.0.0.1", port: 19_000, url: `http://stackyard:${SECRET}@127.0.0.1:19000` },
  });
  expect(await pulumi.isSecret(connection.url)).toBe(true);
  expect({ network: await held(made.network.id), data: await held(made.data), gate: made.gate === made.ready }).toEqual(
    { network: idOf("store"), data: volumeOf("store-data"), gate: true },
  );
});

test("ready passes once the probe has, and fails with what the server said last, without the password", async () => {
  const stack = await minio();
  const container = stack.engine
    .container(idOf("store"), { pidsLimit: 256 })
    .onStart((it) => it.writes(`bad ${SECRET}`).exits(1));
  await expect(stack.run("store-ready")).rejects.toThrow(
    new Error(
      'Minio "store" stopped with exit code 1\nlast log lines:\n  bad [secret]\nMend the cause and run `up` again: it will be tried again.',
    ),
  );
  container.onStart((it) => it.in(0, { health: { status: "healthy", probes: [probed(0)] } }));
  await expect(stack.run("store-ready")).resolves.toBeUndefined();
});
