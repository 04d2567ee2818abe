import { availableParallelism } from "node:os";
import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";
import { BaseSequencer, type TestSpecification } from "vitest/node";

/** The files of end-to-end tests that take longest, which start first, so that none of them runs on alone at the end. */
const LONGEST = [
  "package",
  "kills-first-up",
  "refusals",
  "kills-running",
  "copies",
  "contract-official",
  "neo4j-setup",
  "failures",
  "drift",
  "lifecycle",
  "jobs",
  "made-with",
  "prod",
  "webapp",
  "web-frontend",
  "engine-restart",
  "registry",
  "verbs",
  "polyglot",
  "contract",
  "live",
  "reload",
  "prune",
  "postgres-setup",
  "minio-setup",
  "clients",
  "leaks",
  "starts",
];

class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const rank = ({ moduleId }: TestSpecification) => {
      const at = LONGEST.findIndex((name) => moduleId.endsWith(`/${name}.test.ts`));
      return at < 0 ? LONGEST.length : at;
    };
    return (await super.sort(files)).sort((a, b) => rank(a) - rank(b));
  }
}

/** In this repository the package's own names lead to its sources. */
const alias = [
  { find: /^stackyard$/, replacement: fileURLToPath(new URL("components/index.ts", import.meta.url)) },
  { find: /^stackyard\/core$/, replacement: fileURLToPath(new URL("components/core/index.ts", import.meta.url)) },
];

export default defineConfig({
  test: {
    // Messages name commands as a user of this repository types them.
    env: { STACKYARD_BY: "make" },
    sequence: { sequencer: LongestFirst },
    projects: [
      {
        resolve: { alias },
        test: {
          name: "unit",
          include: ["tests/unit/**/*.test.ts", "examples/{api,web/frontend}/test/**/*.test.ts"],
          // The Pulumi SDK keeps its state per process: a file of tests gets a process of its own.
          pool: "forks",
          // Vitest leaves one CPU free by itself, which is half of a small machine.
          maxWorkers: availableParallelism(),
          // Some start a Node.js of their own, which takes ten seconds on a machine that is busy with other tests.
          testTimeout: 30_000,
          restoreMocks: true,
          unstubEnvs: true,
        },
      },
      {
        resolve: { alias },
        test: {
          name: "e2e",
          include: ["tests/e2e/*.test.ts"],
          globalSetup: ["tests/e2e/pulumi-home.ts", "tests/e2e/images.ts", "tests/e2e/new-stack.ts"],
          pool: "forks",
          // Files share one engine, and nothing on it: mostly they wait. A test that passes at the second try has failed.
          maxWorkers: 4,
          retry: 0,
          testTimeout: 600_000,
          hookTimeout: 600_000,
        },
      },
    ],
  },
});
