import type {
  AuthService,
  BackstageCredentials,
} from '@backstage/backend-plugin-api';
import { createHash } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  BrokenAnswerError,
  UnreachableError,
  errorFrom,
  errorOf,
} from './problems.ts';
import type { Options } from './options.ts';
import { RetryPolicy } from './retryPolicy.ts';
import type {
  ActionList,
  EntityList,
  ErrorEvent,
  RunEvent,
  RunRequest,
} from './wire.ts';

const MAX_LINE_CHARS = 64 * 1024 * 1024;
const CALL_TIMEOUT_MS = 10_000;
const ENTITIES_RETRY_MS = 15_000;

/** The events of a run, except for its failure, which is thrown. */
export type RunProgress = Exclude<RunEvent, ErrorEvent>;

/** The answer to a conditional request. */
export interface Fetched<T> {
  etag?: string;
  /** Missing if the value has not changed. */
  value?: T;
}

/** The goldenpath backend, over HTTP. */
export class GoldenpathClient {
  readonly #options: Options;
  readonly #auth: AuthService;

  constructor(options: Options, auth: AuthService) {
    this.#options = options;
    this.#auth = auth;
  }

  get baseUrl(): string {
    return this.#options.baseUrl;
  }

  /** Fetches the definitions of all actions. The call sends no token, since Backstage has none while it starts. */
  async actions(): Promise<ActionList> {
    const fetched = await this.#get<ActionList>('/v1/actions', {});
    if (!Array.isArray(fetched.value?.actions)) {
      throw new BrokenAnswerError('the answer holds no list of actions');
    }
    return fetched.value;
  }

  /** Fetches the entities of templates, or of tenants and workloads, unless they have not changed since `etag`. */
  async entities(
    kind: 'templates' | 'catalog',
    etag?: string,
    signal?: AbortSignal,
  ): Promise<Fetched<EntityList>> {
    const retries = new RetryPolicy(
      Math.min(this.#options.retryForMs, ENTITIES_RETRY_MS),
    );
    for (;;) {
      try {
        const credentials = await this.#auth.getOwnServiceCredentials();
        const fetched = await this.#get<EntityList>(`/v1/${kind}`, {
          authorization: await this.#authorization(credentials),
          ...(etag && { 'if-none-match': etag }),
        });
        if (fetched.value && !Array.isArray(fetched.value.entities)) {
          throw new BrokenAnswerError(`the answer holds no list of entities for ${kind}`);
        }
        return fetched;
      } catch (error) {
        signal?.throwIfAborted();
        await sleep(retries.waitAfter(error), undefined, { signal });
      }
    }
  }

  /**
   * Runs an action, and yields its events.
   *
   * A run that is cut off, or fails for a temporary reason, is requested again with the same idempotency key, so the
   * action runs once.
   */
  async *run(
    action: string,
    request: RunRequest,
    credentials: BackstageCredentials,
    signal?: AbortSignal,
  ): AsyncGenerator<RunProgress> {
    const retries = new RetryPolicy(this.#options.retryForMs);
    for (;;) {
      try {
        yield* this.#runOnce(action, request, credentials, signal);
        return;
      } catch (error) {
        signal?.throwIfAborted();
        const wait = retries.waitAfter(error);
        const message = `${(error as Error).message}; retrying in ${Math.ceil(wait / 1000)} s`;
        yield { type: 'log', level: 'warn', message };
        await sleep(wait, undefined, { signal });
      }
    }
  }

  async *#runOnce(
    action: string,
    request: RunRequest,
    credentials: BackstageCredentials,
    signal?: AbortSignal,
  ): AsyncGenerator<RunProgress> {
    const response = await this.#fetch(
      `/v1/actions/${encodeURIComponent(action)}/runs`,
      {
        method: 'POST',
        headers: {
          accept: 'application/x-ndjson',
          authorization: await this.#authorization(credentials),
          'content-type': 'application/json',
          'idempotency-key': keyOf(action, request),
        },
        body: JSON.stringify(request),
        signal: signal ?? null,
      },
    );
    if (!response.ok || !response.body) {
      throw await errorOf(response);
    }
    for await (const line of linesOf(response.body)) {
      const event = eventOf(line);
      if (event.type === 'error') {
        throw errorFrom(event.problem);
      }
      yield event;
      if (event.type === 'done') {
        return;
      }
    }
    throw new UnreachableError('the backend closed the connection during the run');
  }

  async #get<T>(
    path: string,
    headers: Record<string, string>,
  ): Promise<Fetched<T>> {
    const response = await this.#fetch(path, {
      headers: { accept: 'application/json', ...headers },
      signal: AbortSignal.timeout(CALL_TIMEOUT_MS),
    });
    if (response.status === 304) {
      return { etag: headers['if-none-match'] };
    }
    if (!response.ok) {
      throw await errorOf(response);
    }
    try {
      const value = (await response.json()) as T;
      return { etag: response.headers.get('etag') ?? undefined, value };
    } catch {
      throw new BrokenAnswerError(`the answer to ${path} is not JSON`);
    }
  }

  async #fetch(path: string, init: RequestInit): Promise<Response> {
    const url = `${this.#options.baseUrl}${path}`;
    try {
      // A redirect would send the token to another address.
      return await fetch(url, { ...init, redirect: 'error' });
    } catch (error) {
      throw UnreachableError.from(`the goldenpath backend at ${this.baseUrl}`, error);
    }
  }

  /** Returns a token that names the user, and is valid only for this backend and for an hour. */
  async #authorization(credentials: BackstageCredentials): Promise<string> {
    const { token } = await this.#auth.getPluginRequestToken({
      onBehalfOf: credentials,
      targetPluginId: this.#options.pluginId,
    });
    return `Bearer ${token}`;
  }
}

/** Returns the idempotency key, which is the same only for the same step of the same task with the same input. */
function keyOf(action: string, request: RunRequest): string {
  const what = [
    action,
    request.taskId,
    request.stepId,
    request.dryRun,
    request.input,
  ];
  return createHash('sha256').update(canonical(what)).digest('hex');
}

function canonical(value: unknown): string {
  return JSON.stringify(value, (_, item) =>
    item && typeof item === 'object' && !Array.isArray(item)
      ? Object.fromEntries(
          Object.entries(item).sort(([a], [b]) => (a < b ? -1 : 1)),
        )
      : item,
  );
}

async function* linesOf(
  body: ReadableStream<Uint8Array>,
): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  let rest = '';
  try {
    for await (const chunk of body) {
      rest += decoder.decode(chunk, { stream: true });
      for (let end = rest.indexOf('\n'); end >= 0; end = rest.indexOf('\n')) {
        const line = rest.slice(0, end).trim();
        rest = rest.slice(end + 1);
        if (line) {
          yield line;
        }
      }
      if (rest.length > MAX_LINE_CHARS) {
        throw new BrokenAnswerError('a line of the answer is too long');
      }
    }
  } catch (error) {
    throw error instanceof BrokenAnswerError
      ? error
      : UnreachableError.from('the run', error);
  }
  // A last line without a line feed was cut off, so it is ignored.
}

function eventOf(line: string): RunEvent {
  try {
    const event = JSON.parse(line);
    if (typeof event?.type === 'string') {
      return event;
    }
  } catch {
    // the error below covers both cases
  }
  throw new BrokenAnswerError('a line of the answer is not an event');
}
