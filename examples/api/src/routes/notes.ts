import type { FastifyPluginAsync } from "fastify";
import { z } from "zod";
import type { Notes } from "../notes.ts";
import { idOf, limit, missing, parse, text } from "../requests.ts";

const Body = z.strictObject({
  title: text().trim().min(1).max(200),
  text: text().max(10_000).default(""),
  tags: z
    .array(text().trim().toLowerCase().min(1).max(50))
    .max(20)
    .default([])
    .transform((tags) => [...new Set(tags)].sort()),
});
const Query = z.object({ limit: limit() });

export function noteRoutes(notes: Notes): FastifyPluginAsync {
  return async (app) => {
    app.post("/notes", async (request, reply) => {
      const note = await notes.create(parse(Body, request.body));
      return reply.code(201).header("location", `/notes/${note.id}`).send(note);
    });

    app.get("/notes", async (request) => {
      return notes.list(parse(Query, request.query).limit);
    });

    app.get("/notes/:id", async (request, reply) => {
      const id = idOf(request);
      const { note, cached } = (await notes.find(id)) ?? missing(id);
      return reply.header("x-cache", cached ? "hit" : "miss").send(note);
    });

    app.put("/notes/:id", async (request) => {
      const id = idOf(request);
      return (await notes.replace(id, parse(Body, request.body))) ?? missing(id);
    });

    app.delete("/notes/:id", async (request, reply) => {
      const id = idOf(request);
      if (!(await notes.remove(id))) missing(id);
      return reply.code(204).send();
    });
  };
}
