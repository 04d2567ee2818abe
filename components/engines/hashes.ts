import { createHash, scryptSync } from "node:crypto";
import * as pulumi from "@pulumi/pulumi";

/** SHA-256 of what each file holds, by its name. */
export const hashesOf = (contents: Record<string, string | Buffer>): Record<string, string> =>
  Object.fromEntries(
    Object.entries(contents).map(([name, content]) => [name, createHash("sha256").update(content).digest("hex")]),
  );

/**
 * By which another content is another resource. Not the content: a trigger that is secret as a whole replaces nothing when it
 * changes, and one with a secret in it replaces always (Pulumi 3.255). So it is a hash that is salted, and slow to guess by.
 */
export function triggerOf(content: pulumi.Input<unknown>, salt: string): pulumi.Output<string> {
  const text = (pulumi.output(content) as pulumi.Output<unknown>).apply((all) => {
    const sorted = typeof all === "object" ? Object.entries(all ?? {}).sort(([a], [b]) => (a < b ? -1 : 1)) : all;
    return scryptSync(JSON.stringify(sorted), salt, 16, { N: 2048 }).toString("hex");
  });
  return pulumi.unsecret(text);
}
