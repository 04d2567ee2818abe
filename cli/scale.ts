import { serviceWord } from "../components/engines/command-line.ts";
import { readGraph } from "./shared/graph.ts";
import { hold } from "./shared/hold.ts";
import { pulumiInOneLine } from "./shared/pulumi.ts";
import { settingsInFiles } from "./shared/settings.ts";
import { STACK } from "./shared/stack.ts";
import { up } from "./up.ts";

/**
 * Sets how many of some services run, in this clone alone, and brings the stack up. The setting stays, also where that fails.
 *
 * @param words each `NAME=NUMBER`.
 * @throws Error for a service of which there can be only one, ArgsError for a number that is out of range, RunError as the program
 * does; before anything is touched.
 */
export async function scale(words: readonly string[]): Promise<number> {
  const counts = countsIn(words);
  await refuseCounts(counts, STACK);
  await hold();
  for (const [service, count] of counts) {
    const set = ["config", "set", "--path", `${service}.replicas`, String(count)];
    const code = await pulumiInOneLine(`${service}: ${count} from now on, in this clone`, set);
    if (code !== 0) return code;
  }
  return up([], {});
}

/** How many of each service are wanted. @throws Error for words that cannot be read. */
export function countsIn(words: readonly string[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const word of words) {
    const [, service, count] = /^([^=]+)=(\d+)$/.exec(word) ?? [];
    if (service === undefined) {
      throw new Error(`${serviceWord()} should be the name of a service and a number, as backend=5, got ${word}`);
    }
    if (counts.has(service)) throw new Error(`${serviceWord()} should be each service once, got ${service} twice`);
    counts.set(service, Number(count));
  }
  return counts;
}

/**
 * Throws where a stack could not run so many of each.
 *
 * @param programs where the stack programs are. @default - the project's
 */
export async function refuseCounts(
  counts: ReadonlyMap<string, number>,
  stack: string,
  programs?: string,
): Promise<void> {
  const { own } = await settingsInFiles(stack, { own: true }, programs);
  const several = Object.keys(own).filter((key) => hasReplicas(own[key]));
  for (const service of counts.keys()) {
    if (several.includes(service)) continue;
    const why = service in own ? "its settings have no `replicas`" : "there are no settings of this name";
    const others = several.length > 0 ? `those of ${several.join(", ")} have \`replicas\`` : "none have `replicas`";
    throw new Error(`${service} of stack ${stack} cannot be scaled: ${why}; ${others}. Nothing was touched.`);
  }
  const above = Object.fromEntries([...counts].map(([service, replicas]) => [service, { replicas }]));
  // What is wrong beside its number (a published port, a volume) the program says.
  await readGraph(await settingsInFiles(stack, { own: true, above }, programs));
}

const hasReplicas = (settings: unknown) => typeof settings === "object" && settings !== null && "replicas" in settings;
