// Runs in the container of a QdrantSetup: API_KEY_FILE=… node qdrant-collections.mts URL
// Creates the collections of collections.json, beside this file, that are missing.
import { readFileSync } from "node:fs";

interface Vectors {
  size: number;
  distance: string;
}

const [url] = process.argv.slice(2);
const wanted = JSON.parse(readFileSync(new URL("collections.json", import.meta.url), "utf8")) as Record<
  string,
  Vectors
>;
const key = readFileSync(process.env.API_KEY_FILE ?? "", "utf8");

async function ask(method: string, path: string, body?: object) {
  const answer = await fetch(`${url}${path}`, {
    method,
    headers: { "api-key": key, "content-type": "application/json" },
    ...(body ? { body: JSON.stringify(body) } : {}),
    signal: AbortSignal.timeout(60_000),
  });
  return { status: answer.status, text: await answer.text() };
}

const describe = ({ size, distance }: Partial<Vectors>) => `size ${size} and distance ${distance}`;

/** @returns what is wrong, or nothing. */
async function ensure(name: string, vectors: Vectors): Promise<string | undefined> {
  const path = `/collections/${encodeURIComponent(name)}`;
  const found = await ask("GET", path);
  if (found.status === 404) {
    const created = await ask("PUT", path, { vectors });
    if (created.status !== 200) return `collection ${name}: ${created.status} ${created.text}`;
    console.log(`collection ${name}: made, with ${describe(vectors)}`);
    return;
  }
  if (found.status !== 200) return `collection ${name}: ${found.status} ${found.text}`;
  const existing: Partial<Vectors> = JSON.parse(found.text).result.config.params.vectors ?? {};
  if (existing.size === vectors.size && existing.distance === vectors.distance) {
    console.log(`collection ${name}: there already`);
    return;
  }
  return (
    `collection ${name}: should have vectors of ${describe(vectors)}, got ` +
    `${existing.size === undefined ? "others, by name" : describe(existing)}. Its data would not fit: delete it, or use another name.`
  );
}

try {
  for (const [name, vectors] of Object.entries(wanted)) {
    const fault = await ensure(name, vectors);
    if (fault === undefined) continue;
    console.error(fault);
    process.exitCode = 1;
  }
} catch (error) {
  // `fetch` keeps what happened in the cause.
  const { message, cause } = error as Error;
  console.error(cause instanceof Error ? `${message}: ${cause.message}` : message);
  process.exitCode = 1;
}
