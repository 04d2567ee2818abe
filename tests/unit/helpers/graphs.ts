import type { Graph, GraphEdge, GraphNode } from "../../../components/core/support/graph.ts";

/** A database, an application (with a port), or a job, by what stands before its name: `db postgres`, `app api 3000`, `job seed`. */
function nodeOf(text: string): GraphNode {
  const [kind, name = "", ...ports] = text.split(" ");
  if (kind === "job") return { name, kind: "job", type: "SetupJob", hostPorts: [], data: false };
  const data = kind === "db";
  return { name, kind: "service", type: data ? "Postgres" : "Api", network: name, hostPorts: ports.map(Number), data };
}

/** A graph by its nodes, each with the names of what it refers to. */
export function graphOf(declared: Record<string, string[]>): Graph {
  const nodes = Object.keys(declared).map(nodeOf);
  const kinds = new Map(nodes.map(({ name, kind }) => [name, kind]));
  const edges = Object.values(declared).flatMap((uses, at) =>
    uses.map((to): GraphEdge => ({ from: nodes[at]!.name, to, waits: kinds.get(to) === "job" ? "done" : "ready" })),
  );
  return { nodes, edges };
}

export const SHOP = graphOf({
  "db orders 5432": [],
  "job schema": ["orders"],
  "db cache": [],
  "app api 3000 3001": ["orders", "schema", "cache"],
});

const DATABASES = ["postgres", "redis", "neo4j", "qdrant", "minio", "ollama"];

/** Six databases, a job for each, an API that uses them all, and a proxy before two applications. */
export const LARGE = graphOf({
  ...Object.fromEntries(
    DATABASES.flatMap((name, at) => [
      [`db ${name} ${7000 + at}`, []],
      [`job ${name}-setup`, [name]],
    ]),
  ),
  "job seed": ["postgres", "postgres-setup"],
  "job migration": ["minio", "neo4j", "neo4j-setup"],
  "app api 3000": DATABASES.flatMap((name) => [name, `${name}-setup`]),
  "app frontend": ["api"],
  "app worker": ["redis", "seed", "migration"],
  "app proxy 80 443": ["frontend", "api", "redis"],
});

/** As many nodes, each referring to some of those before it; the same for the same seed. */
export function someGraph(count: number, seed: number): Graph {
  let state = seed;
  // https://en.wikipedia.org/wiki/Linear_congruential_generator, with the constants of Numerical Recipes.
  const below = (most: number) => {
    state = (state * 1_664_525 + 1_013_904_223) % 2 ** 32;
    return Math.floor((state / 2 ** 32) * most);
  };
  const names = Array.from({ length: count }, (_, at) => `n${at}${"-long".repeat(below(4))}`);
  return graphOf(
    Object.fromEntries(
      names.map((name, at) => {
        const uses = new Set(Array.from({ length: at === 0 ? 0 : below(4) }, () => names[below(at)]!));
        return [`${["db", "job", "app"][below(3)]} ${name}`, [...uses]];
      }),
    ),
  );
}
