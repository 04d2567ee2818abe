import * as pulumi from "@pulumi/pulumi";

/**
 * A resource that exists only once its check has passed. The check runs while the resource is being created. One that throws fails
 * `up` with its message and leaves nothing recorded, so the next `up` checks again. Once it has passed, it is not run again until
 * the key changes; a preview shows that as a replacement and does not run the check.
 *
 * The provider's own `wait` and `attach` are no replacement: after one has failed, the next `up` takes it for done.
 *
 * @param key what was checked: ids, hashes and names, never a secret.
 * @param check throws to refuse; ends at once when the signal fires.
 */
export function gate(
  name: string,
  key: Record<string, pulumi.Input<unknown>>,
  check: (signal: AbortSignal, gate: pulumi.Resource) => Promise<void>,
  opts: pulumi.CustomResourceOptions,
): pulumi.Resource {
  const made: pulumi.Resource = new pulumi.Stash(
    name,
    { input: key },
    {
      ...opts,
      replaceOnChanges: ["input"],
      hooks: { beforeCreate: [new pulumi.ResourceHook(name, () => check(interrupted(), made))] },
    },
  );
  return made;
}

let controller: AbortController | undefined;

/**
 * Fires on Ctrl-C, when Pulumi sends the program SIGINT: a hook that went on waiting would delay Pulumi's own end. It has to be
 * asked for when the program starts, as a program without a listener would end in the middle of a hook.
 */
export function interrupted(): AbortSignal {
  if (!controller) {
    const fresh = new AbortController();
    controller = fresh;
    const end = () => fresh.abort(new Error("interrupted: run `up` again to go on from here"));
    for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.once(signal, end);
  }
  return controller.signal;
}
