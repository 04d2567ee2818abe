import type { FastifyBaseLogger } from "fastify";
import { describe } from "./errors.ts";

/** Logs when something fails and when it works again: once each, not at every attempt in between. */
export class Outage {
  readonly #name: string;
  readonly #consequence: string;
  readonly #logger: FastifyBaseLogger;
  #failing = false;

  constructor(name: string, consequence: string, logger: FastifyBaseLogger) {
    this.#name = name;
    this.#consequence = consequence;
    this.#logger = logger;
  }

  failed(error: unknown): void {
    if (!this.#failing) this.#logger.warn({ reason: describe(error) }, `${this.#name} failed, ${this.#consequence}`);
    this.#failing = true;
  }

  worked(): void {
    if (this.#failing) this.#logger.info(`${this.#name} works again`);
    this.#failing = false;
  }
}
