import * as pulumi from "@pulumi/pulumi";

/**
 * Everything that a program declares, from its platform to the end of its function. Resources that are made meanwhile are registered
 * with the Pulumi engine only once the function has succeeded: a program that throws has registered none, so nothing was touched
 * or stored.
 */
export class Declaration {
  /** Settles once the function has succeeded. If it throws, this never settles: whatever waits for it ends with the process. */
  readonly complete: Promise<void>;
  #complete: () => void;
  #phase: "before" | "during" | "after" = "before";
  readonly #checks: Promise<unknown>[] = [];

  constructor() {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.complete = promise;
    this.#complete = resolve;
    // Under mocks of the Pulumi engine there is none.
    if (pulumi.runtime.getStackResource()) {
      pulumi.runtime.registerStackTransformation(({ props, opts }) => {
        const { dependsOn = [] } = opts;
        // The wait is not recorded as a dependency.
        return { props, opts: { ...opts, dependsOn: promise.then(() => dependsOn) as Promise<pulumi.Resource[]> } };
      });
    }
  }

  /** Runs the program's function, once. */
  async run<T>(program: () => T | Promise<T>): Promise<T> {
    if (this.#phase !== "before") throw new pulumi.RunError("platform.declare should be called once, got another call");
    this.#phase = "during";
    // The event loop is empty and the function has not ended: it awaits something that is made after its end.
    const stuck = () => {
      throw new pulumi.RunError(
        "The function that platform.declare was given does not end: it awaits something that `up` makes, which is made once " +
          "it has ended. Use .apply there, or await it after platform.declare.",
      );
    };
    process.once("beforeExit", stuck);
    try {
      const result = await program();
      await Promise.all(this.#checks);
      this.#phase = "after";
      this.#complete();
      return result;
    } finally {
      process.off("beforeExit", stuck);
    }
  }

  /** Adds a check that has to pass before anything is registered: if it rejects, the program has failed. */
  check(known: Promise<unknown>): void {
    // It may reject before the program has ended.
    known.catch(() => {});
    this.#checks.push(known);
  }

  /** @throws RunError unless the program's function is running: what is declared at another time would be in no ledger. */
  during(name: string): void {
    if (this.#phase === "during") return;
    throw new pulumi.RunError(`"${name}" should be declared in the function that platform.declare is given`);
  }
}
