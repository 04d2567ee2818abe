import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, dirname, join, relative, resolve } from "node:path";
import tls from "node:tls";
import * as pulumi from "@pulumi/pulumi";
import { afterEach, beforeEach, describe, expect, onTestFinished, test, vi } from "vitest";
import type { z } from "zod";
import { Build, type ImageFacts, imageOn, serverImage } from "../../../components/core/image.ts";
import { ArgsError } from "../../../components/core/support/args.ts";
import { builtImage } from "../../../components/core/support/built-image.ts";
import { pinned } from "../../../components/core/support/lock.ts";
import { Container, Redis, SetupJob } from "../../../components/index.ts";
import { FakeEngine } from "../helpers/engine.ts";
import { deploy, held, ID, type Options, refusedBy } from "../helpers/stack.ts";

/** The path at which a build finds certificates, on every machine. */
const CA_BUNDLE = "node_modules/.cache/stackyard/ca.pem";
const SECRETS = [{ id: "ca", src: CA_BUNDLE }];
const fromHere = (path: string) => relative(process.cwd(), path);

const REDIS = { registry: "redis:8", packages: "redis" };
const POSTGRES = { registry: "postgres:17", packages: "postgres" };
const imageOf = (facts: ImageFacts, options: Options = {}) =>
  deploy((platform) => serverImage(platform, facts), options);

describe("serverImage", () => {
  test("is pulled as the lock file pins it, and left on the engine", async () => {
    const stack = await imageOf(POSTGRES);
    const { type, inputs, parent, provider, hooks, deleteBeforeReplace } = stack.get("RemoteImage image-postgres-17");
    expect({ type, inputs, parent, provider, hooks, deleteBeforeReplace }).toEqual({
      // Set here, because by the provider's default a failed pull would remove the old one.
      deleteBeforeReplace: false,
      type: "docker:index/remoteImage:RemoteImage",
      inputs: { name: pinned("postgres:17"), keepLocally: true },
      parent: "Platform platform",
      provider: "Provider docker",
      hooks: { beforeCreate: ["platform:images"] },
    });
    expect(await held(stack.made.key)).toBe("sha256:image-postgres-17");
  });

  test("comes from the mirror, where one is named", async () => {
    const stack = await imageOf(POSTGRES, { imageMirror: "mirror:5000" });
    expect(stack.get("RemoteImage image-postgres-17").inputs.name).toBe(pinned("postgres:17", "mirror:5000"));
  });

  test("is the one that was built, where package registries are the source", async () => {
    const stack = await imageOf(POSTGRES, { imageSource: "packages" });
    expect(stack.get("RemoteImage image-postgres-17").inputs.name).toBe(builtImage("postgres").ref);
  });

  test("comes from the source that was recorded", async () => {
    const identity = { id: ID, host: "unix:///var/run/docker.sock", imageSource: "packages" };
    const stack = await imageOf(POSTGRES, { recorded: { identity } });
    expect(stack.get("RemoteImage image-postgres-17").inputs.name).toBe(builtImage("postgres").ref);
  });

  test("is refused where package registries are the source and none is built for it", async () => {
    expect(await refusedBy(() => imageOf({ registry: "alpine:3" }, { imageSource: "packages" }))).toEqual([
      "The image alpine:3 is not built from package registries here. Name a folder of infra/airgap/images that builds its " +
        'like (image: { registry: "alpine:3", packages: "FOLDER" }), or use imageSource: registry.',
    ]);
  });

  test("is made once for all its users", async () => {
    const stack = await deploy((platform) => [
      serverImage(platform, POSTGRES),
      serverImage(platform, POSTGRES),
      serverImage(platform, { registry: "redis:8" }),
    ]);
    expect(stack.made[0]).toBe(stack.made[1]);
    expect(stack.of("RemoteImage").map(({ name }) => name)).toEqual(["image-postgres-17", "image-redis-8"]);
  });

  test("has its id in a preview too, where the engine has it", async () => {
    const engine = new FakeEngine();
    engine.images.add(pinned("postgres:17"));
    const stack = await deploy(
      (platform) => [serverImage(platform, POSTGRES), serverImage(platform, { registry: "alpine:3" })],
      { engine, preview: true },
    );
    const [known, unknown] = stack.made.map(({ key }) => pulumi.output(key));
    expect(await held(known)).toBe(`sha256:of-${pinned("postgres:17")}`);
    expect(await (unknown as unknown as { isKnown: Promise<boolean> }).isKnown).toBe(false);
  });

  test("is the same one with and without a folder for package registries, where it is pulled", async () => {
    const stack = await deploy((platform) => {
      new Redis("cache", { platform });
      const image = REDIS.registry;
      return ["one", "two"].map((name) => new SetupJob(name, { platform, image, command: ["true"] }));
    });
    expect(stack.of("RemoteImage").map(({ name }) => name)).toEqual(["image-redis-8"]);
    for (const name of ["cache", "one", "two"]) {
      expect(stack.get(`Container ${name}`).inputs.image).toBe("sha256:image-redis-8");
    }
  });

  test("is the same one under different names, where the same image is built for them", async () => {
    const others = { registry: "mine/redis:1", packages: "redis" };
    const stack = await deploy((platform) => [serverImage(platform, REDIS), serverImage(platform, others)], {
      imageSource: "packages",
    });
    expect(stack.of("RemoteImage").map(({ inputs }) => inputs.name)).toEqual([builtImage("redis").ref]);
  });

  test("is another one where only the name of the resource would be the same", async () => {
    const names = ["org/app:1.2", "org/app-1:2", "org-app:1.2"];
    const stack = await deploy((platform) => names.map((registry) => serverImage(platform, { registry })));
    const made = stack.of("RemoteImage");
    expect(made.map(({ inputs }) => inputs.name)).toEqual(names.map((name) => pinned(name)));
    expect(made.map(({ name }) => name)).toEqual([
      "image-org-app-1-2",
      expect.stringMatching(/^image-org-app-1-2-[0-9a-f]{7}$/),
      expect.stringMatching(/^image-org-app-1-2-[0-9a-f]{7}$/),
    ]);
    expect(new Set(made.map(({ name }) => name)).size).toBe(3);
  });

  test.each([
    ["ghcr.io/org/app:1.2", "image-ghcr-io-org-app-1-2"],
    ["minio/minio:RELEASE.2025", "image-minio-minio-RELEASE-2025"],
  ])("%s has the resource name %s", async (registry, name) => {
    expect((await imageOf({ registry })).of("RemoteImage").map((each) => each.name)).toEqual([name]);
  });

  describe("the check before it", () => {
    const check = async (name: string, engine = new FakeEngine(), options: Options = {}) => {
      const stack = await imageOf(POSTGRES, { engine, ...options });
      expect(stack.hook("platform:images").opts).toEqual({ onDryRun: true });
      return stack.run("platform:images", { newInputs: { name } });
    };
    const built = builtImage("postgres").ref;

    test("is the same for all images", async () => {
      const stack = await deploy((platform) => [serverImage(platform, POSTGRES), serverImage(platform, REDIS)]);
      expect(stack.of("RemoteImage").map(({ hooks }) => hooks)).toEqual(
        Array(2).fill({ beforeCreate: ["platform:images"] }),
      );
    });

    test.each([pinned("postgres:17"), "mirror:5000/library/postgres:17"])("pulls %s", async (name) => {
      vi.stubEnv("DOCKER_CONFIG", "/nonexistent");
      const engine = new FakeEngine();
      await check(name, engine);
      expect(engine.calls.filter(([method]) => method === "pull")).toEqual([["pull", name]]);
    });

    test("pulls nothing that exists, and nothing in a preview", async () => {
      const engine = new FakeEngine();
      await check("redis:8", engine, { preview: true });
      engine.images.add("redis:8");
      await check("redis:8", engine);
      expect(engine.calls.filter(([method]) => method === "pull")).toEqual([]);
    });

    test("notes the progress and the end of a pull", async () => {
      const notes = join(mkdtempSync(join(tmpdir(), "stackyard-notes-")), "notes");
      onTestFinished(() => rmSync(dirname(notes), { recursive: true }));
      vi.stubEnv("DOCKER_CONFIG", "/nonexistent");
      vi.stubEnv("STACKYARD_TIMINGS", notes);
      const engine = new FakeEngine();
      const progressDetail = { current: 12_000_000, total: 117_000_000 };
      engine.pulls.set("redis:8@sha256:0a", [{ id: "aaaaaaaaaaaa", status: "Downloading", progressDetail }]);
      await check("redis:8@sha256:0a", engine);
      const noted = readFileSync(notes, "utf8").trim().split("\n");
      expect(noted.map((line) => JSON.parse(line))).toEqual([
        { service: "redis:8", kind: "image", phase: "pulling" },
        { service: "redis:8", detail: "12 of 117 MB, 0 of 1 layers" },
        { service: "redis:8", phase: "done", tookMs: expect.any(Number) },
      ]);
    });

    test("says why a pull failed, and what helps", async () => {
      vi.stubEnv("DOCKER_CONFIG", "/nonexistent");
      const engine = new FakeEngine();
      engine.pulls.set("redis:nosuch", [{ error: "manifest unknown: manifest unknown" }]);
      await expect(check("redis:nosuch", engine)).rejects.toThrow(
        new Error(
          "The image redis:nosuch cannot be pulled: docker.io does not have it: check its name and its tag. Set `imageMirror` " +
            "to a container registry that has it and answers; a site that reaches none builds the images from package registries " +
            "(`imageSource: packages`; a stack without data takes that on after `make clean`).",
        ),
      );
    });

    test("passes when the image has been built", async () => {
      const engine = new FakeEngine();
      engine.images.add(built);
      await expect(check(built, engine)).resolves.toBeUndefined();
    });

    test("says how to build a missing image", async () => {
      await expect(check(built)).rejects.toThrow(
        new Error(
          `The image ${built} is not on this engine. It is built from package registries: run \`make images\`, then this again.`,
        ),
      );
    });
  });
});

describe("imageOn", () => {
  let context: string;
  beforeEach(() => {
    context = mkdtempSync(join(tmpdir(), "stackyard-image-"));
    writeFileSync(join(context, "Dockerfile"), "FROM scratch\n");
    writeFileSync(join(context, "app.ts"), "one");
    vi.stubEnv("NODE_EXTRA_CA_CERTS", undefined);
    vi.stubEnv("SSL_CERT_FILE", undefined);
  });
  afterEach(() => rmSync(context, { recursive: true, force: true }));

  const NODE = { registry: "node:24-slim", packages: "node" };
  const built = async (build: Partial<z.input<typeof Build>> = {}, options: Options = {}) => {
    const stack = await deploy(
      (platform) =>
        imageOn(platform, {
          name: "api",
          subject: 'Api "api"',
          build: Build.parse({ context, ...build }),
          parent: platform,
        }),
      options,
    );
    return { stack, image: stack.get("RemoteImage api") };
  };
  const tag = async (...args: Parameters<typeof built>) => (await built(...args)).image.inputs.name;

  test("builds from a folder, under a name that no registry serves, and leaves the image on the engine", async () => {
    const { image, stack } = await built();
    const { inputs, ignoreChanges, provider, parent, hooks, deleteBeforeReplace } = image;
    expect({ inputs, ignoreChanges, provider, parent, hooks, deleteBeforeReplace }).toEqual({
      deleteBeforeReplace: false,
      inputs: {
        name: expect.stringMatching(`^stackyard\\.invalid/stackyard-dev-api:${ID}-[0-9a-f]{12}$`),
        build: { context: fromHere(context), buildArgs: {}, secrets: SECRETS },
        keepLocally: true,
      },
      ignoreChanges: [],
      provider: "Provider docker",
      parent: "Platform platform",
      hooks: { beforeCreate: ["platform:builds"] },
    });
    expect(await held(stack.made.key)).toBe("sha256:api");
  });

  describe("of two components with images of one name", () => {
    const two = async (job: object, container: object) => {
      const stack = await deploy((platform) => [
        new SetupJob("app", { platform, build: { context, ...job } }),
        new Container("app-image", { platform, build: { context, ...container }, probe: "none" }),
      ]);
      return stack.of("RemoteImage").map(({ inputs }) => inputs.name);
    };

    test("is one image for both, where it is the same", async () => {
      expect(await two({}, {})).toHaveLength(1);
      expect(await two({ args: { A: "1", B: "2" } }, { args: { A: "1", B: "2" } })).toHaveLength(1);
    });

    test("is one as well where the builds differ in nothing that counts: one name would be built twice", async () => {
      expect(await two({}, { secrets: { token: join(context, "Dockerfile") } })).toHaveLength(1);
    });

    test.each([
      ["an argument", { args: { A: "1" } }],
      ["its stage", { target: "test" }],
      ["its platform", { platform: "linux/arm64" }],
    ])("is another one where %s is another", async (_, other) => {
      expect(new Set(await two({}, other)).size).toBe(2);
    });
  });

  test("names the image by project, stack and the stack's id", async () => {
    expect(await tag({}, { project: "shop" })).toMatch(/^stackyard\.invalid\/shop-dev-api:0a1b2c3d-/);
  });

  test.each([
    ["by its shortest path", "examples/api"],
    ["by a roundabout path", "./examples/../examples/api/"],
    ["by its absolute path", resolve("examples/api")],
  ])("has the same inputs on every machine: its folder %s", async (_, folder) => {
    const { image } = await built({ context: folder });
    expect(image.inputs.build).toEqual({ context: "examples/api", buildArgs: {}, secrets: SECRETS });
  });

  test("passes on stage, Dockerfile, platform and arguments", async () => {
    mkdirSync(join(context, "docker"));
    writeFileSync(join(context, "docker/app.dockerfile"), "FROM scratch AS prod\n");
    const more = { target: "prod", dockerfile: "docker/app.dockerfile", platform: "linux/arm64" };
    const { image } = await built({ ...more, args: { VERSION: "3" } });
    expect(image.inputs.build).toEqual({
      context: fromHere(context),
      ...more,
      buildArgs: { VERSION: "3" },
      secrets: SECRETS,
    });
  });

  test("reads secrets from their own paths, beside the certificates; the content of a secret does not change the image", async () => {
    const key = join(dirname(context), `${basename(context)}.key`);
    onTestFinished(() => rmSync(key, { force: true }));
    writeFileSync(key, "one");
    const { image } = await built({ secrets: { npm: key } });
    expect(image.inputs.build).toMatchObject({ secrets: [...SECRETS, { id: "npm", src: fromHere(key) }] });
    writeFileSync(key, "two");
    expect(await tag({ secrets: { npm: key } })).toBe(image.inputs.name);
    rmSync(key);
  });

  test("has another tag when a Dockerfile outside its folder changes", async () => {
    mkdirSync(join(context, "sent"));
    const beside = () => tag({ context: join(context, "sent"), dockerfile: "../Dockerfile" });
    const before = await beside();
    writeFileSync(join(context, "app.ts"), "two");
    expect(await beside()).toBe(before);
    writeFileSync(join(context, "Dockerfile"), "FROM other\n");
    expect(await beside()).not.toBe(before);
  });

  test("is refused with a secret whose path has a comma in it", async () => {
    const key = join(context, "a,b");
    writeFileSync(key, "one");
    const refused = refusedBy(() =>
      deploy(
        (platform) => new Container("web", { platform, build: { context, secrets: { npm: key } }, probe: "none" }),
      ),
    );
    expect(await refused).toEqual([
      expect.stringContaining("build.secrets.npm: should be a path without commas and quotes, got"),
    ]);
  });

  test("goes by the rules beside its Dockerfile", async () => {
    writeFileSync(join(context, "other"), "FROM scratch\n");
    writeFileSync(join(context, "other.dockerignore"), "*.log\n");
    const before = await tag({ dockerfile: "other" });
    writeFileSync(join(context, "x.log"), "noise");
    expect(await tag({ dockerfile: "other" })).toBe(before);
    writeFileSync(join(context, "app.ts"), "two");
    expect(await tag({ dockerfile: "other" })).not.toBe(before);
  });

  test("comes after its base images, and gets their names as arguments", async () => {
    const { image, stack } = await built({ images: { NODE_IMAGE: NODE } });
    expect(image.inputs.build).toMatchObject({ buildArgs: { NODE_IMAGE: pinned("node:24-slim") } });
    expect(image.dependsOn).toContain("RemoteImage image-node-24-slim");
    expect(
      stack
        .of("RemoteImage")
        .map(({ name }) => name)
        .sort(),
    ).toEqual(["api", "image-node-24-slim"]);
  });

  test("has base images that were built, where package registries are the source", async () => {
    const { image } = await built({ images: { NODE_IMAGE: NODE } }, { imageSource: "packages" });
    expect(image.inputs.build).toMatchObject({ buildArgs: { NODE_IMAGE: builtImage("node").ref } });
  });

  test.each<[string, () => unknown]>([
    ["a file changes", () => writeFileSync(join(context, "app.ts"), "two")],
    ["a file is added", () => writeFileSync(join(context, "more.ts"), "")],
    ["the stage changes", () => ({ target: "prod" })],
    ["a base image changes", () => ({ images: { NODE_IMAGE: { registry: "node:25" } } })],
    ["an argument changes", () => ({ args: { VERSION: "3" } })],
    ["its platform changes", () => ({ platform: "linux/arm64" })],
    [
      "another Dockerfile is named",
      () => {
        writeFileSync(join(context, "other"), "FROM scratch\n");
        return { dockerfile: "other" };
      },
    ],
    ["the Dockerfile changes", () => writeFileSync(join(context, "Dockerfile"), "FROM other\n")],
  ])("has another tag when %s", async (_, change) => {
    const before = await tag();
    expect(await tag((change() ?? {}) as Parameters<typeof built>[0])).not.toBe(before);
  });

  test.each<[string, Partial<z.input<typeof Build>>, string]>([
    ["a folder that is not there", { context: "nosuch" }, 'build.context: should be a folder, got "nosuch"'],
    [
      "a folder without a Dockerfile",
      { context: "examples" },
      'build.context: should be a folder with a Dockerfile, got "examples"',
    ],
    [
      "a Dockerfile that is not there",
      { context: "examples/api", dockerfile: "nosuch" },
      'build.context: should be a folder with the file nosuch, got "examples/api"',
    ],
    [
      "a platform of another form",
      { context: "examples/api", platform: "arm64" },
      'build.platform: should be a platform, as linux/arm64, got "arm64"',
    ],
    [
      "a secret that cannot be read",
      { context: "examples/api", secrets: { npm: "nosuch" } },
      'build.secrets.npm: should be a file that can be read, got "nosuch"',
    ],
    [
      "a secret with the id of the certificates",
      { context: "examples/api", secrets: { ca: "package.json" } },
      'build.secrets.ca: should be another id than "ca", which holds the certificates of this machine, got "ca"',
    ],
    [
      "a secret whose id has a comma in it",
      { context: "examples/api", secrets: { "a,b": "package.json" } },
      'build.secrets.a,b: should be an id of letters, digits, dots, _ and -, got "a,b"',
    ],
    [
      "an argument whose name is none",
      { context: "examples/api", args: { "A=B": "1" } },
      'build.args.A=B: should be a variable\'s name (letters, digits and _), got "A=B"',
    ],
    [
      "an argument that is a text and an image",
      { context: "examples/api", args: { NODE: "24" }, images: { NODE } },
      "build.images.NODE: `args` has NODE already: an argument is a text or an image.",
    ],
    [
      "an argument that is not a text",
      { context: "examples/api", args: { VERSION: 3 as never } },
      "build.args.VERSION: should be a text, got 3",
    ],
    [
      "an image that is a text",
      { context: "examples/api", images: { BASE: "node:24" as never } },
      'build.images.BASE: should be an image: { registry, packages }, got "node:24"',
    ],
    [
      "an unknown option",
      { context: "examples/api", tags: [] } as never,
      "build.tags: should not be there; the options are context, dockerfile, target, args, images, secrets, platform",
    ],
  ])("is refused with %s", async (_, build, fault) => {
    const refused = refusedBy(() =>
      deploy((platform) => new Container("web", { platform, build: { context, ...build }, probe: "none" })),
    );
    expect(await refused).toEqual([`Container "web" has bad arguments\n  ${fault}`]);
  });

  test.each<[string, object, string]>([
    ["neither", {}, "Say which image it runs: `image`, or `build` for one that is built."],
    [
      "both",
      { image: "web:1", build: { context: "examples/api" } },
      "It has one image: set `image` or `build`, not both.",
    ],
  ])("is refused as image and build of a Container: %s", async (_, args, sentence) => {
    const refused = refusedBy(() => deploy((platform) => new Container("web", { platform, probe: "none", ...args })));
    expect(await refused).toEqual([`Container "web" has bad arguments\n  image: ${sentence}`]);
  });

  test("is refused in one sentence where its folder is not readable", async () => {
    mkdirSync(join(context, ".dockerignore"));
    await expect(built()).rejects.toThrow(
      new ArgsError('Api "api" has bad arguments', [
        "build.context: should be readable, got illegal operation on a directory",
      ]),
    );
  });

  test("has the same tag when only what .dockerignore names changes", async () => {
    writeFileSync(join(context, ".dockerignore"), "*.log\nnode_modules\n!keep.log\n");
    const before = await tag();
    writeFileSync(join(context, "x.log"), "noise");
    expect(await tag()).toBe(before);
    writeFileSync(join(context, "keep.log"), "kept");
    expect(await tag()).not.toBe(before);
  });

  test("has another tag when a Dockerfile changes that .dockerignore leaves out", async () => {
    writeFileSync(join(context, ".dockerignore"), "*\n!src/**\n");
    const before = await tag();
    writeFileSync(join(context, "Dockerfile"), "FROM other\n");
    expect(await tag()).not.toBe(before);
  });

  test("is refused with a .dockerignore that a build would refuse", async () => {
    writeFileSync(join(context, ".dockerignore"), "[\n");
    expect(await refusedBy(() => built())).toEqual([
      `Api "api": its image cannot be built: ${join(context, ".dockerignore")}: "[" is no pattern that a build takes as it is ` +
        "written: a [ is not closed",
    ]);
  });

  describe("certificates of a network that signs TLS anew", () => {
    const top = process.cwd();
    let elsewhere: string;
    let bundle: string;
    beforeEach(() => {
      elsewhere = mkdtempSync(join(tmpdir(), "stackyard-ca-"));
      bundle = join(elsewhere, "bundle.pem");
      writeFileSync(bundle, "CERTIFICATE");
      process.chdir(elsewhere);
    });
    afterEach(() => {
      process.chdir(top);
      rmSync(elsewhere, { recursive: true, force: true });
    });
    const provided = async () => {
      const { stack } = await built();
      await stack.run("platform:builds");
      return readFileSync(CA_BUNDLE, "utf8");
    };

    test.each(["NODE_EXTRA_CA_CERTS", "SSL_CERT_FILE"])(
      "of %s are at the build's path before it starts",
      async (variable) => {
        vi.stubEnv(variable, bundle);
        expect(await provided()).toBe("CERTIFICATE");
      },
    );

    test("are those that the system trusts, each once, where no file is named or exists", async () => {
      vi.spyOn(tls, "getCACertificates").mockReturnValue(["ONE\n", "TWO", "ONE"]);
      expect(await provided()).toBe("ONE\nTWO\n");
      vi.stubEnv("SSL_CERT_FILE", bundle);
      expect(await provided()).toBe("CERTIFICATE");
      vi.stubEnv("SSL_CERT_FILE", `${bundle}.none`);
      expect(await provided()).toBe("ONE\nTWO\n");
      expect(tls.getCACertificates).toHaveBeenCalledWith("system");
    });

    test("do not change the image", async () => {
      const { image: before } = await built();
      vi.stubEnv("SSL_CERT_FILE", bundle);
      expect((await built()).image.inputs).toEqual(before.inputs);
    });
  });
});
