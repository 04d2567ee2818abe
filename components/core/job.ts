import { createHash } from "node:crypto";
import * as pulumi from "@pulumi/pulumi";
import { hashesOf } from "../engines/containers/hashes.ts";
import { untilDone } from "../engines/containers/watch.ts";
import { valueOf } from "../engines/value.ts";
import type { Dependency } from "./dependency.ts";
import { gate } from "./gate.ts";
import type { Image } from "./image.ts";
import { outside } from "./network.ts";
import type { Platform } from "./platform.ts";
import { note, notesOf } from "./support/timings.ts";

export interface JobArgs {
  platform: Platform;
  /** For messages: `PostgresSetup "schema"`. */
  subject: string;
  /** Asked for when it runs. */
  image: () => Image;
  command: string[];
  /** In place of the image's own, where that one hands whatever it gets to its server. */
  entrypoint?: string[];
  env?: Record<string, pulumi.Input<string>>;
  /** By file name in /run/secrets. A changed secret does not run the job again. */
  secrets?: Record<string, pulumi.Input<string>>;
  /** By file name in /run/files, or by path below it. */
  files?: Record<string, string | Buffer>;
  uses: Record<string, Dependency>;
  /** Numeric `uid:gid`. */
  user: string;
  /** Folders in memory beside /tmp, or /tmp with other options, by path. */
  tmpfs?: Record<string, string>;
  timeoutSeconds: number;
  memoryMiB: number;
  /** Whether it may reach beyond the networks of what it refers to. @default false */
  egress?: boolean;
}

const PIDS = 256;

/**
 * A one-shot workload. Its container is made, not started; the gate `done` starts it, streams its log and waits for its end.
 */
export class Job implements Dependency {
  /** Exists only once the job has succeeded; checked again when its command, files, image, environment or the data change. */
  readonly done: pulumi.Resource;

  /** @param component whose job this is: everything made here is its child. */
  constructor(name: string, component: pulumi.Resource, args: JobArgs) {
    const { platform, subject, timeoutSeconds } = args;
    const { engine } = platform;
    const own = { parent: component };
    const uses = Object.values(args.uses);
    const type = component.constructor.name;
    platform.declared.add({ name, kind: "job", type, hostPorts: [], data: false }, this, uses);
    if (platform.rests(name)) {
      // A gate that was passed stays as it is, so that the next `up` does not run the job again. One that never was is
      // made here with a key that no job has, so that the next `up` replaces it, that is runs the job.
      const pending = { pending: "made while down" };
      this.done = gate(`${name}-done`, pending, async () => {}, { ...own, ignoreChanges: ["input"] });
      return;
    }

    const { command, entrypoint, files = {}, env = {} } = args;
    const image = args.image();
    const key = {
      image: image.id,
      command: [...(entrypoint ?? []), ...command],
      files: sha256(hashesOf(files)),
      env: pulumi.output(env).apply(sha256),
      volumes: uses.flatMap(({ data }) => (data ? [data] : [])),
    };

    const container = engine.job(
      name,
      {
        service: name,
        image: image.id,
        command,
        ...(entrypoint ? { entrypoint } : {}),
        env,
        secrets: args.secrets ?? {},
        files,
        user: args.user,
        capabilities: [],
        readOnlyRoot: true,
        init: true,
        tmpfs: { "/tmp": "mode=1777,size=64m", ...args.tmpfs },
        memoryMiB: args.memoryMiB,
        pids: PIDS,
        networks: [
          ...uses.flatMap(({ network }) => network ?? []),
          ...outside(name, platform, args.egress ? "open" : undefined, own),
        ].map(({ id }) => ({ id, aliases: [] })),
        // Another key is another container, so that one which has succeeded is one that has succeeded at just this.
        labels: { ...platform.labels(name, "job"), "stackyard.key": pulumi.output(key).apply(sha256) },
      },
      { ...own, dependsOn: uses.flatMap(({ container }) => container ?? []) },
    );
    this.done = gate(
      `${name}-done`,
      key,
      async (signal) => {
        const id = await valueOf(container.id);
        const began = Date.now();
        const prepare = async () => {
          await Promise.all([engine.api.limitPids(id, PIDS), container.prepare(id)]);
        };
        const saw = notesOf(name, await engine.api.clock());
        const watch = { subject, timeoutSeconds, mask: platform.secrets.mask, signal, saw };
        await untilDone(engine.api, id, watch, prepare, (line) => void pulumi.log.info(line, component));
        note({ service: name, tookMs: Date.now() - began });
      },
      { ...own, dependsOn: [container.resource, ...uses.map((each) => each.gate)] },
    );
    note({ service: name, kind: "job", waitsFor: platform.declared.named(uses).map((each) => each.name) });
  }

  get gate(): pulumi.Resource {
    return this.done;
  }
}

/** The same for the same content, whatever the order of its keys. */
const sha256 = (value: object) =>
  createHash("sha256")
    .update(JSON.stringify(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1))))
    .digest("hex");
