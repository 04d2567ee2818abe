import { expect, test } from "vitest";
import { Victim } from "./killing.ts";

// What runs is replaced, taken down or cleaned away, and that is ended by SIGKILL in its middle: the next `make dev` gets on from
// there by itself, and what was written is there.

const victim = new Victim();
const { stack } = victim;

test("killed while a database is replaced: what was written is there", async () => {
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

test("killed in the middle of down: what was written is there", async () => {
  await victim.converges({ last: false });
  await victim.writeNote("before down");
  const written = await victim.titles();
  for (const looked of [/Container api deleting/, /Container postgres deleted/]) {
    await victim.kill("down", looked);
    await victim.converges({ last: false });
    expect(await victim.titles()).toEqual(written);
  }
  // And down itself gets on from there.
  await victim.kill("down", /Container redis deleting/);
  const { code, output } = await stack.verb("down");
  expect(code, output).toBe(0);
  expect(await stack.containers()).toEqual([]);
  await victim.converges();
  expect(await victim.titles()).toEqual(written);
});

test("killed in the middle of a clean slate: a new start gets on from there, and so does the next clean slate", async () => {
  await victim.converges({ last: false });
  await victim.kill("clean", /Container postgres deleting/, 0, { YES: "1" });
  // What was there is partly gone, so a job may have to run again: no more is asked than that all is up.
  const { code, output } = await stack.verb("up");
  expect(code, output).toBe(0);
  await victim.kill("clean", /Volume \S+ deleted/, 0, { YES: "1" });
  await victim.cleaned();
  await victim.converges();
  await victim.destroyed();
});
