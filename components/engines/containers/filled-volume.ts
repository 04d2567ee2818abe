import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { basename } from "node:path/posix";
import * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";
import type { Workload } from "../engine.ts";
import { hashesOf, triggerOf } from "../hashes.ts";
import { valueOf } from "../value.ts";
import type { EngineApi, FileInVolume } from "./api.ts";
import { RUN } from "./carriers.ts";

/** A change of these inputs would replace a volume, and so delete its content. */
export const VOLUME_FIXED = ["labels", "driver", "driverOpts", "name"];

export const labelled = (labels: Record<string, pulumi.Input<string>>) =>
  Object.entries(labels).map(([label, value]) => ({ label, value }));

/** The content of one folder of a container. */
export interface FolderContent {
  /** Part of the name of the volume that holds it: `secrets`. */
  kind: string;
  folder: string;
  /** Replaces the volume when it changes: secrets themselves, or hashes of other content, which may be too large for the state. */
  identity: pulumi.Output<unknown>;
  files: () => Promise<FileInVolume[]>;
}

/** A volume with the content of one folder, and what fills it: a hook of the container that mounts it. */
export interface FilledVolume {
  kind: string;
  folder: string;
  volume: pulumi.Output<string>;
  fill: () => Promise<void>;
}

/** What a service or a job gets in `/run/secrets`, in other folders of secrets, and in `/run/files`. */
export function contentsFor({ user, secrets, files }: Pick<Workload, "user" | "secrets" | "files">): FolderContent[] {
  const kindOf = kindsOf(Object.keys(secrets));
  return [
    ...Object.entries(secrets).map(([folder, byName]) => {
      const texts = pulumi.output(byName) as pulumi.Output<Record<string, string>>;
      return {
        kind: kindOf(folder),
        folder,
        identity: texts,
        files: async () => ownedBy(user, await valueOf(texts), 0o400),
      };
    }),
    ...(Object.keys(files).length > 0 ? [readableByAll("/run/files", files)] : []),
  ];
}

/** Files of a user (`uid:gid`). */
export function ownedBy(user: string, contents: Record<string, string>, mode: number): FileInVolume[] {
  const [uid = 0, gid = 0] = user.split(":").map(Number);
  return Object.entries(contents).map(([name, content]) => ({ name, content, mode, uid, gid }));
}

/** A kind for each folder, in whatever order they come. Those that would read the same, as `/etc/a-b` and `/etc/a/b`, get a suffix. */
function kindsOf(folders: readonly string[]): (folder: string) => string {
  const shortOf = (folder: string) =>
    folder === "/run/secrets" ? "secrets" : `secrets${folder.replace(/[^A-Za-z0-9]+/g, "-")}`;
  return (folder) => {
    const short = shortOf(folder);
    return folders.some((other) => other !== folder && shortOf(other) === short)
      ? `${short}-${createHash("sha256").update(folder).digest("hex").slice(0, 7)}`
      : short;
  };
}

/** Files of this machine in folders of their own. */
export const contentsOf = (folders: Record<string, Record<string, string>>): FolderContent[] =>
  Object.entries(folders).map(([folder, paths]) =>
    readableByAll(folder, Object.fromEntries(Object.entries(paths).map(([name, path]) => [name, readFileSync(path)]))),
  );

function readableByAll(folder: string, contents: Record<string, string | Buffer>): FolderContent {
  const files = Object.entries(contents).map(([name, content]) => ({ name, content, mode: 0o444, uid: 0, gid: 0 }));
  return { kind: basename(folder), folder, identity: pulumi.output(hashesOf(contents)), files: async () => files };
}

/**
 * A volume with the content of one folder: so the content is in no `docker inspect`, and a read-only container can have it. Other
 * content replaces the volume, so that nothing changes under a running container.
 *
 * @param image any on the engine: the files are put in through a container of it that is never started.
 */
export function filledVolume(
  api: EngineApi,
  name: string,
  { kind, folder, identity, files }: FolderContent,
  image: pulumi.Input<string>,
  labels: Record<string, pulumi.Input<string>>,
  opts: pulumi.CustomResourceOptions,
): FilledVolume {
  const all = pulumi.output(labels);
  const put = async (volume: pulumi.Input<string>) => {
    const own = await valueOf(all);
    // A container that an ended `up` left would keep its volume from being removed.
    const left = (await api.list({ ...own, "stackyard.kind": "carrier" })).filter(
      (each) => each.labels["stackyard.run"] !== RUN,
    );
    await Promise.all(left.map(({ id }) => api.remove(id, 0)));
    await api.fillVolume(await valueOf(volume), await files(), await valueOf(image), own);
  };
  let early: Promise<void> | undefined;
  const volume = new docker.Volume(
    `${name}-${kind}`,
    { labels: labelled({ ...labels, "stackyard.kind": kind }) },
    {
      ...opts,
      ignoreChanges: VOLUME_FIXED,
      replacementTrigger: triggerOf(identity, `${String(labels["stackyard.id"])}/${name}-${kind}`),
      hooks: {
        // Early, while the provider makes networks, which takes two seconds. A failure here is repeated below.
        afterCreate: [
          new pulumi.ResourceHook(`${name}:${kind}:early`, ({ newOutputs }) => {
            early = put((newOutputs as { name: string }).name);
            early.catch(() => {});
          }),
        ],
      },
    },
  );
  /** Fills it again where that failed, or where an ended `up` may have left it empty. */
  const fill = () => early?.catch(() => put(volume.name)) ?? put(volume.name);
  return { kind, folder, volume: volume.name, fill };
}
