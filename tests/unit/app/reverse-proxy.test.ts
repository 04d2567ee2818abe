import { describe, expect, test } from "vitest";
import { Api, type Platform, Postgres, ReverseProxy, type ReverseProxyArgs } from "../../../components/index.ts";
import { deploy, held, idOf, type Options, refusedBy, volumeOf } from "../helpers/stack.ts";

const CONTAINER = "Container proxy";
const PROD: Options = { environment: "prod" };

const app = (platform: Platform, name = "app") =>
  new Api(name, { platform, image: `${name}:1`, port: 8000, probe: ["true"], replicas: 2 });
const behind = (args: Partial<ReverseProxyArgs> = {}, options: Options = PROD) =>
  deploy((platform) => {
    const to = app(platform);
    return new ReverseProxy("proxy", {
      platform,
      hostPort: 8420,
      routes: [{ path: "/api/", to, check: "/api/ready" }],
      ...args,
    });
  }, options);

describe("its resources", () => {
  test("are a container over a volume, and gates for the site and each route", async () => {
    const stack = await behind();
    expect(stack.keys).toEqual(
      expect.arrayContaining([CONTAINER, "Volume proxy-configuration", "Stash proxy-site", "Stash proxy-route-app"]),
    );
    expect(stack.get("Stash proxy-site").dependsOn).toEqual([CONTAINER, "Stash proxy-ready"]);
    expect(stack.waitsFor("Stash proxy-route-app", "Stash app-ready")).toBe(true);
    expect(stack.get("Stash proxy-route-app").inputs).toEqual({
      input: { proxy: idOf("proxy"), servers: [idOf("app"), idOf("app.2")], port: 8000 },
    });
  });

  test("its container does not wait for what it leads to, and is the same for other routes", async () => {
    const one = await behind();
    expect(one.waitsFor(CONTAINER, "Container app")).toBe(false);
    const two = await deploy((platform) => {
      const routes = [
        { to: app(platform) },
        { path: "/other/", to: app(platform, "other"), snippet: "proxy_buffering off;" },
      ];
      return new ReverseProxy("proxy", { platform, hostPort: 8420, routes, maintenance: "Back at 9" });
    }, PROD);
    expect(two.get(CONTAINER).inputs).toEqual(one.get(CONTAINER).inputs);
    expect(two.get("Stash proxy-site").inputs).not.toEqual(one.get("Stash proxy-site").inputs);
    expect(two.get("Stash proxy-ready").inputs).toEqual({
      input: { container: idOf("proxy"), memoryMiB: 128, reaches: [idOf("app"), idOf("other")].join() },
    });
  });

  test("its container can write to its configuration and to memory only, as the image's own user", async () => {
    const { inputs } = (await behind()).get(CONTAINER);
    expect(inputs).toMatchObject({
      user: "101:101",
      readOnly: true,
      capabilities: { drops: ["ALL"] },
      stopSignal: "SIGQUIT",
      ports: [{ external: 8420, internal: 8080, ip: "127.0.0.1", protocol: "tcp" }],
      networksAdvanced: [
        { name: idOf("proxy"), aliases: ["proxy"] },
        { name: idOf("proxy-outside"), aliases: [] },
      ],
    });
    expect(inputs.volumes).toContainEqual({ containerPath: "/proxy", volumeName: volumeOf("proxy-configuration") });
  });

  test("its configuration is not protected in prod: it can be made again", async () => {
    expect((await behind()).get("Volume proxy-configuration").protect).toBe(false);
  });

  test("several routes to one application have one gate", async () => {
    const stack = await deploy((platform) => {
      const to = app(platform);
      const routes = [
        { path: "/api/", to },
        { path: "/admin/", to },
      ];
      return new ReverseProxy("proxy", { platform, routes });
    }, PROD);
    expect(stack.of("Stash").filter(({ name }) => name.includes("route"))).toHaveLength(1);
  });

  test("while it is down, only its volume is there", async () => {
    const stack = await behind({}, { ...PROD, down: true });
    expect(stack.of("Container")).toEqual([]);
    expect(stack.keys).toContain("Volume proxy-configuration");
    expect(stack.keys).not.toContain("Stash proxy-site");
  });
});

test("others reach it by its name, and the host by its port", async () => {
  const { made } = await behind();
  expect(await held(made.connection.url)).toBe("http://proxy:8080");
  expect(await held(made.connection.fromHost?.url ?? "")).toBe("http://127.0.0.1:8420");
});

describe("refuses", () => {
  test.each<[string, (platform: Platform) => Partial<ReverseProxyArgs>, string]>([
    [
      "what has no port to lead to",
      (platform) => ({ routes: [{ to: new Postgres("db", { platform }) }] }),
      "routes.0.to: should be an Api, a Container with a port, or a Frontend, got a Postgres",
    ],
    ["no routes", () => ({ routes: [] }), "routes: should be one route or more, got []"],
    ["an address that is none", () => ({ address: "all" }), 'address: should be an address of the host, got "all"'],
  ])("%s", async (_, args, message) => {
    const refused = await refusedBy(() =>
      deploy((platform) => new ReverseProxy("proxy", { platform, routes: [{ to: app(platform) }], ...args(platform) })),
    );
    expect(refused).toEqual([`ReverseProxy "proxy" has bad arguments\n  ${message}`]);
  });
});

test.each<[string, object, string]>([
  [
    "volumes",
    { volumes: { data: "/data" } },
    "It has volumes, which one container at a time may write: leave this out.",
  ],
  ["a published port", { hostPort: 80 }, "It has a published port, which one container has: leave this out."],
  [
    "the host's network",
    { networkMode: "host" },
    "Its ports are those of the host, which one container has: leave this out.",
  ],
])("several replicas with %s are refused", async (_, args, message) => {
  const refused = await refusedBy(() =>
    deploy((platform) => new Api("app", { platform, image: "app:1", probe: ["true"], replicas: 2, ...args })),
  );
  expect(refused).toEqual([expect.stringContaining(`replicas: ${message}`)]);
});
