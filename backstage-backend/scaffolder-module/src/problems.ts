import {
  AuthenticationError,
  ConflictError,
  InputError,
  NotAllowedError,
  NotFoundError,
  ServiceUnavailableError,
} from '@backstage/errors';
import type { ProblemDocument } from './wire.ts';

const LONGEST_PROBLEM = 256 * 1024;
const PASSING = new Set([429, 502, 503, 504]);

/** The backend cannot be reached, or has stopped in the middle. Another try may do. */
export class UnreachableError extends ServiceUnavailableError {
  constructor(message: string) {
    super(message);
    this.stack = String(this); // as in `errorFrom`
  }

  /** What Node knows of a failed fetch, in one sentence. */
  static from(what: string, error: unknown): Error {
    if (error instanceof Error && error.name === 'AbortError') {
      return error;
    }
    if (error instanceof Error && error.name === 'TimeoutError') {
      return new UnreachableError(`No answer in time from ${what}`);
    }
    const cause = error instanceof Error ? error.cause : undefined;
    const code = (cause as { code?: string } | undefined)?.code;
    const reason = code ?? (cause instanceof Error ? cause.message : 'no reason');
    return new UnreachableError(`Cannot reach ${what}: ${reason}`);
  }
}

/** The backend answers what it should not: its version does not fit this one. */
export class BrokenAnswerError extends Error {
  override name = 'BrokenAnswerError';

  constructor(what: string) {
    super(`The goldenpath backend and this module do not fit together: ${what}`);
  }
}

/** Errors after which another try may do, with the milliseconds to wait that were asked for. */
const waits = new WeakMap<Error, number>();

/** Whether the same call may work in a moment. */
export function isWorthAnotherTry(error: unknown): boolean {
  return error instanceof Error && (error instanceof UnreachableError || waits.has(error));
}

/** The milliseconds that the backend asks to wait. */
export function waitAskedFor(error: unknown): number {
  return error instanceof Error ? (waits.get(error) ?? 0) : 0;
}

/** The error in an HTTP answer that is not a good one. */
export async function errorOf(response: Response): Promise<Error> {
  const text = (await response.text().catch(() => '')).slice(0, LONGEST_PROBLEM);
  let problem: Partial<ProblemDocument> = {};
  try {
    problem = JSON.parse(text) ?? {};
  } catch {
    // a proxy's page, perhaps: the status says enough
  }
  const { status, statusText, headers } = response;
  const error = errorFrom({ ...problem, status, title: problem.title ?? statusText });
  const seconds = Number(headers.get('retry-after'));
  // A server that says that it is busy or away, the backend or a proxy before it: the run has not begun.
  if (seconds > 0 || (PASSING.has(status) && !waits.has(error))) {
    waits.set(error, (seconds || 0) * 1000);
  }
  return error;
}

/** The error that a problem is, as Backstage knows errors, with every field's problem on a line. */
export function errorFrom(problem: Partial<ProblemDocument>): Error {
  const error = errorOfKind(problem.status ?? 500, textOf(problem));
  // Backstage writes the stack into the task's log, where people look for what to do: it is the backend's words, and
  // where they were read in this module says nothing.
  error.stack = String(error);
  if (Number.isFinite(problem.retry_after)) {
    waits.set(error, problem.retry_after! * 1000);
  }
  return error;
}

function errorOfKind(status: number, message: string): Error {
  switch (status) {
    case 400:
    case 422:
      return new InputError(message);
    case 401:
      return new AuthenticationError(message);
    case 403:
      return new NotAllowedError(message);
    case 404:
      return new NotFoundError(message);
    case 409:
      return new ConflictError(message);
    case 429:
    case 502:
    case 503:
    case 504:
      return new ServiceUnavailableError(message);
    default:
      return new Error(message);
  }
}

/** What a person reads: in the task's log on lines, and in Backstage's banner without them. */
function textOf(problem: Partial<ProblemDocument>): string {
  const fields = Array.isArray(problem.problems) ? problem.problems : [];
  const lines = fields.map(
    ({ path, message, nearest }) =>
      `• ${path && `${path}: `}${message}${nearest ? `. Did you mean ${nearest}?` : ''}`,
  );
  const said = problem.detail ?? problem.title ?? 'no reason given';
  const head = lines.length > 0 ? `${problem.title ?? said}:` : said;
  const request = problem.instance?.replace(/^urn:goldenpath:request:/, '');
  // Last, for those who look it up in the backend's log.
  return [`goldenpath: ${head}`, ...lines, ...(request ? [`[request ${request}]`] : [])].join('\n');
}
