import { execFileSync, spawnSync } from "node:child_process";
import { provideCaBundle } from "../components/core/ca-bundle.ts";
import { engine, readState, STACK } from "./shared/stack.ts";

// make rebuild [s=name]: builds images of this stack anew, also where nothing has changed that `up` could see (a package in it,
// what it stands on), and brings up what runs on them.

interface BuildInputs {
  context: string;
  target?: string;
  buildArgs?: Record<string, string>;
  secrets?: { id: string; src: string }[];
}

const api = await engine();
const built = readState().resources.filter(({ outputs }) => outputs.build);
const wanted = (process.env.s ?? "").split(",").filter((name) => name !== "");
const unknown = wanted.filter((name) => !built.some((each) => each.name === name));
if (unknown.length > 0 || built.length === 0) {
  const there = built.map(({ name }) => name).join(", ") || "nothing";
  process.stderr.write(`${unknown.join(", ") || "No image"} is not built in stack ${STACK}; built: ${there}\n`);
  process.exit(1);
}
const chosen = built.filter(({ name }) => wanted.length === 0 || wanted.includes(name));

provideCaBundle();
// What an image stands on is in the engine's own store, which only the builder named like the context sees.
const builder = execFileSync("docker", ["context", "show"], { encoding: "utf8" }).trim();
for (const { outputs } of chosen) {
  const { context, target, buildArgs = {}, secrets = [] } = outputs.build as BuildInputs;
  // The provider knows no way to build once without what was kept: so that is made anew, and then it builds with it.
  const args = [
    ...["buildx", "build", "--builder", builder, "--no-cache", "--output", "type=cacheonly"],
    ...(target ? ["--target", target] : []),
    ...Object.entries(buildArgs).flatMap(([key, value]) => ["--build-arg", `${key}=${value}`]),
    ...secrets.flatMap(({ id, src }) => ["--secret", `id=${id},src=${src}`]),
    context,
  ];
  const { status } = spawnSync("docker", args, { stdio: "inherit" });
  if (status !== 0) process.exit(status ?? 1);
}

process.argv.push(...chosen.flatMap(({ urn }) => ["--replace", urn]));
await import("./up.ts");

// The new ones have their names.
const before = chosen.map(({ outputs }) => outputs.imageId);
const left = (await api.allImages()).filter(({ id, names }) => names.length === 0 && before.includes(id));
await Promise.all(left.map(({ id }) => api.removeImage(id)));
