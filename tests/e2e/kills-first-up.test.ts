import { expect, test } from "vitest";
import { signalledAt } from "./harness.ts";
import { Victim } from "./killing.ts";

// A first `make dev` is killed in the middle of everything that it does. Each time the next one continues by itself. Kills come in
// chains: the run that recovers from one is itself killed later, and at the end of each chain `make dev` is left to finish.

const victim = new Victim();

// Each chain kills a first `make dev` again and again, each time at a later step.
const CHAINS: { name: string; at: (RegExp | [RegExp, number])[] }[] = [
  {
    name: "identity, provider, the gates of a database and a job",
    at: [
      /Stash identity creating/,
      /providers:docker docker creating/,
      /Stash postgres-ready creating/,
      /Stash postgres-ready created/,
      /Stash postgres-setup-done creating/,
      /Stash postgres-setup-done created/,
    ],
  },
  {
    name: "volume, image, network; a job in its middle, and at its end; an app's container and gate",
    at: [
      /Volume postgres-data creating/,
      /RemoteImage api creating/,
      /Network postgres creating/,
      /Network \S+ created/,
      [/Stash count-done creating/, 2_000],
      /Stash count-done created/,
      /Container api creating/,
      /Container api created/,
      // The last one: once it is created, `up` ends at once.
      /Stash api-ready creating/,
    ],
  },
  {
    name: "existing volume and image, the containers of a database and its job",
    at: [
      /Volume \S+ created/,
      /RemoteImage api created/,
      /Container postgres creating/,
      /Container postgres created/,
      // On a busy machine the first of them may exist already when the kill before comes.
      /Container (postgres-setup|count|api) creating/,
    ],
  },
];

for (const { name, at } of CHAINS) {
  test(`killed while creating: ${name}`, async () => {
    await victim.fromNothing();
    for (const each of at) {
      const [looked, laterMs] = Array.isArray(each) ? each : [each, 0];
      await victim.kill("up", looked, laterMs);
      if (laterMs > 0) expect((await victim.stack.container("count")).state).toBe("running");
    }
    await victim.converges();
    await victim.destroyed();
  });
}

// Passwords are made at once: where a kill comes late, all of them are there, and none is left for another kill in a chain. So each
// of their moments comes first after a start from nothing, and the next kill waits for what is made seconds later.

test("killed while creating: a password; down or clean after that leaves nothing", async () => {
  await victim.fromNothing();
  await victim.kill("up", /RandomPassword \S+ creating/);
  await victim.kill("up", /Container postgres creating/);
  const { code, output } = await victim.stack.verb("down");
  expect(code, output).toBe(0);
  const left = await victim.stack.leftovers();
  expect(left.filter((name) => !/-(postgres|redis)-data-/.test(name))).toEqual([]);
  await victim.kill("up", /Stash postgres-ready creating/);
  await victim.cleaned();
});

test("killed once a password is there, then interrupted by Ctrl-C while a database gets ready", async () => {
  await victim.fromNothing();
  await victim.kill("up", /RandomPassword \S+ created/);
  const { hit, code, output } = await signalledAt(victim.stack.startVerb("up"), "SIGINT", /^postgres: starting$/m);
  expect(hit).toBe(true);
  expect(code, output).not.toBe(0);
  expect(output).toContain("interrupted");
  await victim.converges();
  await victim.cleaned();
});
