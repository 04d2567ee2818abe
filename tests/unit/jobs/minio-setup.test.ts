import * as pulumi from "@pulumi/pulumi";
import { beforeEach, describe, expect, test, vi } from "vitest";
import { Minio, type MinioArgs, MinioSetup, type MinioSetupArgs } from "../../../components/index.ts";
import { everyJob, expectNoSecret, handedToJob } from "../helpers/expected.ts";
import { deploy, idOf, labels, type Options, passwordOf, volumeOf } from "../helpers/stack.ts";

const SECRET = passwordOf("store-password");
const IMAGE = "image-quay-io-minio-minio-RELEASE-2025-09-07T16-13-09Z";
beforeEach(() => {
  vi.spyOn(pulumi.log, "info").mockResolvedValue();
});

const setup = (
  buckets: MinioSetupArgs["buckets"] = { kept: {} },
  options: Options = {},
  server: Partial<MinioArgs> = {},
) =>
  deploy((platform) => {
    const storage = new Minio("store", { platform, rootUser: "admin", ...server });
    return new MinioSetup("buckets", { platform, storage, buckets });
  }, options);

const commands = async (buckets: MinioSetupArgs["buckets"]) => {
  const { command } = (await setup(buckets)).get("Container buckets").inputs as { command: string[] };
  expect(command.length).toBe(1);
  return command[0]?.split("\n");
};

test("is made of a container that is not started, and a gate", async () => {
  const stack = await setup();
  expect(
    stack.resources
      .filter(({ parent }) => parent === "MinioSetup buckets")
      .map(({ key }) => key)
      .sort(),
  ).toEqual(["Container buckets", "Stash buckets-done"]);
  expect(stack.get("MinioSetup buckets").type).toBe("stackyard:jobs:MinioSetup");
  expect(stack.of("RemoteImage").map(({ name }) => name)).toEqual([IMAGE]);
});

test("the container runs the client of the server's own image, not its entry point", async () => {
  const { inputs, secretInputs } = (await setup()).get("Container buckets");
  expect(inputs).toEqual({
    ...everyJob(128),
    image: `sha256:${IMAGE}`,
    entrypoints: ["sh", "-euc"],
    command: [expect.stringMatching(/^mc mb --ignore-existing server\/kept\n/)],
    envs: ["MC_CONFIG_ENV_FILE=/run/secrets/mc.env", "MC_CONFIG_DIR=/tmp/.mc"],
    user: "65534:65534",
    tmpfs: { "/tmp": "mode=1777,size=64m" },
    networksAdvanced: [{ name: idOf("store"), aliases: [] }],
    labels: [...labels("buckets", "job"), { label: "stackyard.key", value: expect.stringMatching(/^[0-9a-f]{64}$/) }],
    volumes: [{ containerPath: "/run/secrets" }],
  });
  expect(secretInputs).toEqual([]);
});

test("a server of another image is set up with that one", async () => {
  const stack = await setup({ kept: {} }, {}, { image: { registry: "minio.example.com/minio:1" } });
  expect(stack.get("Container buckets").inputs.image).toBe("sha256:image-minio-example-com-minio-1");
});

test("a bucket of which nothing is said is private, not versioned, and keeps its objects", async () => {
  expect(await commands({ kept: {} })).toEqual([
    "mc mb --ignore-existing server/kept",
    "info=$(mc version info --json server/kept)",
    `case $info in *'"Enabled"'*) mc version suspend server/kept ;; esac`,
    "if mc ilm rule export server/kept >/dev/null 2>&1; then mc ilm rule rm --all --force server/kept; fi",
    "mc anonymous set none server/kept",
  ]);
});

test("buckets are set up one after the other, each with all that is said of it", async () => {
  const lines = await commands({
    "my.bucket-1": {},
    public: { versioning: true, expireAfterDays: 30, anonymous: "download" },
  });
  expect(lines?.slice(5)).toEqual([
    "mc mb --ignore-existing server/public",
    "mc version enable server/public",
    `printf %s '{"Rules":[{"ID":"expire","Status":"Enabled","Filter":{"Prefix":""},"Expiration":{"Days":30},"NoncurrentVersionExpiration":{"NoncurrentDays":30}}]}' | mc ilm rule import server/public`,
    "mc anonymous set download server/public",
  ]);
  expect(lines?.[0]).toBe("mc mb --ignore-existing server/my.bucket-1");
});

test("the password is in a file for its user alone", async () => {
  const stack = await setup();
  expect(await handedToJob(stack, "buckets")).toEqual([
    {
      to: "/run/secrets",
      files: { "mc.env": `MC_HOST_server=http://admin:${SECRET}@store:9000\n` },
      access: "400 65534:65534",
    },
  ]);
  expectNoSecret(stack.resources, [SECRET]);
});

test("starts when its own server is ready, not before, and runs again over a new volume", async () => {
  const stack = await setup();
  expect(stack.get("Stash buckets-done").dependsOn).toEqual([
    "Container buckets",
    `RemoteImage ${IMAGE}`,
    "Stash store-ready",
    "Volume store-data",
  ]);
  expect(stack.waitsFor("Container buckets", "Stash store-ready")).toBe(false);
  expect(stack.get("Stash buckets-done").inputs).toMatchObject({ input: { volumes: [volumeOf("store-data")] } });
});

describe("a bucket's name", () => {
  test.each(["abc", "a.b", "0-1", `a${"-b".repeat(31)}`])("may be %s", async (name) => {
    expect((await commands({ [name]: {} }))?.[0]).toBe(`mc mb --ignore-existing server/${name}`);
  });

  test.each(["ab", "Uploads", "a_b", "-abc", "abc-", "a..b", "a.-b", "a-.b", "a;b", "a b", "a/b", "a".repeat(64)])(
    "may not be %j",
    async (name) => {
      await expect(setup({ [name]: {} })).rejects.toThrow(
        `MinioSetup "buckets" has bad arguments\n  buckets.${name}: should be a bucket's name (3 to 63 of `,
      );
    },
  );
});

describe("done", () => {
  test("passes when all commands succeed", async () => {
    const stack = await setup();
    stack.engine.container(idOf("buckets")).onStart((it) => it.exits(0));
    await expect(stack.run("buckets-done")).resolves.toBeUndefined();
  });

  test("fails with the client's message when one does", async () => {
    const stack = await setup();
    stack.engine
      .container(idOf("buckets"))
      .onStart((it) => it.writes("mc: <ERROR> Unable to make bucket `server/kept`.").exits(1));
    await expect(stack.run("buckets-done")).rejects.toThrow(
      new Error(
        'MinioSetup "buckets" failed with exit code 1\nlast log lines:\n  mc: <ERROR> Unable to make bucket `server/kept`.\n' +
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
  const stack = await setup({ kept: {} }, { down: true });
  expect(stack.resources.filter(({ parent }) => parent === "MinioSetup buckets").map(({ key }) => key)).toEqual([
    "Stash buckets-done",
  ]);
  expect(stack.of("Container")).toEqual([]);
});
