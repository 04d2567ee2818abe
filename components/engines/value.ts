import * as pulumi from "@pulumi/pulumi";

/** Resolves an output, for a hook: everything that a hook needs exists before it runs. */
export function valueOf<T>(value: pulumi.Input<T>): Promise<T> {
  return new Promise((resolve) => pulumi.output(value).apply((known) => resolve(known as T)));
}
