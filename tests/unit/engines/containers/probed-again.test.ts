import { setTimeout as pause } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { probedAgain } from "../../../../components/engines/containers/probed-again.ts";
import { FakeEngine, probed } from "../../helpers/engine.ts";

vi.mock("node:timers/promises");

let engine: FakeEngine;
beforeEach(() => {
  engine = new FakeEngine();
});

describe("a service that was found unhealthy while another one was down", () => {
  const before = probed(1, "no answer", -50);
  const unhealthy = (...probes: ReturnType<typeof probed>[]) => ({ status: "unhealthy" as const, probes });
  beforeEach(() => {
    vi.useFakeTimers({ toFake: ["Date"] });
    vi.mocked(pause).mockImplementation(async (ms) => vi.setSystemTime(Date.now() + Number(ms)));
  });
  afterEach(() => vi.useRealTimers());
  const waited = async () => {
    const began = Date.now();
    await probedAgain(engine, ["api"]);
    return Date.now() - began;
  };

  test("is waited for until a probe passes", async () => {
    const api = engine.container("api", { status: "running", health: unhealthy(before) });
    api.in(9_000, { health: unhealthy(before, probed(1, "", 8_000)) });
    api.in(19_000, { health: { status: "healthy", probes: [before, probed(0, "", 18_000)] } });
    expect(await waited()).toBe(19_000);
  });

  test("counts as unhealthy after as many failures since then as make it so, by the engine's clock", async () => {
    engine.aheadMs = 3_600_000;
    const since = [0, 10_000, 20_000].map((at) => probed(1, "", engine.aheadMs + at));
    const api = engine.container("api", { status: "running", health: unhealthy(probed(1, "", engine.aheadMs - 50)) });
    api.in(25_000, { health: unhealthy(before, before, ...since) });
    expect(await waited()).toBe(25_000);
  });

  test("is waited for no longer than a minute, and not at all once it is gone", async () => {
    engine.container("api", { status: "running", health: unhealthy(before) });
    expect(await waited()).toBe(60_000);
    engine.containers.clear();
    expect(await waited()).toBe(0);
  });
});
