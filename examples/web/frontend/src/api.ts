/** An entry of the list. */
export interface Item {
  id: number | string;
  text: string;
}

/** Long enough for a backend that has just been started again, short enough for somebody who waits. */
const TIMEOUT_MS = 5_000;

/** The list, and whether it comes from the cache. @throws Error in one sentence that can be shown. */
export async function items(): Promise<{ items: Item[]; cached: boolean }> {
  const response = await answered("/api/items", {});
  return { items: (await response.json()) as Item[], cached: response.headers.get("x-cache") === "hit" };
}

/** @throws Error in one sentence that can be shown. */
export async function add(text: string): Promise<void> {
  const headers = { "content-type": "application/json" };
  await answered("/api/items", { method: "POST", headers, body: JSON.stringify({ text }) });
}

async function answered(path: string, request: RequestInit): Promise<Response> {
  const response = await fetch(path, { ...request, signal: AbortSignal.timeout(TIMEOUT_MS) }).catch(() => undefined);
  if (!response) throw new Error("The backend does not answer.");
  if (response.status === 422 || response.status === 400) throw new Error("The backend does not accept this entry.");
  if (!response.ok) throw new Error(`The backend answers with ${response.status}.`);
  return response;
}

/** Whether a path is answered well, and how fast. */
export interface Health {
  well: boolean;
  /** What is said of it, in a few words. */
  word: string;
}

/**
 * Asks a path.
 *
 * @param words what a good answer means, and one that says that not everything is there.
 */
export async function healthOf(path: string, words: { good: string; bad: string }): Promise<Health> {
  const began = performance.now();
  const request = { cache: "no-store", signal: AbortSignal.timeout(TIMEOUT_MS) } as const;
  const response = await fetch(path, request).catch(() => undefined);
  if (!response) return { well: false, word: "no answer" };
  await response.arrayBuffer().catch(() => undefined);
  if (response.ok) return { well: true, word: `${words.good}, ${Math.round(performance.now() - began)} ms` };
  return { well: false, word: response.status === 503 ? words.bad : `answers with ${response.status}` };
}
