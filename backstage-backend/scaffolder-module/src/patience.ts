import { isWorthAnotherTry, waitAskedFor } from './problems.ts';

const FIRST_WAIT_MS = 250;
const LONGEST_WAIT_MS = 15_000;

/** How often, and for how long, something is tried again that the backend cannot do at the moment. */
export class Patience {
  readonly #until: number;
  #tries = 0;

  constructor(forMs: number) {
    this.#until = Date.now() + forMs;
  }

  /**
   * The milliseconds to wait before the next try: as long as the backend asks for, and longer each time.
   *
   * @throws the error itself where no other try would help, or where it would come too late.
   */
  waitAfter(error: unknown): number {
    const usual = Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** this.#tries++);
    // Not all at once: a backend that comes back is asked by everybody.
    const wait = Math.max(waitAskedFor(error), usual * (0.5 + Math.random() / 2));
    if (!isWorthAnotherTry(error) || Date.now() + wait > this.#until) {
      throw error;
    }
    return wait;
  }
}
