import { beforeEach, expect, test, vi } from "vitest";
import { changeInPlace } from "../../../../components/engines/containers/in-place.ts";
import { FakeEngine } from "../../helpers/engine.ts";

const NEW = { memory: 700, memorySwap: 700, restart: "unless-stopped" };
const change = (engine: FakeEngine) =>
  changeInPlace(engine, "web", { urn: "", id: "c1", name: "", type: "", newInputs: NEW });
const ENDED = new Error("cannot update a stopped container: unknown");

let engine: FakeEngine;
/** The number of refusals, as an engine gives them while a container is between two runs. */
let refusals: number;
beforeEach(() => {
  engine = new FakeEngine();
  engine.container("c1", { status: "running", startedAt: new Date(0), restarts: 1 });
  refusals = 0;
  engine.update = vi.fn(async () => {
    if (refusals-- > 0) throw ENDED;
  });
});

test("a container that ends meanwhile is changed when its restart policy has started it again", async () => {
  refusals = 2;
  const again = async () => {
    const it = engine.containers.get("c1");
    if (it) it.state.startedAt = new Date(1);
  };
  engine.inspect = ((inspect) => async (id: string) => {
    const seen = await inspect.call(engine, id);
    await again();
    return seen;
  })(engine.inspect);
  await expect(change(engine)).resolves.toBeUndefined();
  expect(engine.update).toHaveBeenCalledTimes(3);
});

test("a container that runs on stays as it was, and the engine's message is shown", async () => {
  refusals = 1;
  await expect(change(engine)).rejects.toThrow("web: its memory cannot be set to 700 MiB while it runs");
  expect(engine.update).toHaveBeenCalledTimes(1);
});

test("a container that ends again and again is given up after a while", async () => {
  vi.useFakeTimers();
  refusals = Number.POSITIVE_INFINITY;
  const it = engine.containers.get("c1");
  let runs = 0;
  engine.inspect = ((inspect) => async (id: string) => {
    if (it) it.state.startedAt = new Date(++runs);
    return inspect.call(engine, id);
  })(engine.inspect);
  const failed = change(engine).catch((error: Error) => error);
  await vi.advanceTimersByTimeAsync(10_000);
  vi.useRealTimers();
  expect(await failed).toBe(ENDED);
});
