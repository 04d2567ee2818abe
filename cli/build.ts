import { execFileSync, spawnSync } from "node:child_process";
import { join } from "node:path";
import { provideCaBundle } from "../components/core/support/ca-bundle.ts";
import { reportOrphans } from "./shared/clones.ts";
import { workloadKindOf } from "./shared/engine.ts";
import { namesUp, running } from "./shared/only.ts";
import { begin } from "./shared/recover.ts";
import { chosenNames } from "./shared/services.ts";
import { type Kept, STACK, type State } from "./shared/stack.ts";
import { bringUp } from "./up/bring-up.ts";

interface BuildInputs {
  context: string;
  /** Relative to the context. */
  dockerfile?: string;
  target?: string;
  platform?: string;
  buildArgs?: Record<string, string>;
  secrets?: { id: string; src: string }[];
}

/**
 * Rebuilds images of this stack without the build cache, also where nothing has changed that `up` could see (a package in the
 * image, its base), and replaces the containers that run on them. What is down stays down.
 *
 * @param names of what runs on them; without any, all.
 */
export async function build(names: readonly string[]): Promise<number> {
  const begun = await begin(async (state, engine) => {
    await reportOrphans(state, engine);
    chosenIn(names, state);
  });
  const { engine, state } = begun;
  const chosen = chosenIn(names, state);

  provideCaBundle();
  // The base of an image is in the engine's own store, which only the builder named like the context sees.
  const builder = execFileSync("docker", ["context", "show"], { encoding: "utf8" }).trim();
  for (const { outputs } of chosen) {
    const { context, dockerfile, target, platform, buildArgs = {}, secrets = [] } = outputs.build as BuildInputs;
    // The provider cannot build without its cache just once: so the cache is filled anew, and the provider builds from it.
    const args = [
      ...["buildx", "build", "--builder", builder, "--no-cache", "--output", "type=cacheonly"],
      ...(dockerfile ? ["--file", join(context, dockerfile)] : []),
      ...(target ? ["--target", target] : []),
      ...(platform ? ["--platform", platform] : []),
      ...Object.entries(buildArgs).flatMap(([key, value]) => ["--build-arg", `${key}=${value}`]),
      ...secrets.flatMap(({ id, src }) => ["--secret", `id=${id},src=${src}`]),
      context,
    ];
    const { status } = spawnSync("docker", args, { stdio: "inherit" });
    if (status !== 0) return status ?? 1;
  }

  const code = await bringUp(
    begun,
    chosen.flatMap(({ urn }) => ["--replace", urn]),
    running(namesUp(state)),
  );
  if (code !== 0) return code;

  const replaced = await engine.replacedImages(chosen);
  await Promise.all(replaced.map((image) => engine.remove(image, { evenInUse: true })));
  return 0;
}

/** The images of these names among those built here of which something is up; without any, all. Ends the verb where one is missing. */
function chosenIn(names: readonly string[], state: State): State["resources"] {
  const up = namesUp(state);
  // One image may be that of several, and of jobs: its name says nothing of what runs on it.
  const built = state.resources.filter(({ outputs }) => outputs.build);
  const on = ({ outputs }: Kept) =>
    state.resources.filter(
      (each) => workloadKindOf(each) && up.includes(each.name) && each.outputs.image === outputs.imageId,
    );
  const wanted = chosenNames(
    names,
    [...new Set(built.flatMap(on).map(({ name }) => name))],
    `up in stack ${STACK} on an image that is built here`,
  );
  return built.filter((image) => on(image).some(({ name }) => wanted.includes(name)));
}
