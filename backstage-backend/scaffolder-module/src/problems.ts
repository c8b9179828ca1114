import {
  AuthenticationError,
  ConflictError,
  InputError,
  NotAllowedError,
  NotFoundError,
  ServiceUnavailableError,
} from '@backstage/errors';
import type { ProblemDocument } from './wire.ts';

const MAX_PROBLEM_CHARS = 256 * 1024;
const TEMPORARY = new Set([429, 502, 503, 504]);

/** The backend cannot be reached, or closed the connection during an answer. A retry may succeed. */
export class UnreachableError extends ServiceUnavailableError {
  constructor(message: string) {
    super(message);
    this.stack = String(this); // as in `errorFrom`
  }

  /** Converts Node's error of a failed fetch to one sentence. */
  static from(what: string, error: unknown): Error {
    if (error instanceof Error && error.name === 'AbortError') {
      return error;
    }
    if (error instanceof Error && error.name === 'TimeoutError') {
      return new UnreachableError(`Timed out waiting for ${what}`);
    }
    const cause = error instanceof Error ? error.cause : undefined;
    const code = (cause as { code?: string } | undefined)?.code;
    const reason = code ?? (cause instanceof Error ? cause.message : 'unknown reason');
    return new UnreachableError(`Cannot reach ${what}: ${reason}`);
  }
}

/** The backend's answer has an unexpected form, since its version does not match the module's. */
export class BrokenAnswerError extends Error {
  override name = 'BrokenAnswerError';

  constructor(what: string) {
    super(`The goldenpath backend and this module have incompatible versions: ${what}`);
  }
}

/** Retryable errors, with the milliseconds that the backend asks to wait. */
const waits = new WeakMap<Error, number>();

/** Whether the same call may succeed later. */
export function isRetryable(error: unknown): boolean {
  return error instanceof Error && (error instanceof UnreachableError || waits.has(error));
}

/** Returns the milliseconds that the backend asks to wait. */
export function requestedWait(error: unknown): number {
  return error instanceof Error ? (waits.get(error) ?? 0) : 0;
}

/** Returns the error for an HTTP answer without success. */
export async function errorOf(response: Response): Promise<Error> {
  const text = (await response.text().catch(() => '')).slice(0, MAX_PROBLEM_CHARS);
  let problem: Partial<ProblemDocument> = {};
  try {
    problem = JSON.parse(text) ?? {};
  } catch {
    // perhaps a proxy's page; the status is enough
  }
  const { status, statusText, headers } = response;
  const error = errorFrom({ ...problem, status, title: problem.title ?? statusText });
  const seconds = Number(headers.get('retry-after'));
  // The backend or a proxy is busy or down, so the run has not begun.
  if (seconds > 0 || (TEMPORARY.has(status) && !waits.has(error))) {
    waits.set(error, (seconds || 0) * 1000);
  }
  return error;
}

/** Converts a problem document to Backstage's error, with one line for each field. */
export function errorFrom(problem: Partial<ProblemDocument>): Error {
  const error = errorOfKind(problem.status ?? 500, textOf(problem));
  // Backstage writes the stack into the task's log, where people look for the fix. So the stack holds the backend's
  // message, instead of lines of this module.
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

/** Returns the text for people: several lines in the task's log, which Backstage's banner joins. */
function textOf(problem: Partial<ProblemDocument>): string {
  const fields = Array.isArray(problem.problems) ? problem.problems : [];
  const lines = fields.map(
    ({ path, message, nearest }) =>
      `• ${path && `${path}: `}${message}${nearest ? `. Did you mean ${nearest}?` : ''}`,
  );
  const detail = problem.detail ?? problem.title ?? 'no reason given';
  const head = lines.length > 0 ? `${problem.title ?? detail}:` : detail;
  const request = problem.instance?.replace(/^urn:goldenpath:request:/, '');
  // The request's id comes last, for a search in the backend's log.
  return [`goldenpath: ${head}`, ...lines, ...(request ? [`[request ${request}]`] : [])].join('\n');
}
