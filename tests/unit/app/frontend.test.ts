import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Api, Frontend, type FrontendArgs, type Platform } from "../../../components/index.ts";
import { everyJob, everyService, healthcheck } from "../helpers/expected.ts";
import { deploy, held, idOf, labels, type Options, volumeOf } from "../helpers/stack.ts";

const CONTAINER = "Container web";
let context: string;
let src: string;
beforeAll(() => {
  context = mkdtempSync(join(tmpdir(), "stackyard-frontend-"));
  src = join(context, "src");
  mkdirSync(src, { mode: 0o755 });
  writeFileSync(join(src, "main.ts"), "export {};\n", { mode: 0o644 });
  writeFileSync(join(context, "Dockerfile"), "FROM scratch\n");
});
afterAll(() => rmSync(context, { recursive: true, force: true }));

const made = (platform: Platform, args: Partial<FrontendArgs> = {}) =>
  new Frontend("web", { platform, build: { context }, sources: { [src]: "/app/src" }, ...args });
const front = (args: Partial<FrontendArgs> = {}, options: Options = {}) =>
  deploy((platform) => made(platform, args), options);
const refused = (args: Partial<FrontendArgs>) =>
  front(args).then(
    () => "not refused",
    (error: Error) => error.message,
  );

describe("in dev", () => {
  test("it is a development server over the sources of this machine, with the dependencies of its image", async () => {
    const stack = await front();
    expect(stack.types).toEqual({
      "Platform platform": "stackyard:core:Platform",
      "Provider docker": "pulumi:providers:docker",
      "Stash identity": "pulumi:index:Stash",
      "Stash ledger": "pulumi:index:Stash",
      "Frontend web": "stackyard:app:Frontend",
      "RemoteImage web": "docker:index/remoteImage:RemoteImage",
      "RemoteImage image-busybox-1-37-musl": "docker:index/remoteImage:RemoteImage",
      "Network web": "docker:index/network:Network",
      "Volume probe-program": "docker:index/volume:Volume",
      "Volume web-dependencies-ephemeral": "docker:index/volume:Volume",
      "Container web": "docker:index/container:Container",
      "Stash web-ready": "pulumi:index:Stash",
    });
    expect(stack.get("RemoteImage web").inputs.build).toMatchObject({ target: "dev" });
    expect(stack.get(CONTAINER).inputs).toMatchObject({
      ...everyService(512, 10),
      init: true,
      command: ["node_modules/.bin/vite", "--host", "--port", "5173", "--strictPort"],
      envs: ["__VITE_ADDITIONAL_SERVER_ALLOWED_HOSTS=web"],
      user: "1000:1000",
      mounts: [{ type: "bind", source: src, target: "/app/src", readOnly: true }],
      healthcheck: { ...healthcheck([]), tests: expect.arrayContaining(["web:5173"]) },
      ports: [],
    });
    expect(stack.get(CONTAINER).inputs.volumes).toContainEqual({
      containerPath: "/app/node_modules",
      volumeName: volumeOf("web-dependencies-ephemeral"),
    });
  });

  test("each option has its effect", async () => {
    const command = ["node", "serve.ts"];
    const { inputs } = (
      await front({
        hostPort: 13_420,
        port: 8080,
        command,
        dependencies: "/srv/modules",
        env: { LOG_LEVEL: "debug" },
        user: "2000:2000",
        memoryMiB: 256,
        cpus: 1,
        readyTimeoutSeconds: 10,
        stopGraceSeconds: 1,
      })
    ).get(CONTAINER);
    expect(inputs).toMatchObject({
      ...everyService(256, 1),
      init: true,
      command,
      user: "2000:2000",
      cpus: "1.0",
      ports: [{ internal: 8080, external: 13_420, ip: "127.0.0.1", protocol: "tcp" }],
      healthcheck: { startPeriod: "10s" },
    });
    expect(inputs.envs).toContain("LOG_LEVEL=debug");
    expect(inputs.volumes).toContainEqual(expect.objectContaining({ containerPath: "/srv/modules" }));
  });

  test("a changed source is no other image, unless it is not mounted", async () => {
    const image = async (args: Partial<FrontendArgs>) => (await front(args)).get("RemoteImage web").inputs.name;
    const [live, still] = [await image({}), await image({ hotReload: false })];
    writeFileSync(join(src, "main.ts"), "export const changed = 1;\n");
    expect(await image({})).toBe(live);
    expect(await image({ hotReload: false })).not.toBe(still);
  });

  test("others refer to it as to a container, and it to others", async () => {
    const stack = await deploy((platform) => {
      const backend = new Api("backend", { platform, image: "backend:1", probe: ["true"] });
      const web = made(platform, { uses: { backend } });
      new Api("after", { platform, image: "after:1", probe: ["true"], uses: { web } });
      return web;
    });
    expect(stack.made.files).toBeUndefined();
    expect(stack.waitsFor(CONTAINER, "Stash backend-ready")).toBe(true);
    expect(stack.waitsFor("Container after", "Stash web-ready")).toBe(true);
    expect(stack.get(CONTAINER).inputs.envs).toContain("BACKEND_HOST=backend");
    expect(stack.get("Container after").inputs.envs).toEqual(expect.arrayContaining(["WEB_HOST=web", "WEB_PORT=5173"]));
    expect(await held(stack.made.connection?.url ?? "")).toBe("http://web:5173");
    expect(stack.platform.graph.edges).toContainEqual({ from: "after", to: "web", waits: "ready" });
  });
});

describe("in prod", () => {
  const prod = { environment: "prod" } as const;

  test("it is files in a volume, which a job copies from its image, and no server", async () => {
    const stack = await front({ hostPort: 13_420 }, prod);
    expect(stack.types).toEqual({
      "Platform platform": "stackyard:core:Platform",
      "Provider docker": "pulumi:providers:docker",
      "Stash identity": "pulumi:index:Stash",
      "Stash ledger": "pulumi:index:Stash",
      "Frontend web": "stackyard:app:Frontend",
      "RemoteImage web-image": "docker:index/remoteImage:RemoteImage",
      "Volume web-files": "docker:index/volume:Volume",
      "Container web": "docker:index/container:Container",
      "Stash web-done": "pulumi:index:Stash",
    });
    expect(stack.get("RemoteImage web-image").inputs.build).toMatchObject({ target: "prod" });
    const { files, connection } = stack.made;
    const version = await held(files?.version ?? "");
    expect(version).toMatch(/^[0-9a-f]{12}$/);
    expect(stack.get(CONTAINER).inputs).toMatchObject({
      ...everyJob(64),
      image: "sha256:web-image",
      entrypoints: ["sh", "-euc"],
      command: [expect.stringContaining('mv .copying "$VERSION"'), "sh", "/dist"],
      envs: [`VERSION=${version}`],
      networkMode: "none",
      user: "1000:1000",
      volumes: [{ containerPath: "/files", volumeName: volumeOf("web-files") }],
    });
    expect(connection).toBeUndefined();
    expect(files?.gate).toBe(stack.made.ready);
    expect(await held(files?.volume.key ?? "")).toBe(volumeOf("web-files"));
  });

  test("its files can be made again: nothing protects or remembers their volume", async () => {
    const stack = await front({}, prod);
    expect(stack.get("Volume web-files")).toMatchObject({
      protect: false,
      inputs: { labels: labels("web", "remade") },
    });
    expect(stack.get("Stash ledger").inputs.input).toEqual({ volumes: {}, ports: {} });
  });

  test("while it is down, its volume and its gate stay", async () => {
    const stack = await front({}, { ...prod, down: true });
    expect(stack.keys).toEqual(expect.arrayContaining(["Volume web-files", "Stash web-done"]));
    expect(stack.of("Container")).toEqual([]);
    expect(stack.of("RemoteImage")).toEqual([]);
  });

  test("versions are retired once what serves the new one is there", async () => {
    const stack = await deploy((platform) => {
      const web = made(platform, { built: "/srv/www" });
      const proxy = new Api("proxy", { platform, image: "proxy:1", probe: ["true"], uses: { web } });
      web.files?.retireOthers(proxy.ready);
      return web;
    }, prod);
    expect(stack.waitsFor("Container proxy", "Stash web-done")).toBe(true);
    expect(stack.waitsFor("Stash web-retire-done", "Stash proxy-ready")).toBe(true);
    expect(stack.get("Container web").inputs.command).toContain("/srv/www");
    expect(stack.get("Container web-retire").inputs).toMatchObject({
      image: "sha256:web-image",
      volumes: [{ containerPath: "/files", volumeName: volumeOf("web-files") }],
      networkMode: "none",
    });
    expect(stack.get("Container web-retire").inputs.networksAdvanced ?? []).not.toContainEqual(
      expect.objectContaining({ name: idOf("proxy") }),
    );
  });
});

test.each<[string, Partial<FrontendArgs>, string]>([
  ["a stage", { build: { context: "examples/api", target: "dev" } }, "build.target: The environment decides it"],
  ["sources that are not there", { sources: { nosuch: "/app/src" } }, "sources.nosuch: should be a folder"],
  ["a path that is not absolute", { built: "dist" }, "built: should be an absolute path inside the container"],
  ["no command", { command: [] }, "command: should be at least a program, got []"],
])("%s is refused", async (_, args, message) => {
  expect(await refused(args)).toContain(`Frontend "web" has bad arguments\n  ${message}`);
});
