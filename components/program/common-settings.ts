import { z } from "zod";
import { unshown, variable } from "../core/support/args.ts";
import { PlatformSettings } from "../core/support/platform-settings.ts";

/**
 * What can be set whatever program is deployed.
 *
 * @param programs names of those that there are.
 */
export const commonSettings = (programs: readonly string[]) =>
  z.strictObject({
    /** Which stack program is deployed: the name of a file, or of a folder, in stacks/. */
    program: z.enum(programs),
    ...PlatformSettings.shape,
    /**
     * `free`: host ports that are set say only what is published, each on a port that nobody had at the first `up`. For copies
     * beside the main one. @default "fixed"
     */
    ports: z.enum(["fixed", "free"]).default("fixed"),
    /**
     * API keys that the program is handed, by the name under which each is set: `pulumi config set --secret OPENAI_API_KEY`.
     * @default {}
     */
    apiKeys: z.record(variable(), z.enum(["required", "optional"], unshown("required or optional"))).default({}),
  });
export type CommonSettings = z.output<ReturnType<typeof commonSettings>>;
