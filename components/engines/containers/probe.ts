import { dirname } from "node:path/posix";
import { isDeepStrictEqual } from "node:util";
import * as pulumi from "@pulumi/pulumi";
import { PROBE_PROGRAM, type ProbeSpec } from "../engine.ts";
import { valueOf } from "../value.ts";
import type { EngineApi } from "./api.ts";
import type { FolderContent } from "./filled-volume.ts";
import { goDuration } from "./format.ts";

/** No health check, even where the image has one. */
const NONE = { tests: ["NONE"], interval: "0s", timeout: "0s", startPeriod: "0s", startInterval: "0s", retries: 0 };

/** The provider's inputs for a probe. Failures within the start period do not count. */
export function healthcheckOf(
  api: EngineApi,
  probe: ProbeSpec,
  image: pulumi.Output<string>,
  startPeriodSeconds: number,
) {
  if (probe.test === "none") return NONE;
  return {
    tests: probe.test === "image" ? image.apply((id) => ownProbe(api, id)) : probe.test,
    interval: goDuration(probe.intervalSeconds * 1000),
    timeout: goDuration(probe.timeoutSeconds * 1000),
    startPeriod: goDuration(startPeriodSeconds * 1000),
    startInterval: goDuration(probe.startIntervalMs),
    retries: probe.retries,
  };
}

/** Stands for the health check of an image that has none. */
const MISSING = ["MISSING"];

/** The probe that an image has: repeated in the inputs, because its timings are the service's. */
const ownProbe = async (api: EngineApi, image: string): Promise<string[]> => (await api.imageProbe(image)) ?? MISSING;

/**
 * Refuses an image without a health check for a container that should have its image's: in a preview too, if the image is there.
 * In a hook, because Pulumi would show the error of an input with a stack trace.
 */
export const imageProbed = (name: string, subject: string): pulumi.ResourceHook =>
  new pulumi.ResourceHook(
    `${name}:image-probe`,
    ({ newInputs }) => {
      if (!isDeepStrictEqual(newInputs?.healthcheck?.tests, MISSING)) return;
      throw new Error(
        `${subject}: its image has no probe of its own (HEALTHCHECK). Set probe to a command, to http or tcp, or to "none".`,
      );
    },
    { onDryRun: true },
  );

/** The folder with the program of probes, which comes from an image. */
export const probeProgram = (
  api: EngineApi,
  image: pulumi.Output<string>,
  labels: Record<string, pulumi.Input<string>>,
): FolderContent => ({
  kind: "program",
  folder: dirname(PROBE_PROGRAM),
  identity: image,
  files: async () => {
    const content = await api.fileOf(await valueOf(image), "/bin/busybox", await valueOf(pulumi.output(labels)));
    return [{ name: "busybox", content, mode: 0o555, uid: 0, gid: 0 }];
  },
});
