import { stripVTControlCharacters } from "node:util";
import { expect, test } from "vitest";
import { graphMermaid } from "../../../../cli/graph/mermaid.ts";
import { statusesOf } from "../../../../cli/graph/status.ts";
import { graphSvg } from "../../../../cli/graph/svg.ts";
import { graphText } from "../../../../cli/graph/text.ts";
import { graphOf, LARGE, SHOP } from "../../helpers/graphs.ts";

const STATUSES = statusesOf(SHOP, [
  { service: "orders", kind: "service", state: "ready" },
  { service: "schema", kind: "job", state: "failed" },
  { service: "api", kind: "service", state: "waiting" },
]);

test("a service in several containers is drawn as the worst of them, and not as what a failed release has left", () => {
  const of = (...states: string[]) =>
    statusesOf(
      graphOf({ "db one": [] }),
      states.map((state) => ({ service: "one", kind: "service" as const, state })),
    ).one;
  expect(of("ready", "unhealthy", "starting")).toBe("failed");
  expect(of("ready", "starting")).toBe("starting");
  expect(of("ready", "failed")).toBe("ready");
});

test.each([
  ["ready", "ready"],
  ["done", "ready"],
  ["starting", "starting"],
  ["running", "starting"],
  ["waiting", "starting"],
  ["created", "starting"],
  ["unhealthy", "failed"],
  ["failed", "failed"],
  ["stopped", "failed"],
  ["dead", "failed"],
])("what is %s is drawn as %s", (state, expected) => {
  expect(statusesOf(graphOf({ "db one": [], "db two": [] }), [{ service: "one", kind: "job", state }])).toEqual({
    one: expected,
    two: "absent",
  });
});

test("as text, a tree of what waits for what", () => {
  expect(graphText(SHOP)).toBe(
    [
      "api                   Api       127.0.0.1:3000, :3001",
      "├─ ready ▸ orders     Postgres  127.0.0.1:5432",
      "├─ done  ▸ schema     SetupJob  runs once",
      "│  └─ ready ▸ orders  Postgres  127.0.0.1:5432",
      "└─ ready ▸ cache      Postgres",
      "",
    ].join("\n"),
  );
});

test("as text, with the status of each", () => {
  const text = graphText(SHOP, STATUSES);
  expect(text.split("\n")).toEqual([
    "api                   Api       starting  127.0.0.1:3000, :3001",
    "├─ ready ▸ orders     Postgres  ready  127.0.0.1:5432",
    "├─ done  ▸ schema     SetupJob  failed  runs once",
    "│  └─ ready ▸ orders  Postgres  ready  127.0.0.1:5432",
    "└─ ready ▸ cache      Postgres  not there",
    "",
  ]);
  const coloured = graphText(SHOP, STATUSES, true);
  expect(coloured).not.toBe(text);
  expect(stripVTControlCharacters(coloured)).toBe(text);
});

test("as text, a job that is ready is done", () => {
  expect(graphText(graphOf({ "job seed": [] }), { seed: "ready" })).toBe("seed  SetupJob  done  runs once\n");
});

test("as text, what is shown already is not shown again", () => {
  const text = graphText(graphOf({ "db one": [], "job a": ["one"], "job b": ["a"], "app x": ["b", "a"] }));
  expect(text.split("\n").at(-2)).toBe("└─ done  ▸ a          as above");
});

test("as a Mermaid flowchart", () => {
  expect(graphMermaid(SHOP, STATUSES)).toBe(`flowchart LR
  subgraph network_orders [network orders]
    n_orders[(orders<br/>:5432)]
    n_schema{{schema<br/>runs once}}
  end
  subgraph network_cache [network cache]
    n_cache[(cache)]
  end
  subgraph network_api [network api]
    n_api[api<br/>:3000<br/>:3001]
  end
  n_schema -- ready --> n_orders
  n_api -- ready --> n_orders
  n_api -. done .-> n_schema
  n_api -- ready --> n_cache
  classDef ready stroke:#1a7f37,stroke-width:3px
  class n_orders ready
  classDef starting stroke:#bf8700,stroke-width:3px
  class n_api starting
  classDef failed stroke:#cf222e,stroke-width:3px
  class n_schema failed
  classDef absent stroke:#afb8c1,stroke-width:3px
  class n_cache absent
`);
});

test("as SVG, says in words what it shows, has a colour for each scheme, and no small text", () => {
  const picture = graphSvg(SHOP, "dev", STATUSES);
  expect(picture).toContain('<title id="title">What refers to what in stack dev</title>');
  expect(picture).toContain("api (Api) waits for orders to be ready, schema to be done, cache to be ready.");
  expect(picture).toContain("<title>schema: SetupJob, failed</title>");
  expect(picture).toContain("<title>orders: Postgres, ready, published on 5432</title>");
  expect(picture).toMatch(/@media \(prefers-color-scheme:dark\)\{.*\.page\{fill:#0d1117/);
  const sizes = [...picture.matchAll(/(?:font-size:|font:)(\d+)px/g)].map(([, size]) => Number(size));
  expect(Math.min(...sizes)).toBeGreaterThanOrEqual(12);
  // Whole numbers: nothing that another machine would round in another way.
  expect(picture.match(/\d\.\d{3,}|NaN|undefined|Infinity/g)).toBeNull();
});

test("as SVG, every class that is used has a rule", () => {
  const picture = graphSvg(LARGE, "dev", statusesOf(LARGE, [{ service: "api", kind: "service", state: "ready" }]));
  const used = new Set([...picture.matchAll(/class="([^"]+)"/g)].flatMap(([, names = ""]) => names.split(" ")));
  const without = [...used].filter((name) => !picture.includes(`.${name}{`));
  expect(without).toEqual([]);
  expect(used.size).toBeGreaterThan(12);
});
