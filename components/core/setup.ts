import * as pulumi from "@pulumi/pulumi";
import type { Dependency } from "./dependency.ts";
import { type ImageFacts, imageOn, type OwnImage, ownImage } from "./image.ts";
import { Job, type JobArgs } from "./job.ts";

/** `uid:gid` of an unprivileged user, for programs that write to /tmp only. */
export const NOBODY = "65534:65534";

/** A component that is one job. Whatever refers to it starts once it has succeeded. */
export abstract class Setup extends pulumi.ComponentResource implements Dependency {
  /** Exists only once the job has succeeded. */
  readonly done: pulumi.Resource;

  constructor(
    kind: string,
    name: string,
    opts: pulumi.ComponentResourceOptions | undefined,
    { image, ...args }: Omit<JobArgs, "subject" | "image"> & { image: ImageFacts | Omit<OwnImage, "parent"> },
  ) {
    super(`stackyard:jobs:${kind}`, name, {}, opts);
    const { platform } = args;
    const of = "build" in image ? ownImage(platform, { parent: this, ...image }) : image;
    this.done = new Job(name, this, {
      ...args,
      subject: `${kind} "${name}"`,
      image: () => imageOn(platform, of),
    }).done;
    this.registerOutputs({});
  }

  get gate(): pulumi.Resource {
    return this.done;
  }
}
