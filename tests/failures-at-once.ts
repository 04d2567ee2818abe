import type { Reporter, TestCase } from "vitest/node";

/** Says why a test has failed as soon as it has: vitest does at the end of a run, which one that is stopped never comes to. */
export default class FailuresAtOnce implements Reporter {
  onTestCaseResult(test: TestCase): void {
    const { state, errors = [] } = test.result();
    if (state !== "failed") return;
    const messages = errors.map(({ message, stacks = [] }) =>
      [message, ...stacks.slice(0, 3).map(({ file, line }) => `  at ${file}:${line}`)].join("\n"),
    );
    console.log(`failed: ${test.module.relativeModuleId} > ${test.fullName}\n${messages.join("\n")}\n`);
  }
}
