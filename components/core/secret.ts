import * as pulumi from "@pulumi/pulumi";
import * as random from "@pulumi/random";
import { discarded, toDiscard } from "./ledger.ts";
import type { Platform } from "./platform.ts";

/** 32 letters and digits: 190 bits, and nothing that a URL, a shell or a configuration file would have to escape. */
const PASSWORD = { length: 32, special: false };

/** A password that is made once and kept in encrypted state, and is never made anew by an ordinary `up`. */
export function password(name: string, platform: Platform, opts: pulumi.CustomResourceOptions): pulumi.Output<string> {
  const { result } = new random.RandomPassword(name, PASSWORD, { ...opts, ignoreChanges: ["*"] });
  return hidden(platform, result);
}

/**
 * A password that was given, of a server that reads it when its data is first made, and never again: another one later is
 * refused, unless the data may be lost.
 *
 * @param database whose.
 * @param opts with `protect` as the volume has it.
 */
export function firstPassword(
  name: string,
  database: string,
  platform: Platform,
  given: pulumi.Input<string>,
  opts: pulumi.CustomResourceOptions,
): pulumi.Output<string> {
  const refuse = () => {
    if (discarded().has(database)) return;
    throw new Error(
      `${name}: should be the password that the data was first made with, got another one: the server took that one over ` +
        `into its data, and reads none any more. Keep it. ${toDiscard(database)}`,
    );
  };
  const first = new pulumi.Stash(
    name,
    { input: pulumi.secret(given) },
    { ...opts, hooks: { beforeUpdate: [new pulumi.ResourceHook(`given-${name}`, refuse, { onDryRun: true })] } },
  );
  // After that, whoever uses it; but not what the Stash holds, which stays as it was first made.
  return hidden(
    platform,
    pulumi.all([first.output, given]).apply(([, now]) => now),
  );
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
