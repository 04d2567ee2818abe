import { stripVTControlCharacters } from "node:util";
import { describe, expect, test } from "vitest";
import type { Step, Timeline } from "../../../../cli/shared/timeline.ts";
import { criticalPath, criticalWords, ticksOf, tickText } from "../../../../cli/timeline/critical-path.ts";
import { timelineSvg } from "../../../../cli/timeline/svg.ts";
import { timelineText } from "../../../../cli/timeline/text.ts";

const service = (name: string, times: [number, number?] | [], waitsFor: string[] = []): Step => {
  const [createdMs, answeredMs] = times;
  return {
    name,
    kind: "service",
    waitsFor,
    ...(createdMs === undefined ? {} : { createdMs, startedMs: createdMs + 50 }),
    ...(answeredMs === undefined ? {} : { answeredMs, finishedMs: answeredMs + 100 }),
  };
};
const job = (name: string, times: [number, number?] | [], waitsFor: string[] = []): Step => {
  const [startedMs, finishedMs] = times;
  return {
    name,
    kind: "job",
    waitsFor,
    createdMs: 100,
    ...(startedMs === undefined ? {} : { startedMs }),
    ...(finishedMs === undefined ? {} : { finishedMs }),
  };
};
const run = (tookMs: number, ...steps: Step[]): Timeline => ({
  stack: "dev",
  began: "2026-03-01T10:20:30.456Z",
  tookMs,
  steps,
});

const SHOP = run(
  10_000,
  service("cache", [1000, 2000]),
  service("orders", [1000, 4000]),
  job("schema", [4500, 5000], ["orders"]),
  service("api", [5500, 8500], ["orders", "cache", "schema"]),
);

describe("the critical path", () => {
  test.each<[string, Timeline, string[], string]>([
    ["is the chain that takes longest", SHOP, ["orders", "schema", "api"], "6.5 s of 10.0 s"],
    ["of nothing is nothing", run(1000), [], "0.0 s of 1.0 s"],
    [
      "is not the chain that ends last",
      run(9000, service("slow", [0, 6000]), service("one", [0, 1000]), service("late", [8000, 9000], ["one"])),
      ["slow"],
      "6.0 s of 9.0 s",
    ],
    [
      "leaves out what was not started in the run",
      run(3000, service("orders", []), job("schema", [], ["orders"]), service("api", [1000, 3000], ["schema"])),
      ["api"],
      "2.0 s of 3.0 s",
    ],
    [
      "goes through what was not started",
      run(5000, service("orders", [0, 2000]), job("schema", [], ["orders"]), service("api", [3000, 4000], ["schema"])),
      ["orders", "api"],
      "3.0 s of 5.0 s",
    ],
    ["counts what never ended to the end of the run", run(4000, service("api", [1000])), ["api"], "3.0 s of 4.0 s"],
    [
      "of two that take the same is the first",
      run(900, service("b", [0, 900]), service("a", [0, 900])),
      ["b"],
      "0.9 s of 0.9 s",
    ],
    ["passes over what is not in the run", run(900, service("a", [0, 900], ["gone"])), ["a"], "0.9 s of 0.9 s"],
  ])("%s", (_, timeline, expected, sum) => {
    expect(criticalPath(timeline)).toEqual(expected);
    expect(criticalWords(timeline).sum).toBe(sum);
  });

  test("is never longer than the run, where each step starts after those that it waits for", () => {
    expect(criticalWords(SHOP).parts).toEqual(["orders 3.0 s", "schema 0.5 s", "api 3.0 s"]);
  });
});

test.each<[number, number, string[]]>([
  [450, 8, ["0.0 s", "0.1 s", "0.2 s", "0.3 s", "0.4 s"]],
  [5230, 8, ["0 s", "1 s", "2 s", "3 s", "4 s", "5 s"]],
  [41_200, 8, ["0 s", "10 s", "20 s", "30 s", "40 s"]],
  [600_000, 8, ["0 s", "100 s", "200 s", "300 s", "400 s", "500 s", "600 s"]],
  [50, 8, ["0 s"]],
])("an axis of %i ms has no more than %i ticks, all round", (tookMs, most, expected) => {
  const ticks = ticksOf(tookMs, most);
  expect(ticks.map((ms) => tickText(ms, ticks))).toEqual(expected);
});

test("as text", () => {
  const text = timelineText(SHOP, 80);
  expect(text).toBe(`up of dev: 10.0 s, begun 2026-03-01 10:20:30 UTC

          0 s        2 s         4 s        6 s         8 s        10 s
  cache   ······▒▒▒▒▒──────────────────────────────────────────────        1.0 s
◆ orders  ······█████████████████──────────────────────────────────        3.0 s
◆ schema  ··························███────────────────────────────        0.5 s
◆ api     ·······························█████████████████─────────        3.0 s

· waits   ▒ starts, or runs   █ the same on the critical path   ─ ready, or done
◆ critical path: orders 3.0 s → schema 0.5 s → api 3.0 s = 6.5 s of 10.0 s
`);
  expect(stripVTControlCharacters(timelineText(SHOP, 80, true))).toBe(text);
});

test.each([
  [undefined, 100],
  [20, 80],
  [90, 90],
  [300, 120],
])("as text for a terminal of %s columns, is %i wide", (columns, expected) => {
  const rows = timelineText(SHOP, columns).split("\n").slice(3, 7);
  expect(rows.map((line) => line.length)).toEqual([expected, expected, expected, expected]);
});

test("as text, says which steps did not end and which did not start", () => {
  const rows = timelineText(run(2000, service("api", [1000]), job("seed", [])), 80).split("\n");
  expect(rows[3]).toMatch(/^◆ api {3}·+█+ {4}not ended$/);
  expect(rows[4]).toMatch(/^ {2}seed {2} +not started$/);
});

describe("as SVG", () => {
  const timeline = run(10_000, ...SHOP.steps, service("proxy", [9000], ["api"]), job("seed", []));
  const picture = timelineSvg(timeline);
  const boxes = [...picture.matchAll(/<rect class="bar (\w+)([^"]*)" x="(\d+)" y="(\d+)" width="(\d+)"/g)].slice(0, 5);

  test("has a bar for each step that was started, one below the other, as long as the step took", () => {
    const ys = boxes.map(([, , , , y]) => Number(y));
    expect(ys).toEqual(ys.toSorted((a, b) => a - b));
    expect(new Set(ys).size).toBe(5);
    const shown = boxes.map(([, kind, how, , , width]) => `${kind}${how} ${width}`);
    expect(shown).toEqual([
      "service 64",
      "service critical 192",
      "job critical 32",
      "service critical 192",
      "service critical broken 64",
    ]);
  });

  test("says what it shows", () => {
    expect(picture).toContain('<title id="title">The last up of stack dev: 10.0 s</title>');
    expect(picture).toContain(
      "Critical path: orders 3.0 s, then schema 0.5 s, then api 3.0 s, then proxy 1.0 s; 7.5 s of 10.0 s.",
    );
    expect(picture).toContain(">not ended</text>");
    expect(picture).toContain(">not started</text>");
  });

  test("joins the critical path, and has nothing but whole numbers", () => {
    expect(picture.match(/class="joint"/g)?.length).toBe(3);
    expect(picture.match(/\d\.\d{3,}|NaN|undefined|Infinity/g)).toBeNull();
  });

  test("puts a long critical path into lines that are no wider than the picture", () => {
    const names = Array.from({ length: 20 }, (_, at) => `a-long-name-${at}`);
    const long = run(
      20_000,
      ...names.map((name, at) => service(name, [at * 1000, at * 1000 + 900], names.slice(at - 1, at))),
    );
    const lines = [...timelineSvg(long).matchAll(/<text class="text" x="0" y="\d+">([^<]*)</g)].map(
      ([, line = ""]) => line,
    );
    expect(lines.length).toBeGreaterThan(2);
    expect(lines.join(" ")).toMatch(
      /^Critical path: a-long-name-0 0\.9 s → .* → a-long-name-19 0\.9 s = 18\.0 s of 20\.0 s$/,
    );
    expect(Math.max(...lines.map((line) => line.length))).toBeLessThan(160);
  });
});
