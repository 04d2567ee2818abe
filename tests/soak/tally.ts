/** What was seen of the requests of a stretch of time. */
export interface Seen {
  requests: number;
  /** How many have failed, by what went wrong. */
  failures: Record<string, number>;
  /** Half of the requests took no longer, in ms. */
  p50: number;
  /** 99 in 100 took no longer, in ms. */
  p99: number;
}

/** Counts requests, and keeps how long each took. */
export class Tally {
  readonly #took: number[] = [];
  readonly #failures: Record<string, number> = {};

  /** @param failure what went wrong. @default - nothing */
  add(tookMs: number, failure?: string): void {
    this.#took.push(tookMs);
    if (failure !== undefined) this.#failures[failure] = (this.#failures[failure] ?? 0) + 1;
  }

  get seen(): Seen {
    const took = this.#took.toSorted((a, b) => a - b);
    const below = (share: number) => took[Math.max(0, Math.ceil(took.length * share) - 1)] ?? Number.NaN;
    return { requests: took.length, failures: this.#failures, p50: below(0.5), p99: below(0.99) };
  }
}

export const failed = ({ failures }: Seen): number => Object.values(failures).reduce((sum, each) => sum + each, 0);
