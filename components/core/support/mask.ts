import type * as pulumi from "@pulumi/pulumi";

/**
 * Collects secrets, and hides in a text those that are known by then: plain, in base64 or URL-encoded. It waits for no secret: one
 * that is not known yet is in no text, and may itself wait for what is to be shown.
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
