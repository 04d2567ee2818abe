import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: "unit",
          include: ["tests/unit/**/*.test.ts", "examples/api/test/**/*.test.ts"],
          // The Pulumi SDK keeps its state per process: a file of tests gets a process of its own.
          pool: "forks",
          testTimeout: 10_000,
          restoreMocks: true,
          unstubEnvs: true,
        },
      },
      {
        test: {
          name: "e2e",
          include: ["tests/e2e/*.test.ts"],
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
