import type * as pulumi from "@pulumi/pulumi";
import { z } from "zod";
import { factsOf } from "../core/connection.ts";
import { Setup } from "../core/setup.ts";
import { instance, matching, parseArgs, seconds, sentence } from "../core/support/args.ts";
import { platform } from "../core/support/common.ts";
import { Ollama } from "../databases/ollama.ts";
import { nodeProgram } from "./node-program.ts";

const model = () =>
  matching(
    /^[A-Za-z0-9][A-Za-z0-9._-]*(\/[A-Za-z0-9][A-Za-z0-9._-]*){0,2}(:[A-Za-z0-9][A-Za-z0-9._-]*)?$/,
    "a model's name, with or without a tag",
  );

const parameter = () =>
  z.union(
    [z.string(), z.number(), z.boolean(), z.array(z.string())],
    "a text, a number, true or false, or a list of texts",
  );

const Settings = z.strictObject({
  /** By name, models to pull, or to make from another one that is there before them. */
  models: z.record(
    model(),
    z.strictObject({
      /** The model that it is made from. @default - it is pulled instead */
      from: model().optional(),
      /** The system prompt, which begins every conversation. @default - as in `from` */
      system: z.string("a text").optional(),
      /** The template of the full prompt, as in a Modelfile. @default - as in `from` */
      template: z.string("a text").optional(),
      /** `temperature`, `num_ctx` and others, as in a Modelfile; several `stop` texts as a list. @default - as in `from` */
      parameters: z.record(z.string(), parameter()).optional(),
    }),
  ),
});

const Args = Settings.safeExtend({
  /** What the stack is built on. */
  platform: platform(),
  /** The server to set up. */
  database: instance(Ollama, "an Ollama"),
  /** How long it may run before it is ended and has failed, in seconds. @default 3600 */
  timeoutSeconds: seconds().default(3600),
}).superRefine(({ database, models }, { addIssue }) => {
  for (const [name, { from, ...rest }] of Object.entries(models)) {
    const changes = Object.keys(rest).filter((key) => rest[key as keyof typeof rest] !== undefined);
    if (from === undefined && changes.length > 0) {
      const message = sentence(
        `Name a model to make it from: one that is pulled cannot have its own ${changes.join(", ")}.`,
      );
      addIssue({ code: "custom", path: ["models", name, "from"], message });
    } else if (from === undefined && !database.egress) {
      const message = sentence(
        "Its Ollama has no egress and cannot pull it: name a model to make it from, or set `egress: true` there.",
      );
      addIssue({ code: "custom", path: ["models", name, "from"], message });
    }
  }
});
export type OllamaModelsArgs = z.input<typeof Args>;

/**
 * Models of one Ollama server: pulled if they are missing, or made from others each time that it runs. None is ever deleted.
 *
 * @throws ArgsError naming every bad argument, before anything is registered. `up` shows how far a pull is, and fails with the
 * server's message if a model cannot be pulled or made; the next `up` goes on where it stopped.
 * @example
 * const models = new OllamaModels("models", { platform, database, models: { "llama3.2:1b": {}, tutor: { from: "llama3.2:1b", system: "Explain." } } });
 */
export class OllamaModels extends Setup {
  /** The arguments that a stack's settings may hold. */
  static readonly settings = Settings;

  constructor(name: string, args: OllamaModelsArgs, opts?: pulumi.ComponentResourceOptions) {
    const { database, models, ...rest } = parseArgs(Args, "OllamaModels", name, args);
    const { host, port } = factsOf(database.connection);
    super("OllamaModels", name, opts, {
      ...rest,
      ...nodeProgram("ollama-models.mts", `http://${host}:${port}`, { "models.json": JSON.stringify(models) }),
      uses: { database },
    });
  }
}
