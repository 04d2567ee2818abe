// node infra/airgap/images/build.ts [--check] [NAME ...]: builds the images of this folder that the engine does not have. With
// --check it lists them, and ends with 3 where there are some.
import { execFile, spawn } from "node:child_process";
import { existsSync, readdirSync, realpathSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { type BuiltImage, builtImage } from "../../../components/core/support/built-image.ts";
import { CA_BUNDLE, provideCaBundle } from "../../../components/core/support/ca-bundle.ts";
import { engineApi, wrongWith } from "../../../components/engines/containers/api.ts";
import { dockerHost } from "../../../components/engines/containers/host.ts";

const FOLDER = dirname(fileURLToPath(import.meta.url));
const CERTIFICATES = join(FOLDER, "../../..", CA_BUNDLE);
const AT_ONCE = 2;
const LOG_LINES = 40;
/** Exit code of --check. */
const MISSING = 3;

/** Every image of this folder, by name. */
export function imageNames(): string[] {
  return readdirSync(FOLDER).filter((name) => name === "base" || existsSync(`${FOLDER}/${name}/Dockerfile`));
}

/**
 * Those of these images, and of the images that they are built on, which the engine does not have; bases first.
 *
 * @throws Error with what is wrong with the engine.
 */
export async function missingImages(names: readonly string[]): Promise<BuiltImage[]> {
  const all = new Map<string, BuiltImage>();
  for (const name of names) for (const image of withBases(builtImage(name))) all.set(image.ref, image);
  const images = [...all.values()];
  const at = dockerHost();
  const engine = engineApi(at);
  const problem = await wrongWith(engine, at.host);
  if (problem !== undefined) throw new Error(problem);
  const present = await Promise.all(images.map(({ ref }) => engine.hasImage(ref)));
  return images.filter((_, index) => !present[index]);
}

/**
 * Builds those of these images, and of the images that they are built on, which are missing.
 *
 * @param say gets a line when a build starts, and one when it ends.
 * @throws Error with the last lines of the log of each build that failed.
 */
export async function ensureImages(names: readonly string[], say: (line: string) => void = console.log): Promise<void> {
  const missing = await missingImages(names);
  if (missing.length === 0) return;
  provideCaBundle(CERTIFICATES);
  // Loaded only here, because set-up checks the images at each verb, and as a rule nothing is missing.
  const { default: pLimit } = await import("p-limit");
  const limit = pLimit(AT_ONCE);
  const builds = new Map<string, Promise<void>>();
  for (const image of missing) {
    // A base comes before its children in the list, so its build is known here. Where it fails, so do they.
    const base = image.base && builds.get(image.base.ref);
    builds.set(
      image.ref,
      (base ?? Promise.resolve()).then(() => limit(() => build(image, say))),
    );
  }
  const results = await Promise.allSettled(builds.values());
  const failures = new Set(
    results.flatMap((result) => (result.status === "rejected" ? [String(result.reason.message)] : [])),
  );
  if (failures.size > 0) throw new Error([...failures].join("\n"));
}

function withBases(image: BuiltImage): BuiltImage[] {
  return image.base ? [...withBases(image.base), image] : [image];
}

async function build(image: BuiltImage, say: (line: string) => void): Promise<void> {
  const started = performance.now();
  say(`${image.ref}: building`);
  const [command, ...args] = image.base ? await buildx(image) : [`${image.context}/build.sh`, image.ref];
  await run(image.ref, command as string, args);
  say(`${image.ref}: built in ${((performance.now() - started) / 1000).toFixed(0)} s`);
}

async function buildx(image: BuiltImage): Promise<string[]> {
  // The base is in the engine's own store, which only the builder named like the context sees.
  const { stdout } = await promisify(execFile)("docker", ["context", "show"]);
  return [
    "docker",
    "buildx",
    "build",
    "--builder",
    stdout.trim(),
    "--load",
    "--progress",
    "plain",
    "--tag",
    image.ref,
    ...Object.entries(image.buildArgs).flatMap(([key, value]) => ["--build-arg", `${key}=${value}`]),
    "--secret",
    `id=ca,src=${CERTIFICATES}`,
    image.context,
  ];
}

function run(ref: string, command: string, args: string[]): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const child = spawn(command, args, { stdio: ["ignore", "pipe", "pipe"] });
  const stop = () => child.kill("SIGTERM");
  process.once("exit", stop);
  let log = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8").on("data", (chunk: string) => {
      log = (log + chunk)
        .split("\n")
        .slice(-LOG_LINES - 1)
        .join("\n");
    });
  }
  child.once("error", reject);
  child.once("close", (code, signal) => {
    process.off("exit", stop);
    if (code === 0) resolve();
    else reject(new Error(`${log.trimEnd()}\n${ref}: failed (${signal ?? `exit code ${code}`})`));
  });
  return promise;
}

async function main(args: readonly string[]): Promise<void> {
  const check = args.includes("--check");
  const names = args.filter((arg) => arg !== "--check");
  const known = imageNames();
  const unknown = names.filter((name) => !known.includes(name));
  if (unknown.length > 0) throw new Error(`No such image: ${unknown.join(", ")}. There are ${known.join(", ")}.`);
  const wanted = names.length > 0 ? names : known;
  if (!check) return ensureImages(wanted);
  for (const image of await missingImages(wanted)) {
    console.log(image.ref);
    process.exitCode = MISSING;
  }
}

if (realpathSync(process.argv[1] ?? "") === fileURLToPath(import.meta.url)) {
  // Ctrl-C reaches the builds by itself; a signal sent to this process alone does not.
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => process.exit(1));
  try {
    await main(process.argv.slice(2));
  } catch (error) {
    console.error((error as Error).message);
    process.exitCode = 1;
  }
}
