import type { FastifyPluginAsync } from "fastify";
import { z } from "zod";
import { RequestError } from "./errors.ts";
import type { Notes } from "./notes.ts";

// PostgreSQL cannot store U+0000 in a text.
const text = () => z.string().regex(/^[^\0]*$/, "should not hold U+0000");

const Body = z.strictObject({
  title: text().trim().min(1).max(200),
  text: text().max(10_000).default(""),
});
const Params = z.object({
  id: z
    .string()
    .regex(/^[1-9]\d{0,14}$/, "should be a positive whole number")
    .transform(Number),
});
const Query = z.object({
  limit: z.coerce.number().int().min(1).max(100).default(20),
});

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
      const { id } = parse(Params, request.params);
      const { note, cached } = (await notes.find(id)) ?? missing(id);
      return reply.header("x-cache", cached ? "hit" : "miss").send(note);
    });

    app.put("/notes/:id", async (request) => {
      const { id } = parse(Params, request.params);
      return (await notes.replace(id, parse(Body, request.body))) ?? missing(id);
    });

    app.delete("/notes/:id", async (request, reply) => {
      const { id } = parse(Params, request.params);
      if (!(await notes.remove(id))) missing(id);
      return reply.code(204).send();
    });
  };
}

function missing(id: number): never {
  throw new RequestError(404, `no note ${id}`);
}

function parse<Schema extends z.ZodType>(schema: Schema, value: unknown): z.output<Schema> {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const faults = result.error.issues.map(({ path, message }) => `${path.join(".") || "request"}: ${message}`);
  throw new RequestError(400, faults.join("; "));
}
