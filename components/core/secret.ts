import * as pulumi from "@pulumi/pulumi";
import * as random from "@pulumi/random";
import type { Platform } from "./platform.ts";

/** 32 letters and digits: 190 bits, and nothing that a URL, a shell or a configuration file would have to escape. */
const PASSWORD = { length: 32, special: false };

/**
 * A password that is made once and kept in encrypted state, or the one that was given. Either belongs to the data that was
 * first made with it, and is never made anew by an ordinary `up`.
 *
 * @param opts with `protect` as the volume has it.
 * @param given taken when the data is first made; another one later is refused.
 */
export function password(
  name: string,
  platform: Platform,
  given: pulumi.Input<string> | undefined,
  opts: pulumi.CustomResourceOptions,
): pulumi.Output<string> {
  const value =
    given === undefined
      ? new random.RandomPassword(name, PASSWORD, { ...opts, ignoreChanges: ["*"] }).result
      : (new pulumi.Stash(
          name,
          { input: pulumi.secret(given) },
          {
            ...opts,
            hooks: { beforeUpdate: [new pulumi.ResourceHook(`given-${name}`, () => refuse(name), { onDryRun: true })] },
          },
        ).output as pulumi.Output<string>);
  const secret = pulumi.secret(value);
  platform.secrets.add(secret);
  return secret;
}

function refuse(name: string): never {
  throw new Error(
    `${name}: should be the password that the data was first made with, got another one: the server would go on with the old one. ` +
      "Change it inside the running database first; rotation is not built yet.",
  );
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
