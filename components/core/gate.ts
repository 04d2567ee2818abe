import * as pulumi from "@pulumi/pulumi";

/**
 * A resource that exists only once its check has passed. The check runs while the resource is being created, and a check
 * that throws fails `up` with its message and leaves nothing recorded: the next `up` checks again. Once passed it stays, until
 * its key changes; a preview shows that as a replacement and does not run the check.
 *
 * Why not the provider's own `wait` or `attach`: the next `up` takes a failed one for done (provider-facts, section 1).
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
 * Fires on Ctrl-C: a hook that goes on waiting would hold up the engine's own ending. The engine tells the language host, and
 * that the program, by SIGINT; to be asked for when the program starts, so that it never ends in the middle of a hook.
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
