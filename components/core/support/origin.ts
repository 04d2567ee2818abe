import * as pulumi from "@pulumi/pulumi";

// What a value has been made of, which the SDK keeps with every output and has no public word for.

/** All that a value has been made of: resources, and whatever `madeOf` has named. */
export const originsOf = (value: unknown): object[] =>
  pulumi.Output.isInstance(value) ? [...(value as unknown as { resources(): Set<object> }).resources()] : [];

/**
 * A value that is made of something which is no resource, as is all that is made of it in turn. For the SDK, what is no resource
 * is nothing to wait for.
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
