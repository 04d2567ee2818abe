import { createHmac } from "node:crypto";
import * as pulumi from "@pulumi/pulumi";
import * as random from "@pulumi/random";
import type { Platform } from "./platform.ts";

/** 32 letters and digits: 190 bits, and nothing that a URL, a shell or a configuration file would have to escape. */
const PASSWORD = { length: 32, special: false };

/** A password that is made once and kept in encrypted state, and is never made anew by an ordinary `up`. */
export function password(name: string, platform: Platform, opts: pulumi.CustomResourceOptions): pulumi.Output<string> {
  const { result } = new random.RandomPassword(name, PASSWORD, { ...opts, ignoreChanges: ["*"] });
  return hidden(platform, result);
}

/**
 * What tells a secret from another one, and may be seen by all: without the key nobody can guess by it.
 *
 * @param key a secret of its own, long and never another one.
 * @returns 16 hexadecimal digits.
 */
export function markOf(secret: pulumi.Output<string>, key: pulumi.Output<string>): pulumi.Output<string> {
  const mark = pulumi
    .all([secret, key])
    .apply(([text, by]) => createHmac("sha256", by).update(text).digest("hex").slice(0, 16));
  return pulumi.unsecret(mark);
}

type ByName = Record<string, pulumi.Input<string>>;

/** Where secrets are unless somebody says otherwise. */
export const SECRETS_FOLDER = "/run/secrets";

/** Secrets of that folder and of others, by folder: none takes the place of another's. */
export function byFolder(secrets: ByName, folders: Record<string, ByName>): Record<string, ByName> {
  const { [SECRETS_FOLDER]: more = {}, ...others } = folders;
  const own = { ...secrets, ...more };
  return { ...(Object.keys(own).length > 0 ? { [SECRETS_FOLDER]: own } : {}), ...others };
}

/** A secret that is hidden from now on in all that is shown. */
export function hidden(platform: Platform, value: pulumi.Input<string>): pulumi.Output<string> {
  const secret = pulumi.secret(value);
  platform.secrets.add(secret);
  return secret;
}
