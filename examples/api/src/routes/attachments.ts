import type { FastifyPluginAsync } from "fastify";
import type { Storage } from "../clients/minio.ts";
import { RequestError, told } from "../errors.ts";
import type { Notes } from "../notes.ts";
import { idOf, missing } from "../requests.ts";

const MOST_BYTES = 10 * 1024 * 1024;

/** A file for each note, of any type, in MinIO. It goes with its note. */
export function attachmentRoutes(notes: Notes, storage: Storage | undefined): FastifyPluginAsync {
  return async (app) => {
    // Whatever it is, JSON too, is taken as it is.
    app.removeAllContentTypeParsers();
    app.addContentTypeParser("*", { parseAs: "buffer" }, async (_request: unknown, body: unknown) => body);

    app.put("/notes/:id/attachment", { bodyLimit: MOST_BYTES }, async (request, reply) => {
      const id = idOf(request);
      const files = told("storage", storage);
      const type = request.headers["content-type"];
      if (!Buffer.isBuffer(request.body) || type === undefined) {
        throw new RequestError(400, "request: should have a body and say its content-type");
      }
      if (!(await notes.find(id))) missing(id);
      await files.put(id, { type, body: request.body });
      return reply.code(204).send();
    });

    app.get("/notes/:id/attachment", async (request, reply) => {
      const id = idOf(request);
      const attachment = await told("storage", storage).get(id);
      if (!attachment) throw new RequestError(404, `no attachment of note ${id}`);
      // Saved, not shown: it is a stranger's file, and might be a page with a script.
      reply.headers({ "content-disposition": "attachment", "x-content-type-options": "nosniff" });
      return reply.type(attachment.type).send(attachment.body);
    });
  };
}
