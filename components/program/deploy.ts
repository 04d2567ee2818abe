import { resolve } from "node:path";
import { Platform } from "../core/platform.ts";
import { hostPorts, withPorts } from "./host-ports.ts";
import { type Outputs, outputsOf } from "./outputs.ts";
import { readSettings } from "./settings.ts";

/**
 * Deploys the stack program that the configuration names, with its settings. A project's `index.ts` calls it.
 *
 * @param folder of the stack programs, each a file `NAME.ts` or a folder with an `index.ts`.
 * @returns the outputs of the Pulumi stack, which `index.ts` exports.
 * @throws ArgsError for wrong settings and for a program without the right exports, before any request to an engine. RunError as
 * `Platform.connect` and the program do.
 * @example
 * export const { addresses, urls, apiKeys } = await deploy("stacks");
 */
export async function deploy(folder: string): Promise<Outputs> {
  const { program, common, own, apiKeys } = await readSettings(resolve(folder));
  const { STACKYARD_DOWN: down, STACKYARD_ONLY: only } = process.env;
  const { environment, imageSource, imageMirror, subnetPool } = common;
  const platform = await Platform.connect({
    environment,
    imageSource,
    imageMirror,
    subnetPool,
    freePorts: common.ports === "free" ? Object.keys(hostPorts(own)) : [],
    // Set by `make down`, and by verbs that run only a part of the program.
    down: down === "1",
    only: only ? only.split(",") : undefined,
  });
  const services = await platform.declare(() => program.declare(platform, withPorts(own, platform.ports), apiKeys));
  return outputsOf(services);
}
