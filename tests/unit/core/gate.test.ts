import * as pulumi from "@pulumi/pulumi";
import { beforeEach, describe, expect, test, vi } from "vitest";
import { mock } from "../helpers/stack.ts";

// Each test loads the module again, because it makes the signal once per process.
let module: typeof import("../../../components/core/gate.ts");
beforeEach(async () => {
  vi.resetModules();
  module = await import("../../../components/core/gate.ts");
});

describe("gate", () => {
  async function made(
    check: (signal: AbortSignal, gate: pulumi.Resource) => Promise<void>,
    key: Record<string, pulumi.Input<unknown>> = {},
  ) {
    const monitor = mock();
    const gate = module.gate("db-ready", key, check, { protect: true });
    await pulumi.runtime.disconnect();
    const hook = monitor.hooks.get("db-ready");
    if (!hook) throw new Error("no hook");
    const run = async () => hook.callback({ urn: "", id: "", name: "", type: "" });
    return { gate, hook, run, recorded: monitor.recorded };
  }

  test("is a resource that is replaced when its key changes, with a check before it is made", async () => {
    const { recorded } = await made(async () => {}, { container: pulumi.output("c1"), files: "abc" });
    expect(recorded).toEqual([
      {
        key: "Stash db-ready",
        type: "pulumi:index:Stash",
        name: "db-ready",
        parent: undefined,
        provider: undefined,
        inputs: { input: { container: "c1", files: "abc" } },
        secretInputs: [],
        dependsOn: [],
        protect: true,
        deleteBeforeReplace: undefined,
        replaceOnChanges: ["input"],
        ignoreChanges: [],
        replacementTrigger: undefined,
        hooks: { beforeCreate: ["db-ready"] },
      },
    ]);
  });

  test("is not checked by the preview", async () => {
    const { hook } = await made(async () => {});
    expect(hook.opts?.onDryRun ?? false).toBe(false);
  });

  test("passes when its check does, which gets the signal and the gate itself", async () => {
    const check = vi.fn(async () => {});
    const { run, gate } = await made(check);
    await expect(run()).resolves.toBeUndefined();
    expect(check.mock.calls).toEqual([[module.interrupted(), gate]]);
  });

  test("fails with the check's message, every time until the check passes", async () => {
    let faults = 2;
    const { run } = await made(async () => {
      if (faults-- > 0) throw new Error(`not yet ${faults}`);
    });
    await expect(run()).rejects.toThrow(new Error("not yet 1"));
    await expect(run()).rejects.toThrow(new Error("not yet 0"));
    await expect(run()).resolves.toBeUndefined();
  });
});

describe("interrupted", () => {
  const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;
  /** @returns the listeners that this call added; sending a real signal would end the test runner's process too. */
  function added() {
    const before = SIGNALS.map((name) => process.rawListeners(name));
    const signal = module.interrupted();
    const listeners = SIGNALS.map((name, at) =>
      process.rawListeners(name).filter((each) => !before[at]?.includes(each)),
    );
    return { listeners, signal };
  }

  test("is one signal for all, and listens once", () => {
    const { listeners, signal } = added();
    expect(listeners.map((each) => each.length)).toEqual([1, 1, 1]);
    expect(added()).toEqual({ listeners: [[], [], []], signal });
    expect(module.interrupted()).toBe(signal);
    expect(signal.aborted).toBe(false);
  });

  test.each(SIGNALS)("fires on %s, and says how to go on", (name) => {
    const { listeners, signal } = added();
    listeners[SIGNALS.indexOf(name)]?.[0]?.();
    expect(signal.aborted).toBe(true);
    expect(signal.reason).toEqual(new Error("interrupted: run `up` again to go on from here"));
  });
});
