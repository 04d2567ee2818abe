import { createHash, scryptSync } from "node:crypto";
import * as pulumi from "@pulumi/pulumi";

/** SHA-256 of the content of each file, by its name. */
export const hashesOf = (contents: Record<string, string | Buffer>): Record<string, string> =>
  Object.fromEntries(
    Object.entries(contents).map(([name, content]) => [name, createHash("sha256").update(content).digest("hex")]),
  );

/**
 * A trigger that replaces a resource when a content changes. It is a salted hash, slow to guess from, and not the content: a
 * trigger that is secret as a whole never replaces, and one with a secret in it always does (Pulumi 3.255).
 */
export function triggerOf(content: pulumi.Input<unknown>, salt: string): pulumi.Output<string> {
  const text = (pulumi.output(content) as pulumi.Output<unknown>).apply((all) => {
    const sorted = typeof all === "object" ? Object.entries(all ?? {}).sort(([a], [b]) => (a < b ? -1 : 1)) : all;
    return scryptSync(JSON.stringify(sorted), salt, 16, { N: 2048 }).toString("hex");
  });
  return pulumi.unsecret(text);
}
