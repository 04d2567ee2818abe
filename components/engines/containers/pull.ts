import { commandLine } from "../command-line.ts";
import type { PullProgress, PullWatch } from "../engine.ts";
import type { EngineApi, PullMessage } from "./api.ts";
import { type Credentials, credentialsFor, registryOf } from "./credentials.ts";

/** How a pull is watched; only tests set what is added here. */
interface Watch extends Omit<PullWatch, "instead"> {
  instead?: string;
  /** The time without a byte after which it fails. @default 60 */
  silentSeconds?: number;
  env?: NodeJS.ProcessEnv;
}

const REPORT_MS = 1_000;

/**
 * Pulls an image, with what `docker login` has stored. It may take as long as it likes while bytes come.
 *
 * @throws Error with one sentence: what is wrong, and what helps.
 */
export async function pull(api: EngineApi, ref: string, watch: Watch): Promise<void> {
  const { silentSeconds = 60, signal, saw, instead } = watch;
  const registry = registryOf(ref);
  const signedIn = await signIn(registry, watch.env, signal);
  signal.throwIfAborted();
  const silence = new AbortController();
  let timer: NodeJS.Timeout | undefined;
  const restartTimer = () => {
    clearTimeout(timer);
    timer = setTimeout(() => silence.abort(), silentSeconds * 1000);
  };
  const layers = new Layers();
  let reportedAt = 0;
  restartTimer();
  try {
    const ends = AbortSignal.any([signal, silence.signal]);
    for await (const message of api.pull(ref, signedIn.credentials, ends)) {
      if (message.error !== undefined) throw new Error(message.error);
      if (!layers.add(message)) continue;
      restartTimer();
      if (Date.now() - reportedAt < REPORT_MS) continue;
      reportedAt = Date.now();
      saw(layers.sum);
    }
    signal.throwIfAborted();
    if (silence.signal.aborted) throw silence.signal.reason;
  } catch (error) {
    signal.throwIfAborted();
    const why = silence.signal.aborted
      ? `no byte has come from ${registry} for ${silentSeconds} s`
      : reasonOf((error as Error).message, registry, signedIn);
    throw new Error(`The image ${withoutDigest(ref)} cannot be pulled: ${why}.${instead ? ` ${instead}` : ""}`);
  } finally {
    clearTimeout(timer);
  }
}

/**
 * The digest that a container registry has for an image now, asked for with what `docker login` has stored.
 *
 * @throws Error with one sentence: what is wrong, and what helps.
 */
export async function digestOf(api: EngineApi, ref: string, env?: NodeJS.ProcessEnv): Promise<string> {
  const registry = registryOf(ref);
  const signedIn = await signIn(registry, env);
  try {
    return await api.digest(ref, signedIn.credentials);
  } catch (error) {
    const why = reasonOf((error as Error).message, registry, signedIn);
    throw new Error(`The digest of ${ref} cannot be read: ${why}.`);
  }
}

interface SignedIn {
  credentials?: Credentials;
  /** Why they cannot be read. */
  failure?: string;
}

const signIn = (registry: string, env?: NodeJS.ProcessEnv, signal?: AbortSignal): Promise<SignedIn> =>
  credentialsFor(registry, env, signal).then(
    (credentials) => (credentials ? { credentials } : {}),
    (error: Error) => ({ failure: error.message }),
  );

export const withoutDigest = (ref: string) => ref.replace(/@sha256:[0-9a-f]+$/, "");

class Layers {
  readonly #layers = new Map<string, { bytes: number; ofBytes: number; done: boolean }>();
  #last = "";

  /** @returns whether a message is news: the engine sends messages also while it waits, and while it tries again. */
  add({ id, status = "", progressDetail: { current, total } = {} }: PullMessage): boolean {
    if (/^(Waiting|Retrying)/.test(status)) return false;
    const message = JSON.stringify([id, status, current]);
    if (message === this.#last) return false;
    this.#last = message;
    // Messages without a layer's id are about the image's tag or digest.
    if (!id || !/^[0-9a-f]{12}$/.test(id)) return true;
    const layer = this.#layers.get(id) ?? { bytes: 0, ofBytes: 0, done: false };
    this.#layers.set(id, layer);
    if (status === "Downloading" && current !== undefined) {
      layer.bytes = current;
      layer.ofBytes = Math.max(total ?? 0, current);
    }
    if (status === "Download complete") layer.bytes = layer.ofBytes;
    layer.done ||= status === "Pull complete" || status === "Already exists";
    return true;
  }

  get sum(): PullProgress {
    const all = [...this.#layers.values()];
    const sum = (key: "bytes" | "ofBytes") => all.reduce((sum, each) => sum + each[key], 0);
    return {
      layers: all.length,
      done: all.filter(({ done }) => done).length,
      bytes: sum("bytes"),
      ofBytes: sum("ofBytes"),
    };
  }
}

/** The engine's message, in plainer words where it is a known one. */
function reasonOf(message: string, registry: string, { credentials, failure }: SignedIn): string {
  // The client library puts a prefix before the engine's message.
  const text = message
    .replace(/^\(HTTP code \d+\)[^-]*- /, "")
    .trim()
    .replace(/\s+/g, " ")
    .replace(/\.$/, "");
  if (
    /unauthorized|authentication required|no basic auth|access denied|denied:|incorrect username|\b40[13]\b/i.test(text)
  ) {
    const why = failure
      ? `what docker login has stored cannot be read (${failure})`
      : credentials
        ? "what docker login has stored for it is not enough"
        : "nobody has signed in";
    return `${registry} refuses it, and ${why}: \`docker login${registry === "docker.io" ? "" : ` ${registry}`}\`, and check its name`;
  }
  if (/manifest unknown|not found|does not exist|\b404\b/i.test(text) && !/no such host|lookup/i.test(text))
    return `${registry} does not have it: check its name and its tag`;
  if (/no such host|server misbehaving|name resolution/i.test(text))
    return `there is no host ${registry.replace(/:\d+$/, "")}, or no DNS server that knows it`;
  if (/refused|timeout|deadline exceeded|unreachable|no route|reset by peer|EOF|Client\.Timeout/i.test(text))
    return `${registry} does not answer (${text.split(": ").slice(-2).join(": ")})`;
  if (/toomanyrequests|\b429\b/i.test(text))
    return `${registry} allows no more pulls for now without signing in: \`docker login\``;
  if (/no space left/i.test(text)) return `the engine's disk is full: \`${commandLine("prune")}\` shows what could go`;
  return /^(unknown:?)?$/.test(text) ? `${registry} does not say why` : text;
}
