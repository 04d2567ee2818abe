import { Ollama } from "ollama";
import { answerOf, type Client } from "./client.ts";

const TIMEOUT_MS = 5_000;
// On a CPU, and the model has to be loaded at first.
const GENERATE_TIMEOUT_MS = 180_000;
const MOST_TOKENS = 200;

/** Language models, none of which may be there. */
export interface Models extends Client {
  /** The one that was brought last. */
  latest(): Promise<string | undefined>;
  generate(model: string, prompt: string): Promise<string>;
}

export function connectOllama(host: string): Models {
  const closed = new AbortController();
  const client = new Ollama({
    host,
    // It has no options for these.
    fetch: (url, init) =>
      fetch(url, { ...init, signal: AbortSignal.any([closed.signal, AbortSignal.timeout(GENERATE_TIMEOUT_MS)]) }),
  });

  return {
    async latest() {
      const { models } = await answerOf("models", TIMEOUT_MS, client.list());
      return models[0]?.name;
    },
    async generate(model, prompt) {
      const asked = client.generate({ model, prompt, options: { num_predict: MOST_TOKENS } });
      return (await answerOf("models", GENERATE_TIMEOUT_MS, asked)).response?.trim() ?? "";
    },
    async check() {
      await client.list();
    },
    async close() {
      closed.abort(new Error("stopping"));
    },
  };
}
