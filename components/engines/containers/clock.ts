/**
 * The clock of an engine's machine beside this one's, which may be hours away from it. What an engine says of its containers,
 * images and volumes, and what it is asked for by time, goes by its own: before such a time meets one of this machine's, one
 * of the two is taken to the other clock here.
 */
export class Clock {
  readonly #aheadMs: number;

  /** @param aheadMs of this machine's; behind it where negative. */
  constructor(aheadMs: number) {
    this.#aheadMs = aheadMs;
  }

  /** What this machine's shows when the engine's shows `there`. */
  here(there: Date): Date {
    return new Date(there.getTime() - this.#aheadMs);
  }

  /** What the engine's shows when this machine's shows `here`. */
  there(here: Date): Date {
    return new Date(here.getTime() + this.#aheadMs);
  }
}

/**
 * What an engine's answer tells of its clock. Where the two may be the same they are: then no time is off by what the answer took.
 *
 * @param said the time in the answer, in ms since 1970; NaN where it has none.
 * @param asked this machine's time before it, in the same.
 * @param answered and after it.
 */
export function clockOf(said: number, asked: number, answered: number): Clock {
  const apart = said < asked || said > answered;
  return new Clock(apart ? Math.round(said - (asked + answered) / 2) : 0);
}
