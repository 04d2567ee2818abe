import Fastify, { type FastifyBaseLogger, type FastifyError, type FastifyInstance } from "fastify";
import type { Clients } from "./clients/clients.ts";
import { embed } from "./embedding.ts";
import { describe, RequestError, Unavailable } from "./errors.ts";
import { Follower, type Target } from "./follower.ts";
import { Notes } from "./notes.ts";
import { readiness } from "./readiness.ts";
import { attachmentRoutes } from "./routes/attachments.ts";
import { findingRoutes } from "./routes/finding.ts";
import { noteRoutes } from "./routes/notes.ts";
import { summaryRoutes } from "./routes/summary.ts";
import { TolerantCache } from "./tolerant-cache.ts";

export function buildApp(clients: Clients, logger: FastifyBaseLogger): FastifyInstance {
  const { database, cache, graph, vectors, storage, models } = clients;
  const app = Fastify({
    loggerInstance: logger,
    // A request that was on its way when the stop began is answered, too.
    return503OnClosing: false,
  });

  // And its connection closed, or a client that keeps it open would hold up the stop.
  let stopping = false;
  app.addHook("preClose", async () => {
    stopping = true;
    // A model may think for longer than a stop may take.
    await models?.close();
  });
  app.addHook("onSend", async (_request, reply) => {
    if (stopping) reply.header("connection", "close");
  });

  app.setNotFoundHandler(({ method, url }) => {
    throw new RequestError(404, `no route ${method} ${url}`);
  });

  app.setErrorHandler<FastifyError>((error, request, reply) => {
    if (error instanceof Unavailable) request.log.warn({ reason: describe(error.cause) }, error.message);
    else if (!error.statusCode) request.log.error({ err: error }, "request failed");
    return reply.code(error.statusCode ?? 500).send({ error: error.statusCode ? error.message : "internal error" });
  });

  // Asked every few seconds: not worth two log lines each time.
  const quiet = { logLevel: "warn" } as const;

  app.get("/health", quiet, async () => ({ status: "ok" }));

  app.get("/ready", quiet, async (_request, reply) => {
    const result = await readiness({ database, cache, graph, vectors, storage, models });
    return reply.code(result.status === "ok" ? 200 : 503).send(result);
  });

  const followers = database
    ? Object.entries(targets(clients)).map(([name, target]) => new Follower(name, target, database, logger))
    : [];
  const follow = () => {
    for (const follower of followers) follower.follow();
  };
  app.addHook("onReady", async () => follow());
  app.addHook("onClose", async () => {
    for (const follower of followers) follower.close();
  });

  const notes = new Notes(database, new TolerantCache(cache, logger), follow);
  app.register(noteRoutes(notes));
  app.register(findingRoutes(notes, graph, vectors));
  app.register(attachmentRoutes(notes, storage));
  app.register(summaryRoutes(notes, models));

  return app;
}

/** What the other databases keep of each note, by the name that schema.sql has for them. */
function targets({ graph, vectors, storage }: Clients): Record<string, Target> {
  const nothing = async () => {};
  return {
    ...(graph && { graph }),
    ...(vectors && {
      vectors: {
        put: (notes) =>
          vectors.put(
            notes.map(({ id, title, text, tags }) => ({ id, vector: embed([title, text, ...tags].join(" ")) })),
          ),
        remove: (ids) => vectors.remove(ids),
      },
    }),
    // An attachment is put there by itself.
    ...(storage && { storage: { put: nothing, remove: (ids) => storage.remove(ids) } }),
  };
}
