import { once } from "node:events";
import { Worker } from "node:worker_threads";
import type { Told } from "./sender.ts";
import type { Seen } from "./tally.ts";

/** A steady load on a port of this machine, until it is ended. */
export class Load {
  readonly #sender: Worker;

  constructor(told: Told) {
    this.#sender = new Worker(new URL("sender.ts", import.meta.url), { workerData: told });
  }

  /** What was seen since this was asked last; the load goes on. */
  next(): Promise<Seen> {
    return this.#ask("next");
  }

  /** The same, and ends the load. */
  end(): Promise<Seen> {
    return this.#ask("end");
  }

  async #ask(what: "next" | "end"): Promise<Seen> {
    const answered = once(this.#sender, "message");
    this.#sender.postMessage(what);
    const [seen] = (await answered) as [Seen];
    return seen;
  }
}
