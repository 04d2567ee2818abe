import * as pulumi from "@pulumi/pulumi";

/** What an output holds, for a hook: everything that a hook needs has been made before it runs. */
export function valueOf<T>(value: pulumi.Input<T>): Promise<T> {
  return new Promise((resolve) => pulumi.output(value).apply((known) => resolve(known as T)));
}
