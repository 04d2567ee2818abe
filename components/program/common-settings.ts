import { z } from "zod";
import { unshown, variable } from "../core/support/args.ts";
import { PlatformSettings } from "../core/support/platform-settings.ts";

/**
 * The settings that every stack program has.
 *
 * @param programs names of the programs that exist.
 */
export const commonSettings = (programs: readonly string[]) =>
  z.strictObject({
    /** Which stack program is deployed: the name of a file, or of a folder, in stacks/. */
    program: z.enum(programs),
    ...PlatformSettings.shape,
    /**
     * `free`: each host port that is set is replaced by one that is free at the first `up`. For copies beside the main stack.
     * @default "fixed"
     */
    ports: z.enum(["fixed", "free"]).default("fixed"),
    /**
     * API keys that the program gets, by the name under which each is set: `pulumi config set --secret OPENAI_API_KEY`.
     * @default {}
     */
    apiKeys: z.record(variable(), z.enum(["required", "optional"], unshown("required or optional"))).default({}),
  });
export type CommonSettings = z.output<ReturnType<typeof commonSettings>>;
