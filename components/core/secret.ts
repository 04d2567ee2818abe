import { createHmac } from "node:crypto";
import * as pulumi from "@pulumi/pulumi";
import * as random from "@pulumi/random";
import type { Platform } from "./platform.ts";

/** 32 letters and digits: 190 bits, and nothing that a URL, a shell or a configuration file would have to escape. */
const PASSWORD = { length: 32, special: false };

/**
 * A random password that is made once and kept in encrypted state. No `up` makes another one, and `down` keeps it.
 *
 * @param name its resource's.
 * @param opts @default - the platform is its parent
 */
export function password(
  name: string,
  platform: Platform,
  opts: pulumi.CustomResourceOptions = { parent: platform },
): pulumi.Output<string> {
  const { result } = new random.RandomPassword(name, PASSWORD, { ...opts, ignoreChanges: ["*"] });
  return hidden(platform, result);
}

/**
 * Tells a secret from another one. It may be public: without the key nobody can check a guess against it.
 *
 * @param key another secret, long and never changed.
 * @returns 16 hexadecimal digits.
 */
export function markOf(secret: pulumi.Output<string>, key: pulumi.Output<string>): pulumi.Output<string> {
  const mark = pulumi
    .all([secret, key])
    .apply(([text, by]) => createHmac("sha256", by).update(text).digest("hex").slice(0, 16));
  return pulumi.unsecret(mark);
}

type ByName = Record<string, pulumi.Input<string>>;

/** Where secrets are unless they have a path of their own. */
export const SECRETS_FOLDER = "/run/secrets";

/** Secrets by folder: those of `/run/secrets` from both arguments, then all others. */
export function byFolder(secrets: ByName, folders: Record<string, ByName>): Record<string, ByName> {
  const { [SECRETS_FOLDER]: more = {}, ...others } = folders;
  const own = { ...secrets, ...more };
  return { ...(Object.keys(own).length > 0 ? { [SECRETS_FOLDER]: own } : {}), ...others };
}

/** Marks a value as secret, and hides it from now on in everything that is shown. */
export function hidden(platform: Platform, value: pulumi.Input<string>): pulumi.Output<string> {
  const secret = pulumi.secret(value);
  platform.secrets.add(secret);
  return secret;
}
