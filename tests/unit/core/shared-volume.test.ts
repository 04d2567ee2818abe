import { expect, test } from "vitest";
import { refusals } from "../../../components/core/ledger.ts";
import { Container, type Platform, Postgres, SetupJob, Volume, type VolumeArgs } from "../../../components/index.ts";
import { deploy, held, labels, type Options, volumeOf } from "../helpers/stack.ts";

const three = (args: Partial<VolumeArgs> = {}, options: Options = {}) =>
  deploy((platform) => {
    const uploads = new Volume("uploads", { platform, ...args });
    const server = { platform, image: "web:1", probe: "none" } as const;
    return {
      app: new Container("app", { ...server, volumes: { uploads: { path: "/srv", volume: uploads } } }),
      files: new Container("files", { ...server, volumes: { u: { path: "/www", volume: uploads, readOnly: true } } }),
      job: new SetupJob("seed", { platform, image: "web:1", volumes: { u: { path: "/out", volume: uploads } } }),
    };
  }, options);

test("two containers and a job mount one volume, each at its own path", async () => {
  const stack = await three();
  const volumeName = volumeOf("uploads");
  expect(stack.of("Volume").map(({ key, type }) => [key, type])).toEqual([
    ["Volume uploads", "stackyard:core:Volume"],
    ["Volume uploads", "docker:index/volume:Volume"],
  ]);
  expect(stack.get("Container app").inputs.volumes).toEqual([{ containerPath: "/srv", volumeName }]);
  expect(stack.get("Container files").inputs.volumes).toEqual([{ containerPath: "/www", volumeName, readOnly: true }]);
  expect(stack.get("Container seed").inputs.volumes).toEqual([{ containerPath: "/out", volumeName }]);
  expect(await held(stack.made.app.data)).toBe(volumeName);
});

test("is labelled, kept and recorded under its own name", async () => {
  const stack = await three();
  const volume = stack.of("Volume").find(({ type }) => type.startsWith("docker:"));
  expect(volume).toMatchObject({ inputs: { labels: labels("uploads", "data") }, protect: false });
  const { volumes } = stack.get("Stash ledger").inputs.input as { volumes: object };
  expect(volumes).toEqual({ uploads: { volume: volumeOf("uploads"), firstStart: {} } });
  expect(refusals({ volumes } as never, { volumes: {} }, new Set())).toEqual([
    expect.stringMatching(/^uploads: this change would delete its volume .* make … DISCARD=uploads /),
  ]);
});

test.each<[string, Partial<VolumeArgs>, Options, boolean]>([
  ["in dev", {}, {}, false],
  ["in prod", {}, { environment: "prod" }, true],
  ["in dev, on request", { lifecycle: "protected" }, {}, true],
  ["in prod, unless set otherwise", { lifecycle: "keep" }, { environment: "prod" }, false],
])("is protected: %s", async (_, args, options, protect) => {
  const stack = await three(args, options);
  expect(stack.of("Volume").find(({ type }) => type.startsWith("docker:"))?.protect).toBe(protect);
});

test("no container with it is made before the ledger has checked", async () => {
  const stack = await three();
  for (const name of ["app", "files", "seed"])
    expect(stack.get(`Container ${name}`).dependsOn).toContain("Stash ledger");
});

test("stays while its users are down", async () => {
  const stack = await three({}, { down: true });
  expect(stack.keys).toContain("Volume uploads");
  expect(stack.of("Container")).toEqual([]);
});

test.each([
  ["the user of the container that mounts it first", undefined, { uid: 1000, gid: 1000 }],
  ["its owner, where one is set", "7:8", { uid: 7, gid: 8 }],
])("a new volume belongs to %s", async (_, owner, given) => {
  const stack = await three({ owner });
  await stack.run("app:own /srv");
  expect(stack.engine.calls).toContainEqual(["ownVolume", volumeOf("uploads"), "/srv", "sha256:image-web-1", given]);
});

test("a job runs again when it is replaced", async () => {
  const { inputs } = (await three()).get("Stash seed-done");
  expect(inputs.input).toMatchObject({ volumes: [volumeOf("uploads")] });
});

test.each<[string, (platform: Platform) => void]>([
  ["a service's", (platform) => new Postgres("uploads", { platform })],
  ["another volume's", (platform) => new Volume("uploads", { platform })],
])("its name must not be %s", async (_, other) => {
  const both = deploy((platform) => {
    new Volume("uploads", { platform });
    other(platform);
  });
  await expect(both).rejects.toThrow('"uploads" should be the name of one component only, got two of them');
});
