import { describe, expect, test } from "vitest";
import { Qdrant, type QdrantArgs } from "../../../components/index.ts";
import { deploy, refusedBy } from "../helpers/stack.ts";

const fromPackages = (args: Partial<QdrantArgs> = {}) =>
  deploy((platform) => new Qdrant("vectors", { platform, ...args }), { imageSource: "packages" });

describe("from package registries", () => {
  test("its image is a stand-in", async () => {
    const { name } = (await fromPackages()).of("RemoteImage")[0]?.inputs ?? {};
    expect(name).toMatch(/^stackyard\.invalid\/qdrant-stand-in:[0-9a-f]+$/);
  });

  test("it has no gRPC", async () => {
    expect(await refusedBy(() => fromPackages({ grpcHostPort: 16_334 }))).toEqual([
      'Qdrant "vectors" has bad arguments\n  grpcHostPort: The stand-in from package registries has no gRPC: leave ' +
        "grpcHostPort out, or use imageSource: registry.",
    ]);
  });
});
