import Fastify, { type FastifyBaseLogger, type FastifyError, type FastifyInstance } from "fastify";
import type { Database } from "./clients/postgres.ts";
import type { Cache } from "./clients/redis.ts";
import { describe, RequestError, Unavailable } from "./errors.ts";
import { noteRoutes } from "./note-routes.ts";
import { Notes } from "./notes.ts";
import { readiness } from "./readiness.ts";
import { TolerantCache } from "./tolerant-cache.ts";

export interface Dependencies {
  database: Database;
  cache: Cache;
  logger: FastifyBaseLogger;
}

export function buildApp({ database, cache, logger }: Dependencies): FastifyInstance {
  const app = Fastify({
    loggerInstance: logger,
    // A request that was on its way when the stop began is answered, too.
    return503OnClosing: false,
  });

  // And its connection closed, or a client that keeps it open would hold up the stop.
  let stopping = false;
  app.addHook("preClose", async () => {
    stopping = true;
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
    const result = await readiness({ database, cache });
    return reply.code(result.status === "ok" ? 200 : 503).send(result);
  });

  app.register(noteRoutes(new Notes(database, new TolerantCache(cache, logger))));

  return app;
}
