import { isRetryable, requestedWait } from './problems.ts';

const FIRST_WAIT_MS = 250;
const MAX_WAIT_MS = 15_000;

/** Decides whether and when a call is retried after a temporary failure of the backend. */
export class RetryPolicy {
  readonly #until: number;
  #tries = 0;

  constructor(forMs: number) {
    this.#until = Date.now() + forMs;
  }

  /**
   * Returns the milliseconds to wait before the next try: at least what the backend asks for, and longer each time.
   *
   * @throws the error itself if a retry does not help, or would come too late.
   */
  waitAfter(error: unknown): number {
    const usual = Math.min(MAX_WAIT_MS, FIRST_WAIT_MS * 2 ** this.#tries++);
    // Jitter, so that all clients do not retry together when the backend is back.
    const wait = Math.max(requestedWait(error), usual * (0.5 + Math.random() / 2));
    if (!isRetryable(error) || Date.now() + wait > this.#until) {
      throw error;
    }
    return wait;
  }
}
