import type { FastifyPluginAsync } from "fastify";
import { z } from "zod";
import type { Graph } from "../clients/neo4j.ts";
import type { Vectors } from "../clients/qdrant.ts";
import { EMBEDDING, embed } from "../embedding.ts";
import { told } from "../errors.ts";
import type { Notes } from "../notes.ts";
import { idOf, limit, missing, parse } from "../requests.ts";

const Related = z.object({ limit: limit() });
const Search = z.object({ q: z.string().trim().min(1).max(500), limit: limit() });

/** Notes that other databases know more of: Neo4j which share tags, Qdrant which are like a text. */
export function findingRoutes(
  notes: Notes,
  graph: Graph | undefined,
  vectors: Vectors | undefined,
): FastifyPluginAsync {
  return async (app) => {
    app.get("/notes/:id/related", async (request) => {
      const id = idOf(request);
      const { limit } = parse(Related, request.query);
      if (!(await notes.find(id))) missing(id);
      const found = await notes.withNotes(await told("graph", graph).related(id, limit));
      return found.map(({ tags, note }) => ({ tags, note }));
    });

    app.get("/notes/search", async (request) => {
      const { q, limit } = parse(Search, request.query);
      const found = await notes.withNotes(await told("vectors", vectors).search(embed(q), limit));
      return { embedding: EMBEDDING, notes: found.map(({ score, note }) => ({ score, note })) };
    });
  };
}
