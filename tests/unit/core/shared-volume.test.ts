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
      job: new SetupJob("seed", {
        platform,
        image: "web:1",
        user: "1000:1000",
        volumes: { u: { path: "/out", volume: uploads } },
      }),
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
  ["the user of those who write to it", undefined, { uid: 1000, gid: 1000 }],
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

const WRITERS = ["65534:65534", "1000:1000"];
const writers = (volume: Partial<VolumeArgs>, users: readonly string[], readOnly = false) =>
  deploy((platform) => {
    const data = new Volume("data", { platform, ...volume });
    const mount = { path: "/d", volume: data };
    const image = "web:1";
    const [user = "", other = ""] = users;
    new Container("a", { platform, image, user, probe: "none", volumes: { d: { ...mount, readOnly } } });
    new SetupJob("j", { platform, image, user: other, volumes: { d: mount } });
  });

test("two users who write to one without an owner are refused: it would be whose starts first", async () => {
  await expect(writers({}, WRITERS)).rejects.toThrow(
    'SetupJob "j" has bad arguments\n  volumes.d: Container "a" writes to this volume as 65534:65534, and this one as 1000:1000. ' +
      "Give both the same `user`, set `readOnly: true` for one of them, or say in `owner` of the Volume whose it is.",
  );
});

test.each<[string, Parameters<typeof writers>, string[]]>([
  ["with an owner", [{ owner: "7:8" }, WRITERS], ["a:own /d", "j:own /d"]],
  ["one user", [{}, ["7:8", "7:8"]], ["a:own /d", "j:own /d"]],
  ["one who reads, and makes nobody the owner", [{}, ["9:9", "7:8"], true], ["j:own /d"]],
])("%s is taken", async (_, args, hooks) => {
  const stack = await writers(...args);
  const all = ["a", "j"].flatMap((name) => Object.values(stack.get(`Container ${name}`).hooks).flat());
  expect(all.filter((name) => name.includes(":own"))).toEqual(hooks);
  for (const hook of hooks) await stack.run(hook);
  const owners = stack.engine.calls.filter(([call]) => call === "ownVolume").map((call) => call.at(-1));
  expect(owners).toEqual(hooks.map(() => ({ uid: 7, gid: 8 })));
});
