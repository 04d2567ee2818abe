import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as pulumi from "@pulumi/pulumi";
import fc from "fast-check";
import { afterAll, beforeAll, beforeEach, expect, test, vi } from "vitest";
import { builtImage } from "../../../components/core/support/built-image.ts";
import { pinned } from "../../../components/core/support/lock.ts";
import { Postgres, Redis, SetupJob, type SetupJobArgs } from "../../../components/index.ts";
import { deliveriesToJob, everyJob, expectNoSecret } from "../helpers/expected.ts";
import { deploy, idOf, labels, type Options, passwordOf } from "../helpers/stack.ts";

let folder: string;
let script: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "stackyard-job-"));
  script = join(folder, "seed.sh");
  writeFileSync(script, "echo seeded\n");
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));
beforeEach(() => {
  vi.spyOn(pulumi.log, "info").mockResolvedValue();
});

const alone = (args: Partial<SetupJobArgs> = {}, options: Options = {}) =>
  deploy(
    (platform) => new SetupJob("seed", { platform, image: "alpine:3", command: ["sh", "/run/files/seed.sh"], ...args }),
    options,
  );
const withBoth = (args: Partial<SetupJobArgs> = {}) =>
  deploy((platform) => {
    const uses = { database: new Postgres("pg", { platform }), read_cache: new Redis("cache", { platform }) };
    return new SetupJob("seed", {
      platform,
      image: "alpine:3",
      command: ["sh"],
      files: { "seed.sh": script },
      uses,
      ...args,
    });
  });

test("is made of a container that is not started, and a gate", async () => {
  expect((await alone()).types).toEqual({
    "Platform platform": "stackyard:core:Platform",
    "Provider docker": "pulumi:providers:docker",
    "Stash identity": "pulumi:index:Stash",
    "Stash ledger": "pulumi:index:Stash",
    "RemoteImage image-alpine-3": "docker:index/remoteImage:RemoteImage",
    "SetupJob seed": "stackyard:jobs:SetupJob",
    "Container seed": "docker:index/container:Container",
    "Stash seed-done": "pulumi:index:Stash",
  });
});

test("the container, by default", async () => {
  expect((await alone()).get("Container seed").inputs).toEqual({
    ...everyJob(256),
    image: "sha256:image-alpine-3",
    command: ["sh", "/run/files/seed.sh"],
    envs: [],
    user: "65534:65534",
    tmpfs: { "/tmp": "mode=1777,size=64m" },
    networkMode: "none",
    networksAdvanced: [],
    labels: [...labels("seed", "job"), { label: "stackyard.key", value: expect.stringMatching(/^[0-9a-f]{64}$/) }],
    volumes: [],
  });
});

test("with egress it has a network of its own with a way out, beside those of what it refers to", async () => {
  const stack = await withBoth({ egress: true });
  const { internal, options } = stack.get("Network seed-outside").inputs;
  expect({ internal, options }).toEqual({
    internal: false,
    options: { "com.docker.network.bridge.enable_ip_masquerade": "true" },
  });
  const networks = stack.get("Container seed").inputs.networksAdvanced as { name: string }[];
  expect(networks.map(({ name }) => name)).toEqual(["pg", "cache", "seed-outside"].map(idOf));
});

test("gets the addresses of what it refers to, and reaches only that", async () => {
  const stack = await withBoth({ env: { MODE: "full" }, user: "1000:1001", memoryMiB: 64 });
  expect(stack.get("Container seed").inputs).toMatchObject({
    ...everyJob(64),
    user: "1000:1001",
    envs: [
      "DATABASE_HOST=pg",
      "DATABASE_PORT=5432",
      "DATABASE_USER=app",
      "DATABASE_NAME=app",
      "DATABASE_URL_FILE=/run/secrets/database_url",
      "DATABASE_PASSWORD_FILE=/run/secrets/database_password",
      "READ_CACHE_HOST=cache",
      "READ_CACHE_PORT=6379",
      "READ_CACHE_USER=default",
      "READ_CACHE_URL_FILE=/run/secrets/read_cache_url",
      "READ_CACHE_PASSWORD_FILE=/run/secrets/read_cache_password",
      "MODE=full",
    ],
    networksAdvanced: [
      { name: idOf("pg"), aliases: [] },
      { name: idOf("cache"), aliases: [] },
    ],
  });
  expect(await deliveriesToJob(stack, "seed")).toEqual([
    {
      to: "/run/secrets",
      files: {
        database_url: `postgresql://app:${passwordOf("pg-password")}@pg:5432/app`,
        database_password: passwordOf("pg-password"),
        read_cache_password: passwordOf("cache-password"),
        read_cache_url: `redis://default:${passwordOf("cache-password")}@cache:6379`,
      },
      access: "400 1000:1001",
    },
    { to: "/run/files", files: { "seed.sh": "echo seeded\n" }, access: "444 0:0" },
  ]);
  expectNoSecret(stack.resources, [passwordOf("pg-password"), passwordOf("cache-password")]);
});

test("a mount may be in the place of the folder in memory that /tmp is by default", async () => {
  expect((await alone({ mounts: { [folder]: "/tmp" } })).get("Container seed").inputs).toMatchObject({
    tmpfs: {},
    mounts: [{ source: folder, target: "/tmp" }],
  });
});

test("hands over any bytes as they are, and has only their hash in its inputs", async () => {
  const file = join(folder, "dump");
  const content = fc.uint8Array({ minLength: 1, maxLength: 1_000 });
  await fc.assert(
    fc.asyncProperty(content, async (bytes) => {
      writeFileSync(file, bytes);
      const stack = await alone({ files: { dump: file } });
      stack.engine.container(idOf("seed")).onStart((it) => it.exits(0));
      await stack.run("seed-done");
      const [, , , handed] = stack.engine.acts.find(([method]) => method === "putFiles") ?? [];
      expect(handed).toMatchObject([{ name: "dump", content: Buffer.from(bytes) }]);
      expect(stack.get("Stash seed-done").inputs.input).toMatchObject({
        files: expect.stringMatching(/^[0-9a-f]{64}$/),
      });
    }),
    { numRuns: 20 },
  );
});

test("waits for all that it refers to, and for nothing else", async () => {
  const stack = await deploy((platform) => {
    const database = new Postgres("pg", { platform });
    new Redis("cache", { platform });
    return new SetupJob("seed", { platform, image: "alpine:3", command: ["sh"], uses: { database } });
  });
  expect(stack.waitsFor("Stash seed-done", "Stash pg-ready")).toBe(true);
  expect(stack.waitsFor("Stash seed-done", "Container cache")).toBe(false);
});

test("one job waits for another", async () => {
  const stack = await deploy((platform) => {
    const first = new SetupJob("first", { platform, image: "alpine:3", command: ["true"] });
    return new SetupJob("second", { platform, image: "alpine:3", command: ["true"], uses: { first } });
  });
  expect(stack.get("Stash second-done").dependsOn).toEqual([
    "Container second",
    "RemoteImage image-alpine-3",
    "Stash first-done",
  ]);
});

test.each<[string, SetupJobArgs["image"], Options, string]>([
  ["by its name", "alpine:3", {}, pinned("alpine:3")],
  ["by facts, from a registry", { registry: "node:24-slim", packages: "node" }, {}, pinned("node:24-slim")],
  [
    "by facts, from package registries",
    { registry: "node:24-slim", packages: "node" },
    { imageSource: "packages" },
    builtImage("node").ref,
  ],
])("takes an image %s", async (_, image, options, expected) => {
  expect((await alone({ image }, options)).of("RemoteImage").map(({ inputs }) => inputs.name)).toEqual([expected]);
});

test("done fails at the time-out that was set", async () => {
  const stack = await alone({ timeoutSeconds: 3 });
  stack.engine.container(idOf("seed"));
  vi.useFakeTimers();
  const failed = stack.run("seed-done").catch((error: Error) => error.message.split("\n")[0]);
  await vi.advanceTimersByTimeAsync(3_000);
  vi.useRealTimers();
  expect(await failed).toBe('SetupJob "seed" was ended: it took longer than 3 s');
});
