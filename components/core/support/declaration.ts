import * as pulumi from "@pulumi/pulumi";

/**
 * What a program declares, from the making of its platform to the end of its function. All resources made meanwhile, whoever
 * makes them, are registered with the Pulumi engine once the function has ended well: a program that throws has registered
 * none, so nothing was touched and nothing stored.
 */
export class Declaration {
  /** Settles when the function has ended well. Never when it throws: what waits for it ends with the process, without a word. */
  readonly complete: Promise<void>;
  #complete: () => void;
  #phase: "before" | "during" | "after" = "before";
  readonly #checks: Promise<unknown>[] = [];

  constructor() {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.complete = promise;
    this.#complete = resolve;
    // There is none where mocks are in the place of the Pulumi engine.
    if (pulumi.runtime.getStackResource()) {
      pulumi.runtime.registerStackTransformation(({ props, opts }) => {
        const { dependsOn = [] } = opts;
        // What it waits for is recorded nowhere: that it did wait is all.
        return { props, opts: { ...opts, dependsOn: promise.then(() => dependsOn) as Promise<pulumi.Resource[]> } };
      });
    }
  }

  /** Runs the program's function, once. */
  async run<T>(program: () => T | Promise<T>): Promise<T> {
    if (this.#phase !== "before") throw new pulumi.RunError("platform.declare should be called once, got another call");
    this.#phase = "during";
    // Nothing is under way any more and the function goes on: it awaits what is made after its end.
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

  /** Something to be known before anything is registered: where it rejects, the program has failed. */
  check(known: Promise<unknown>): void {
    // It may be known before the program has ended.
    known.catch(() => {});
    this.#checks.push(known);
  }

  /** @throws RunError when the program's function does not run now: what is declared there would be in no ledger. */
  during(name: string): void {
    if (this.#phase === "during") return;
    throw new pulumi.RunError(`"${name}" should be declared in the function that platform.declare is given`);
  }
}
