import type { FastifyPluginAsync } from "fastify";
import type { Models } from "../clients/ollama.ts";
import { RequestError, told } from "../errors.ts";
import type { Notes } from "../notes.ts";
import { idOf, missing } from "../requests.ts";

const NO_MODEL =
  "Ollama has no model: bring one (`ollama pull llama3.2:1b`, or the setting ollama.models of the stack), then ask again";

/** A sentence on a note, by whichever model Ollama got last. */
export function summaryRoutes(notes: Notes, models: Models | undefined): FastifyPluginAsync {
  return async (app) => {
    app.post("/notes/:id/summary", async (request) => {
      const id = idOf(request);
      const { note } = (await notes.find(id)) ?? missing(id);
      const ollama = told("models", models);
      const model = await ollama.latest();
      if (model === undefined) throw new RequestError(503, NO_MODEL);
      const prompt = `Sum up this note in one sentence.\n\n${note.title}\n\n${note.text}`;
      return { model, summary: await ollama.generate(model, prompt) };
    });
  };
}
