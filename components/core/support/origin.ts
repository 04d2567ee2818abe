import * as pulumi from "@pulumi/pulumi";

// What a value was made from. The SDK keeps it with every output, but has no public way to read it.

/** An origin of every secret of a connection, and so of whatever is made from one. */
export const SECRET: object = {};

/** Everything that a value was made from: resources, and whatever `madeOf` has added. */
export const originsOf = (value: unknown): object[] =>
  pulumi.Output.isInstance(value) ? [...(value as unknown as { resources(): Set<object> }).resources()] : [];

/**
 * A value that was made from something other than a resource, as is everything made from it in turn. The SDK waits for resources
 * only.
 */
export function madeOf<T>(value: T, origin: object): pulumi.Output<T> {
  const Made = pulumi.Output as unknown as new (
    origins: Set<object>,
    value: Promise<T>,
    known: Promise<boolean>,
    secret: Promise<boolean>,
    all: Promise<Set<object>>,
  ) => pulumi.Output<T>;
  const origins = new Set([origin]);
  return new Made(
    origins,
    Promise.resolve(value),
    Promise.resolve(true),
    Promise.resolve(false),
    Promise.resolve(origins),
  );
}

/** Whether a value is secret, as far as that is known before any resource is made: then also of what was made public of one. */
export async function secretSoFar(value: pulumi.Output<unknown>): Promise<boolean> {
  const origins = originsOf(value);
  return origins.length === 0 ? pulumi.isSecret(value) : origins.includes(SECRET);
}
