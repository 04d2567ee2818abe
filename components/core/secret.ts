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

/** A secret that is hidden from now on in all that is shown. */
export function hidden(platform: Platform, value: pulumi.Input<string>): pulumi.Output<string> {
  const secret = pulumi.secret(value);
  platform.secrets.add(secret);
  return secret;
}

/**
 * Collects secrets, and hides those that are known by then, plain, in base64 or URL-encoded, in a text. Nothing waits for one that
 * is not: what nobody knows yet is in no text, and it may be waiting for what is to be shown.
 */
export function masker() {
  const known = new Set<string>();
  let hide = maskOf([]);
  return {
    add(secret: pulumi.Output<string>): void {
      secret.apply((value) => {
        known.add(value);
        hide = maskOf([...known]);
      });
    },
    mask: (text: string): string => hide(text),
  };
}

/** Hides each secret in a text, in the forms in which programs print them: logs come by the line, so each of its lines too. */
export function maskOf(secrets: readonly string[]): (text: string) => string {
  const forms = secrets
    .flatMap((secret) => [secret, ...linesOf(secret)])
    .filter((secret) => secret.length >= 4)
    .flatMap((secret) => [
      secret,
      encodeURIComponent(secret),
      JSON.stringify(secret).slice(1, -1),
      Buffer.from(secret).toString("base64").replace(/=+$/, ""),
    ])
    .sort((a, b) => b.length - a.length);
  return (text) => forms.reduce((shown, form) => shown.split(form).join("[secret]"), text);
}

const linesOf = (secret: string) => (/[\r\n]/.test(secret) ? secret.split(/[\r\n]+/).map((line) => line.trim()) : []);
