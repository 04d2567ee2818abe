import * as pulumi from "@pulumi/pulumi";
import { expect, test } from "vitest";
import { Platform } from "../../../components/core/platform.ts";
import type { JobWorkload, ServiceWorkload } from "../../../components/engines/engine.ts";
import { PaperEngine } from "../../../components/engines/paper-engine.ts";
import { Container, Postgres, PostgresSetup, Redis } from "../../../components/index.ts";
import { mock } from "../helpers/stack.ts";

// Runs core over an engine that has only the contract, and nothing of Docker.

async function onPaper(program: (platform: Platform) => void) {
  const monitor = mock();
  const engine = new PaperEngine();
  const identity = { id: "0a1b2c3d", host: engine.host, imageSource: "registry" as const, resources: [] };
  const platform = new Platform({}, engine, identity);
  await platform.declare(() => program(platform));
  await pulumi.runtime.disconnect();
  return { engine, types: [...new Set(monitor.recorded.map(({ type }) => type))].sort(), platform };
}

test("core declares everything by the contract, and makes no resource of Docker's", async () => {
  const { engine, types } = await onPaper((platform) => {
    const database = new Postgres("database", { platform, hostPort: 15_432 });
    const schema = new PostgresSetup("schema", { platform, database, extensions: ["pg_trgm"] });
    new Container("web", { platform, image: "web:1", uses: { database, schema }, probe: { http: "/", port: 80 } });
  });
  expect(types.filter((type) => type.startsWith("docker:") || type === "pulumi:providers:docker")).toEqual([]);
  expect(engine.declared.map(({ kind, name }) => `${kind} ${name}`)).toEqual(
    [
      "volume database-data",
      "network database",
      "image image-postgres-17",
      "network database-outside",
      "service database",
      "network schema",
      "job schema",
      "network web",
      "image image-web-1",
      "image image-busybox-1-37-musl",
      "service web",
    ].filter((each) => each !== "network schema"),
  );
});

test("a workload refers to networks and volumes by the handles that the engine gave out", async () => {
  const { engine } = await onPaper((platform) => {
    const cache = new Redis("cache", { platform });
    new Container("web", { platform, image: "web:1", uses: { cache }, probe: "none", volumes: { data: "/data" } });
  });
  const specOf = (name: string) =>
    engine.declared.find((each) => each.kind === "service" && each.name === name)?.spec as ServiceWorkload;
  const [cache, web] = [specOf("cache"), specOf("web")];
  const [own] = cache.networks as { network: object }[];
  expect((web.networks as { network: object }[])[1]?.network).toBe(own?.network);
  expect(web.volumes).toEqual([{ path: "/data", owner: "1000:1000", volume: expect.anything() }]);
  expect(web.probe.test).toBe("none");
});

test("a container whose values come from a database's connection refers to that database, even through further outputs", async () => {
  const { engine, platform } = await onPaper((platform) => {
    const cache = new Redis("cache", { platform });
    const address = pulumi.interpolate`${cache.connection.host}:${cache.connection.port}`;
    new Container("by-env", { platform, image: "web:1", probe: "none", env: { CACHE: address } });
    const secrets = { TOKEN: { value: cache.connection.password ?? "", path: "/etc/app/token" } };
    new Container("by-secret", { platform, image: "web:1", probe: "none", secrets });
    new Container("neither", { platform, image: "web:1", probe: "none", env: { CACHE: "cache:6379" } });
  });
  expect(platform.graph.edges).toEqual([
    { from: "by-env", to: "cache", waits: "ready" },
    { from: "by-secret", to: "cache", waits: "ready" },
  ]);
  const joined = engine.declared.flatMap(({ kind, name, spec }) =>
    kind === "service" ? [[name, ((spec as JobWorkload).networks as unknown[]).length]] : [],
  );
  expect(joined).toEqual([
    ["cache", 1],
    ["by-env", 2],
    ["by-secret", 2],
    ["neither", 1],
  ]);
});
