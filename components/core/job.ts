import { createHash } from "node:crypto";
import * as pulumi from "@pulumi/pulumi";
import type { Handle, Mount } from "../engines/engine.ts";
import { hashesOf } from "../engines/hashes.ts";
import { containersOf, type Dependency, gatesOf, networksOf } from "./dependency.ts";
import { gate, interrupted } from "./gate.ts";
import { outsideNetwork } from "./network.ts";
import type { Platform } from "./platform.ts";
import { byFolder } from "./secret.ts";
import { note, notesOf } from "./support/timings.ts";
import { inMemory } from "./targets.ts";
import type { SharedVolumeArgs } from "./volume.ts";

/** What a component decides of its job. */
export interface JobArgs {
  /** What the stack is built on. */
  platform: Platform;
  /** For messages: `PostgresSetup "schema"`. */
  subject: string;
  /** Called only if it runs. */
  image: () => Handle;
  /** Program and arguments. @default - the image's own */
  command?: string[] | undefined;
  /** For an image whose own entry point passes every command to its server. @default - the image's own */
  entrypoint?: string[] | undefined;
  /** Environment without secrets. @default {} */
  env?: Record<string, pulumi.Input<string>>;
  /** Secrets, by file name in /run/secrets. A changed secret does not run the job again. @default {} */
  secrets?: Record<string, pulumi.Input<string>>;
  /** Secrets in other folders, which hold nothing else: by file name, by folder. @default {} */
  secretFolders?: Record<string, Record<string, pulumi.Input<string>>>;
  /** Contents of files, by file name in /run/files, or by path below it. @default {} */
  files?: Record<string, string | Buffer>;
  /** Folders of the engine's machine. @default [] */
  mounts?: Mount[];
  /** Shared volumes; a new one in place of an old one runs the job again. @default [] */
  volumes?: SharedVolumeArgs[];
  /** What it refers to: it runs once that is ready or done, and is on its networks. */
  uses: Record<string, Dependency>;
  /** `uid:gid` that it runs as, in digits. */
  user: string;
  /** The folder that its program starts in. @default - the image's own */
  workingDir?: string | undefined;
  /** Whether it can write only to mounts, volumes and folders in memory. @default true */
  readOnlyRoot?: boolean;
  /** Mount options of folders in memory, by path. They replace the default /tmp, as do a volume and a mount. @default {} */
  tmpfs?: Record<string, string>;
  /** How long it may run before it is ended and has failed, in seconds. */
  timeoutSeconds: number;
  /** Memory limit, in MiB. */
  memoryMiB: number;
  /** Whether it may reach beyond the networks of what it refers to. @default false */
  egress?: boolean;
}

const PIDS = 256;

/**
 * A one-shot workload. Its container is created and not started; the gate `done` starts it, streams its log and waits for its end.
 */
export class Job implements Dependency {
  /** Exists only once the job has succeeded. It runs again when its command, files, image or environment change, or the data. */
  readonly done: pulumi.Resource;

  /** @param component the parent of everything that is made here. */
  constructor(name: string, component: pulumi.Resource, args: JobArgs) {
    const { platform, subject, timeoutSeconds, readOnlyRoot = true } = args;
    const own = { parent: component };
    const { command, entrypoint, files = {}, env = {}, secrets = {}, secretFolders = {}, volumes = [] } = args;
    const uses = platform.declared.referredTo(Object.values(args.uses), env, secrets, ...Object.values(secretFolders));
    const type = component.constructor.name;
    platform.declared.add({ name, kind: "job", type, hostPorts: [], data: false }, { made: this, uses });
    if (!platform.runs(name)) {
      // A gate that has been passed stays as it is, so that the next `up` does not run the job again. One that has not is made here
      // with a key that no job has, so that the next `up` replaces it, which runs the job.
      const pending = { pending: "made while down" };
      this.done = gate(`${name}-done`, pending, async () => {}, { ...own, ignoreChanges: ["input"] });
      return;
    }

    const image = args.image();
    const key = {
      image: image.key,
      command: [...(entrypoint ?? []), ...(command ?? [])],
      files: sha256(hashesOf(files)),
      env: pulumi.output(env).apply(sha256),
      volumes: [...uses.flatMap(({ data }) => (data ? [data] : [])), ...volumes.map(({ shared }) => shared.key)],
    };
    const outside = uses.some((each) => each.outside);
    const job = platform.engine.job(
      name,
      {
        service: name,
        image,
        ...(command ? { command } : {}),
        ...(entrypoint ? { entrypoint } : {}),
        ...(args.workingDir === undefined ? {} : { workingDir: args.workingDir }),
        env,
        secrets: byFolder(secrets, secretFolders),
        files,
        mounts: args.mounts ?? [],
        volumes: volumes.map(({ shared, label: _, ...each }) => ({ volume: shared, ...each })),
        user: args.user,
        capabilities: [],
        readOnlyRoot,
        init: true,
        tmpfs: inMemory(readOnlyRoot, args.tmpfs ?? {}, [...volumes, ...(args.mounts ?? [])]),
        memoryMiB: args.memoryMiB,
        pids: PIDS,
        networks: [
          ...networksOf(uses),
          ...outsideNetwork(name, platform, args.egress || outside ? "open" : undefined, own),
        ].map((network) => ({ network, aliases: [] })),
        // With another key the container is another one too: if it has succeeded, then with exactly this key.
        labels: { ...platform.labels(name, "job"), "stackyard.key": pulumi.output(key).apply(sha256) },
        watch: {
          subject,
          timeoutSeconds,
          mask: platform.secrets.mask,
          signal: interrupted(),
          saw: notesOf(name),
          line: (line) => void pulumi.log.info(line, component),
        },
      },
      {
        ...own,
        // No container is created over a volume before the ledger has checked that it is the recorded one.
        dependsOn: [...(volumes.length > 0 ? [platform.ledger.checked] : []), ...containersOf(uses)],
      },
    );
    this.done = gate(
      `${name}-done`,
      key,
      async () => {
        const began = Date.now();
        await job.run();
        note({ service: name, tookMs: Date.now() - began });
      },
      { ...own, dependsOn: [job.resource, ...gatesOf(uses)] },
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
