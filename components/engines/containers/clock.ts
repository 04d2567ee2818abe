/**
 * Converts times between the clocks of an engine's machine and of this one, which may be hours apart. All times in requests to an
 * engine and in its answers are by its own clock.
 */
export class Clock {
  readonly #aheadMs: number;

  /** @param aheadMs how far the engine's is ahead of this machine's; negative where it is behind. */
  constructor(aheadMs: number) {
    this.#aheadMs = aheadMs;
  }

  /** @returns this machine's time at the engine's `there`. */
  here(there: Date): Date {
    return new Date(there.getTime() - this.#aheadMs);
  }

  /** @returns the engine's time at this machine's `here`. */
  there(here: Date): Date {
    return new Date(here.getTime() + this.#aheadMs);
  }
}

/**
 * The engine's clock, by one of its answers. Where the two clocks may agree, they are taken to agree: so the duration of the
 * answer makes no difference.
 *
 * @param reported the time in the answer, in ms since 1970; NaN where it has none.
 * @param asked this machine's time before the request, in ms.
 * @param answered this machine's time after the answer, in ms.
 */
export function clockOf(reported: number, asked: number, answered: number): Clock {
  const apart = reported < asked || reported > answered;
  return new Clock(apart ? Math.round(reported - (asked + answered) / 2) : 0);
}
