import * as pulumi from "@pulumi/pulumi";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { identified } from "../../../components/core/identity.ts";
import { checkEngine } from "../../../components/core/platform.ts";
import { builtImage } from "../../../components/core/support/built-image.ts";
import { ContainersEngine } from "../../../components/engines/containers/containers.ts";
import { ArgsError, Platform, type PlatformArgs } from "../../../components/index.ts";
import { FakeDaemon } from "../helpers/daemon.ts";
import { FakeEngine } from "../helpers/engine.ts";
import { deploy, ID, labels, mock, type Options, refusedBy } from "../helpers/stack.ts";

const HOST = "unix:///var/run/docker.sock";
const alone = (options: Options = {}) => deploy(() => {}, options);

describe("its resources", () => {
  test("are the component, the provider, its identity and the ledger", async () => {
    const stack = await alone();
    expect(stack.types).toEqual({
      "Platform platform": "stackyard:core:Platform",
      "Provider docker": "pulumi:providers:docker",
      "Stash identity": "pulumi:index:Stash",
      "Stash ledger": "pulumi:index:Stash",
    });
    expect(stack.resources.map(({ key, parent }) => [key, parent])).toEqual([
      ["Stash identity", undefined],
      ["Platform platform", undefined],
      ["Stash ledger", "Platform platform"],
      ["Provider docker", "Platform platform"],
    ]);
  });

  test("the identity is destroyed last, after the provider, which is destroyed after everything on the engine", async () => {
    expect((await alone()).get("Provider docker").dependsOn).toEqual(["Stash identity"]);
  });

  test("the provider talks to the engine that was found", async () => {
    const inputs = async (host: string) => (await alone({ host })).get("Provider docker").inputs;
    const none = { context: "", certPath: "" };
    expect(await inputs("tcp://one:2375")).toEqual({ host: "tcp://one:2375", ...none });
    expect(await inputs("ssh://one")).toEqual({
      host: "ssh://one",
      ...none,
      sshOpts: JSON.stringify(["-o", "BatchMode=yes", "-o", "ConnectTimeout=30"]),
    });
  });

  test("the provider gets the certificates that were found", async () => {
    const monitor = mock();
    const host = "tcp://one:2376";
    const engine = new ContainersEngine({ host, certPath: "/certs" }, new FakeEngine());
    const identity = await identified(engine, undefined, "registry");
    await new Platform({}, engine, identity).declare(() => {});
    await pulumi.runtime.disconnect();
    expect(monitor.recorded.find(({ name }) => name === "docker")?.inputs).toEqual({
      host: "tcp://one:2376",
      context: "",
      certPath: "/certs",
    });
  });

  test("the identity is decided at the first `up`", async () => {
    const { inputs, ignoreChanges } = (await alone({ recorded: {}, imageSource: "packages" })).get("Stash identity");
    expect({ inputs, ignoreChanges }).toEqual({
      inputs: { input: { id: expect.stringMatching(/^[0-9a-f]{8}$/), host: HOST, imageSource: "packages" } },
      ignoreChanges: ["input"],
    });
  });

  test("each stack has an id of its own", async () => {
    const idOf = async () => (await alone({ recorded: {} })).get("Stash identity").inputs.input as { id: string };
    expect((await idOf()).id).not.toBe((await idOf()).id);
  });

  test("the ledger is empty without volumes and ports", async () => {
    expect((await alone()).get("Stash ledger").inputs).toEqual({ input: { volumes: {}, ports: {} } });
  });

  test.each<[PlatformArgs, Partial<Platform>]>([
    [{}, { environment: "dev", lifecycle: "keep", imageMirror: undefined }],
    [
      { environment: "prod", imageMirror: "m:5000" },
      { environment: "prod", lifecycle: "protected", imageMirror: "m:5000" },
    ],
  ])("takes %j", async (args, expected) => {
    const { environment, lifecycle, imageMirror } = (await alone(args)).platform;
    expect({ environment, lifecycle, imageMirror }).toEqual(expected);
  });

  test.each<[PlatformArgs, boolean, boolean]>([
    [{}, true, true],
    [{ only: ["one"] }, true, false],
    [{ down: true }, false, false],
    [{ down: true, only: ["one"] }, false, false],
  ])("with %j: whether `one` runs, and `two`", async (args, one, two) => {
    const { platform } = await alone(args);
    expect([platform.runs("one"), platform.runs("two")]).toEqual([one, two]);
  });

  test.each([
    ["unix:///var/run/docker.sock", true],
    ["npipe:////./pipe/docker_engine", true],
    ["tcp://127.0.0.1:2375", false],
    ["ssh://me@elsewhere", false],
  ])("knows whether %s is on this machine: %s", async (host, local) => {
    expect((await alone({ host })).platform.engine.local).toBe(local);
  });
});

describe("what the state has recorded", () => {
  test("labels have the recorded id, project, stack, service and kind", async () => {
    const { platform } = await alone({
      project: "shop",
      stack: "alice",
      recorded: { identity: { id: "feedbeef", host: HOST, imageSource: "registry" } },
    });
    const found = platform.labels("postgres", "service");
    expect(Object.entries(found).map(([label, value]) => ({ label, value }))).toEqual(
      labels("postgres", "service", { project: "shop", stack: "alice", id: "feedbeef" }),
    );
  });

  test("the image source of the first `up` is kept, whatever is found later", async () => {
    const { platform } = await deploy(() => {}, {
      recorded: { identity: { id: ID, host: HOST, imageSource: "packages" } },
    });
    expect(platform.imageSource).toBe("packages");
  });

  test("another engine is refused", async () => {
    const refused = await refusedBy(() =>
      alone({ host: "tcp://two:2375", recorded: { identity: { id: ID, host: HOST, imageSource: "registry" } } }),
    );
    expect(refused).toEqual([
      `This Pulumi stack lives on the engine at ${HOST}, got tcp://two:2375: its volumes are not there. ` +
        `Set DOCKER_HOST=${HOST}, or use another stack (NAME=…) for the other engine.`,
    ]);
  });

  describe("an engine is recognised by its own id", () => {
    const SOCKET = "unix:///run/docker.sock";
    interface Case {
      recorded: { host?: string; engine?: string };
      /** An engine's id that was recorded later, in a state from before ids. */
      later?: string;
      host: string;
      engine?: string;
      volumes?: boolean;
    }
    const run = ({ recorded, later, host, engine: ownId, volumes = false }: Case) => {
      const engine = new FakeEngine();
      engine.ownId = ownId;
      if (volumes) engine.listedVolumes = [{ name: "v1", createdAt: new Date(0), labels: { "stackyard.id": ID } }];
      const identity = { id: ID, host: HOST, imageSource: "registry", ...recorded };
      return alone({ host, engine, recorded: { identity, ...(later === undefined ? {} : { engine: later }) } });
    };

    test("which is recorded at the first `up`, where it has one", async () => {
      const engine = new FakeEngine();
      engine.ownId = "one";
      const stack = await alone({ recorded: {}, engine });
      expect(stack.get("Stash identity").inputs.input).toMatchObject({ host: HOST, engine: "one" });
      expect(stack.keys).not.toContain("Stash engine");
    });

    test.each<[string, Case]>([
      ["by another path", { recorded: { engine: "one" }, host: SOCKET, engine: "one" }],
      ["over the network", { recorded: { engine: "one" }, host: "tcp://two:2375", engine: "one" }],
      ["that no longer tells its id", { recorded: { engine: "one" }, host: HOST }],
      ["reinstalled over its data", { recorded: { engine: "one" }, host: HOST, engine: "two", volumes: true }],
      ["by another path, with a state from before ids", { recorded: {}, host: SOCKET, engine: "one", volumes: true }],
      [
        "by another path, with an id recorded later",
        { recorded: {}, later: "one", host: SOCKET, engine: "one", volumes: true },
      ],
    ])("the same one: %s", async (_, each) => {
      expect((await run(each)).platform.id).toBe(ID);
    });

    test.each<[string, Case]>([
      ["another machine with the same path", { recorded: { engine: "one" }, host: HOST, engine: "two" }],
      ["the same, with an id recorded later", { recorded: {}, later: "one", host: HOST, engine: "two" }],
    ])("another one: %s", async (_, each) => {
      expect(await refusedBy(() => run(each))).toEqual([
        `This Pulumi stack lives on another engine than the one at ${HOST} (id one, got two): its volumes are not there. ` +
          "Set DOCKER_HOST to the one that it lives on, or use another stack (NAME=…) for this one.",
      ]);
    });

    test.each<[string, Case]>([
      ["another path and another id", { recorded: { engine: "one" }, host: SOCKET, engine: "two" }],
      ["another path, with a state from before ids", { recorded: {}, host: SOCKET, engine: "two" }],
      ["another path and no id", { recorded: { engine: "one" }, host: SOCKET }],
    ])("another one: %s", async (_, each) => {
      expect(await refusedBy(() => run(each))).toEqual([
        `This Pulumi stack lives on the engine at ${HOST}, got ${SOCKET}: its volumes are not there. ` +
          `Set DOCKER_HOST=${HOST}, or use another stack (NAME=…) for the other engine.`,
      ]);
    });

    test("a state from before ids records the engine's id, as soon as it is known to be the same engine, and is destroyed as late as the identity", async () => {
      const stack = await run({ recorded: {}, host: HOST, engine: "one" });
      const { inputs, ignoreChanges } = stack.get("Stash engine");
      expect({ inputs, ignoreChanges }).toEqual({ inputs: { input: "one" }, ignoreChanges: ["input"] });
      expect(stack.get("Provider docker").dependsOn).toEqual(["Stash engine", "Stash identity"]);
      expect((await run({ recorded: {}, host: HOST })).keys).not.toContain("Stash engine");
    });
  });

  test("another image source is refused", async () => {
    const refused = await refusedBy(() =>
      alone({ imageSource: "packages", recorded: { identity: { id: ID, host: HOST, imageSource: "registry" } } }),
    );
    expect(refused).toEqual([
      "imageSource: should be registry, got packages: it was decided when this Pulumi stack was first " +
        "brought up, and its volumes were written by those images. Set it back, or use another stack (NAME=…); `make clean` " +
        "gives this one up, with its data, and the next `up` decides anew.",
    ]);
  });
});

test("a malformed pool of subnets is refused", async () => {
  await expect(deploy(() => {}, { subnetPool: "10.77.0.0" })).rejects.toThrow(
    new ArgsError("Platform has bad arguments", [
      'subnetPool: should be an IPv4 network of addresses for hosts, from /8 to /28, as 10.214.0.0/16, got "10.77.0.0"',
    ]).message,
  );
});

test("once makes one thing for each key", async () => {
  const make = vi.fn(() => ({}));
  const { made } = await deploy((platform) => [
    platform.once("a", make),
    platform.once("a", make),
    platform.once("b", make),
  ]);
  expect(make).toHaveBeenCalledTimes(2);
  expect([made[0] === made[1], made[0] === made[2]]).toEqual([true, false]);
});

describe("checkEngine", () => {
  const check = (version: string | Error) => {
    const engine = new FakeEngine();
    engine.version = version;
    return checkEngine(new ContainersEngine({ host: HOST }, engine));
  };

  test.each(["1.44", "1.45", "1.100", "2.0"])("takes API %s", async (version) => {
    await expect(check(version)).resolves.toBeUndefined();
  });

  test.each(["1.43", "1.9", "0.99"])("refuses API %s", async (version) => {
    await expect(check(version)).rejects.toThrow(
      new pulumi.RunError(
        `The Docker engine at ${HOST} should have API 1.44 or newer (Docker 25), got ${version}: ` +
          "older ones cannot probe a starting service often and a running one rarely. Upgrade it.",
      ),
    );
  });

  test("explains to a user without the right to use it how to get that", async () => {
    const denied = Object.assign(new Error("connect EACCES /var/run/docker.sock"), { code: "EACCES" });
    await expect(check(denied)).rejects.toThrow(
      new pulumi.RunError(
        `The Docker engine at ${HOST} may not be used by this user (connect EACCES /var/run/docker.sock). ` +
          "Run `sudo usermod -aG docker $USER` and log in again, or name a rootless engine by DOCKER_HOST.",
      ),
    );
  });

  test("says where no engine answers, why, and what to do", async () => {
    await expect(check(new Error("connect ENOENT /var/run/docker.sock"))).rejects.toThrow(
      new pulumi.RunError(
        `No Docker engine answers at ${HOST} (connect ENOENT /var/run/docker.sock). ` +
          "Start it, or point DOCKER_HOST or `docker context use` at one that runs; `make dev` starts one where it can.",
      ),
    );
  });
});

describe("connect", () => {
  let daemon: FakeDaemon;
  beforeEach(async () => {
    daemon = await new FakeDaemon().ready();
    daemon.routes["GET /_ping"] = { headers: { "Api-Version": "1.45" } };
    daemon.routes["GET /networks"] = { body: [] };
    vi.stubEnv("DOCKER_HOST", daemon.host);
    vi.stubEnv("STACKYARD_IMAGE_SOURCE", "");
  });
  afterEach(() => daemon.close());

  const source = async (args: PlatformArgs = {}) => {
    mock();
    const platform = await Platform.connect(args);
    await platform.declare(() => {});
    await pulumi.runtime.disconnect();
    return platform.imageSource;
  };
  const builtHere = () => {
    daemon.routes[`GET /images/${builtImage("base").ref}/json`] = { body: { Id: "sha256:1" } };
  };

  test("images come from a registry, unless those from package registries exist", async () => {
    expect(await source()).toBe("registry");
    builtHere();
    expect(await source()).toBe("packages");
  });

  test("what arguments and environment name takes precedence over what exists", async () => {
    builtHere();
    expect(await source({ imageSource: "registry" })).toBe("registry");
    vi.stubEnv("STACKYARD_IMAGE_SOURCE", "registry");
    expect(await source()).toBe("registry");
    vi.stubEnv("STACKYARD_IMAGE_SOURCE", "packages");
    expect(await source({ imageSource: "registry" })).toBe("registry");
    expect(await source({ imageMirror: "mirror:5000" })).toBe("registry");
    expect(await source({ imageMirror: "mirror:5000", imageSource: "packages" })).toBe("packages");
  });

  test("a start takes three requests to the engine, two of them at once", async () => {
    await source();
    expect(daemon.requests.slice(0, 2).sort()).toEqual(["GET /_ping", "GET /info"]);
    expect(daemon.requests.slice(2)).toEqual([`GET /images/${builtImage("base").ref}/json`]);
  });

  test("refuses before anything is registered", async () => {
    daemon.routes["GET /_ping"] = { headers: { "Api-Version": "1.41" } };
    const monitor = mock();
    await expect(Platform.connect()).rejects.toThrow(
      `The Docker engine at ${daemon.host} should have API 1.44 or newer`,
    );
    expect(monitor.recorded).toEqual([]);
  });

  describe("refuses a second Platform, with the reason", () => {
    const SECOND =
      /^This program makes a second Platform\. A Pulumi stack lives on one engine, .* use another Pulumi stack/;

    test("after the first", async () => {
      const monitor = mock();
      const first = await Platform.connect();
      const before = monitor.recorded.length;
      const second = Platform.connect({ environment: "prod" });
      await expect(second).rejects.toThrow(SECOND);
      await expect(second).rejects.toSatisfy((error) => pulumi.RunError.isInstance(error));
      expect(monitor.recorded.length).toBe(before);
      await first.declare(() => {});
      await pulumi.runtime.disconnect();
    });

    test("beside the first", async () => {
      mock();
      const first = Platform.connect();
      await expect(Platform.connect()).rejects.toThrow(SECOND);
      await (await first).declare(() => {});
      await pulumi.runtime.disconnect();
    });

    test("made by its constructor", async () => {
      await deploy(() => {});
      const identity = { id: ID, host: "", imageSource: "registry" as const, resources: [] };
      const engine = new ContainersEngine({ host: "unix:///one" }, new FakeEngine());
      const again = () => new Platform({}, engine, identity);
      expect(again).toThrow(SECOND);
      // Another deployment in the same process has a Platform of its own.
      mock();
      await again().declare(() => {});
      await pulumi.runtime.disconnect();
    });
  });

  test("refuses bad options before it looks for an engine", async () => {
    const monitor = mock();
    await expect(Platform.connect({ environment: "test" as "dev" })).rejects.toThrow(
      new ArgsError("Platform has bad arguments", ['environment: should be one of dev, prod, got "test"']).message,
    );
    expect([monitor.recorded, daemon.requests]).toEqual([[], []]);
  });

  test("refuses a context that does not exist, without a stack trace", async () => {
    vi.stubEnv("DOCKER_HOST", "");
    vi.stubEnv("DOCKER_CONTEXT", "gone");
    mock();
    const refused = Platform.connect();
    await expect(refused).rejects.toThrow(
      'Docker context "gone" is not there. Choose one of `docker context ls` by `docker context use`.',
    );
    await expect(refused).rejects.toSatisfy((error) => pulumi.RunError.isInstance(error));
  });
});
