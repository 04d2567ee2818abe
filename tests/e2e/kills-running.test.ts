import { expect, test } from "vitest";
import { Victim } from "./killing.ts";

// A running stack is changed, taken down or removed, and that run is killed in the middle: the next `make dev` continues by itself,
// and finds the data.

const victim = new Victim();
const { stack } = victim;

test("killed while a database is replaced: the data is kept", async () => {
  await victim.converges({ last: false });
  await victim.writeNote("first");
  const written = await victim.titles();
  const moments = [
    /Container postgres deleting/,
    /Container postgres deleted/,
    /Container postgres creating replacement/,
    /Container postgres created replacement/,
    /Stash postgres-ready creating replacement/,
  ];
  for (const [at, looked] of moments.entries()) {
    await victim.republish("postgres");
    await victim.kill("up", looked);
    await victim.converges({ last: at === moments.length - 1 });
    expect(await victim.titles()).toEqual(written);
    written.push(`after ${at}`);
    await victim.writeNote(`after ${at}`);
    written.sort();
  }
});

test("killed in the middle of down: the data is kept", async () => {
  await victim.converges({ last: false });
  await victim.writeNote("before down");
  const written = await victim.titles();
  for (const looked of [/Container api deleting/, /Container postgres deleted/]) {
    await victim.kill("down", looked);
    await victim.converges({ last: false });
    expect(await victim.titles()).toEqual(written);
  }
  // down itself continues as well.
  await victim.kill("down", /Container redis deleting/);
  const { code, output } = await stack.verb("down");
  expect(code, output).toBe(0);
  expect(await stack.containers()).toEqual([]);
  await victim.converges();
  expect(await victim.titles()).toEqual(written);
});

test("killed in the middle of clean: a new start continues, and so does the next clean", async () => {
  await victim.converges({ last: false });
  await victim.kill("clean", /Container postgres deleting/, 0, { YES: "1" });
  // A part of the stack is gone, so a job may have to run again: it is enough that everything is up.
  const { code, output } = await stack.verb("up");
  expect(code, output).toBe(0);
  await victim.kill("clean", /Volume \S+ deleted/, 0, { YES: "1" });
  await victim.cleaned();
  await victim.converges();
  await victim.destroyed();
});
