import { readFileSync } from "node:fs";
import { parse } from "yaml";
import { handleFaults } from "./shared/faults.ts";
import { type StackFile, stackFile } from "./stackfile.ts";

// image-source.ts STACK: prints where a stack's settings say that its images come from, for set-up, before it builds any. Nothing
// where they leave that open.

handleFaults();
const [stack = "dev"] = process.argv.slice(2);
const project = parse(readFileSync("Pulumi.yaml", "utf8")) as StackFile & { name: string };
const { config = {} } = stackFile(stack, { own: true });
const setting = (key: string): unknown => {
  const declared = project.config?.[key] as { default?: unknown } | undefined;
  return config[`${project.name}:${key}`] ?? declared?.default;
};
// A mirror is one of a container registry.
process.stdout.write(String(setting("imageSource") ?? (setting("imageMirror") === undefined ? "" : "registry")));
