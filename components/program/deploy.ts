import { Platform } from "../core/platform.ts";
import { hostPorts, withPorts } from "./host-ports.ts";
import type { Services } from "./program.ts";
import { readSettings } from "./settings.ts";

/**
 * Deploys the stack program that the configuration names, with its settings. `index.ts` calls it.
 *
 * @param folder of the stack programs, each a file `NAME.ts` or a folder with an `index.ts`.
 * @returns what the program returned.
 * @throws ArgsError for wrong settings and for a program without the right exports, before any request to an engine. RunError as
 * `Platform.connect` and the program do.
 */
export async function deploy(folder: string): Promise<Services> {
  const { program, common, own, apiKeys } = await readSettings(folder);
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
  return platform.declare(() => program.declare(platform, withPorts(own, platform.ports), apiKeys));
}
