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
  /** Models to pull, or to make of another that is there before them, by name. */
  models: z.record(
    model(),
    z.strictObject({
      /** Another model that it is made of; without it, this one is pulled. @default - pulled */
      from: model().optional(),
      /** What it is told before every conversation. @default - as in `from` */
      system: z.string("a text").optional(),
      /** How a prompt is put together, as in a Modelfile. @default - as in `from` */
      template: z.string("a text").optional(),
      /** `temperature`, `num_ctx` and others, as in a Modelfile; several of `stop` as a list. @default - as in `from` */
      parameters: z.record(z.string(), parameter()).optional(),
    }),
  ),
});

const Args = Settings.safeExtend({
  platform: platform(),
  /** The server that they are for. */
  database: instance(Ollama, "an Ollama"),
  /** After how long it is ended, and has failed, in seconds. @default 3600 */
  timeoutSeconds: seconds().default(3600),
}).superRefine(({ database, models }, { addIssue }) => {
  for (const [name, { from, ...rest }] of Object.entries(models)) {
    const changes = Object.keys(rest).filter((key) => rest[key as keyof typeof rest] !== undefined);
    if (from === undefined && changes.length > 0) {
      const message = sentence(`Say which model it is made of: ${changes.join(", ")} would change one that is pulled.`);
      addIssue({ code: "custom", path: ["models", name, "from"], message });
    } else if (from === undefined && !database.egress) {
      const message = sentence(
        "Its Ollama has no egress and cannot pull it: name a model to make it of, or set `egress: true` there.",
      );
      addIssue({ code: "custom", path: ["models", name, "from"], message });
    }
  }
});
export type OllamaModelsArgs = z.input<typeof Args>;

/**
 * Models of one Ollama server: pulled, if they are not there, or made of others, each time that it runs. None is ever deleted.
 *
 * @throws ArgsError naming every bad argument, before anything is registered. `up` shows how far a pull is, and fails with what
 * the server says if one cannot be pulled or made; the next `up` goes on where it was.
 * @example
 * const models = new OllamaModels("models", { platform, database, models: { "llama3.2:1b": {}, tutor: { from: "llama3.2:1b", system: "Explain." } } });
 */
export class OllamaModels extends Setup {
  /** What can be set for one by configuration. */
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
