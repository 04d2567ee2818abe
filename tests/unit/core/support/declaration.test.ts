import * as pulumi from "@pulumi/pulumi";
import { expect, test } from "vitest";
import { Declaration } from "../../../../components/core/support/declaration.ts";
import { mock } from "../../helpers/stack.ts";

const stash = (name: string, opts: pulumi.CustomResourceOptions = {}) => new pulumi.Stash(name, { input: name }, opts);
/** Waits as long as a registration that has begun may take. */
const settled = () => new Promise((resolve) => setTimeout(resolve, 50));

async function declared(program: () => unknown) {
  const monitor = mock();
  const before = stash("before");
  const declaration = new Declaration();
  stash("platform");
  const result = await declaration.run(program).catch((error: Error) => error.message);
  await settled();
  return { declaration, before, result, keys: monitor.recorded.map(({ key }) => key), recorded: monitor.recorded };
}

test("what is declared is registered after the function has ended, in its order and with its dependencies", async () => {
  let early: string[] = [];
  const monitor = mock();
  const declaration = new Declaration();
  const result = await declaration.run(async () => {
    const one = stash("one");
    await settled();
    const two = stash("two", { dependsOn: [one] });
    stash("three", { dependsOn: two, parent: one });
    early = monitor.recorded.map(({ key }) => key);
    return "its result";
  });
  await pulumi.runtime.disconnect();
  expect([result, early]).toEqual(["its result", []]);
  expect(monitor.recorded.map(({ key, dependsOn }) => [key, dependsOn])).toEqual([
    ["Stash one", []],
    ["Stash two", ["Stash one"]],
    ["Stash three", ["Stash two"]],
  ]);
});

test.each<[string, () => unknown]>([
  [
    "throws",
    () => {
      stash("one");
      throw new Error("no");
    },
  ],
  [
    "rejects",
    async () => {
      stash("one");
      await settled();
      throw new Error("no");
    },
  ],
])("nothing since the Platform was made is registered when the function %s", async (_, program) => {
  const { result, keys } = await declared(program);
  expect([result, keys]).toEqual(["no", ["Stash before"]]);
});

test("what is made after the function's end is registered at once", async () => {
  const { keys } = await declared(() => void setTimeout(() => stash("late"), 0));
  expect(keys).toEqual(["Stash before", "Stash platform", "Stash late"]);
});

test("runs only once, and refuses by name what is declared before or after it", async () => {
  mock();
  const declaration = new Declaration();
  const outside = '"web" should be declared in the function that platform.declare is given';
  expect(() => declaration.during("web")).toThrow(new pulumi.RunError(outside));
  await declaration.run(() => expect(() => declaration.during("web")).not.toThrow());
  expect(() => declaration.during("web")).toThrow(outside);
  await expect(declaration.run(() => {})).rejects.toThrow(
    new pulumi.RunError("platform.declare should be called once, got another call"),
  );
});
