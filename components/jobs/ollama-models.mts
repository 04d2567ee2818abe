// Runs in the container of an OllamaModels: node ollama-models.mts URL
// Pulls or makes the models of models.json, beside this file, and shows the progress.
import { readFileSync } from "node:fs";

interface Model {
  from?: string;
  system?: string;
  template?: string;
  parameters?: Record<string, unknown>;
}

interface Progress {
  error?: string;
  status?: string;
  digest?: string;
  total?: number;
  completed?: number;
}

const [url] = process.argv.slice(2);
const wanted = JSON.parse(readFileSync(new URL("models.json", import.meta.url), "utf8")) as Record<string, Model>;

const ask = (path: string, body: object) =>
  fetch(`${url}${path}`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
  });

/** The answer's lines, each a JSON text, as they come. */
async function* progressOf(answer: Response): AsyncGenerator<Progress> {
  let rest = "";
  for await (const chunk of (answer.body ?? new Blob([]).stream()).pipeThrough(new TextDecoderStream())) {
    const lines = (rest + chunk).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) if (line) yield JSON.parse(line);
  }
  if (rest) yield JSON.parse(rest);
}

/** @throws Error with what the server says, when it fails. */
async function follow(model: string, path: string, body: object): Promise<void> {
  let lastLine = "";
  let last: Progress = {};
  for await (const progress of progressOf(await ask(path, { model, stream: true, ...body }))) {
    last = progress;
    if (progress.error !== undefined) break;
    const { status = "", total = 0, completed = 0 } = progress;
    // In tenths, because the server reports several times a second.
    const tenths = total > 0 ? ` ${Math.floor((completed / total) * 10) * 10} % of ${(total / 1e6).toFixed(0)} MB` : "";
    const line = `model ${model}: ${status}${tenths}`;
    if (line !== lastLine) console.log(line);
    lastLine = line;
  }
  if (last.error !== undefined || last.status !== "success") throw new Error(last.error ?? "the answer broke off");
}

async function ensure(name: string, { from, ...rest }: Model): Promise<void> {
  if (from !== undefined) return follow(name, "/api/create", { from, ...rest });
  // A model that is there is not pulled again, which would fail without a way out.
  if ((await ask("/api/show", { model: name })).status === 200) return console.log(`model ${name}: there already`);
  return follow(name, "/api/pull", {});
}

for (const [name, model] of Object.entries(wanted)) {
  try {
    await ensure(name, model);
  } catch (error) {
    // `fetch` keeps what happened in the cause.
    const { message, cause } = error as Error;
    console.error(`model ${name}: ${cause instanceof Error ? `${message}: ${cause.message}` : message}`);
    process.exitCode = 1;
  }
}
