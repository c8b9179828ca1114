import { writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import { Process, freePort, newFolder, removeFolder, until } from './process.ts';

const DEMO = resolve(import.meta.dirname, '..');

/** An event of a task. */
interface TaskEvent {
  type: 'log' | 'completion' | 'cancelled' | 'recovered';
  body: { message?: string; stepId?: string; output?: any; error?: any };
}

/** A task that has ended: `log` is what a person reads, without its colours. */
export interface Ended {
  status: string;
  log: string;
  output: any;
  error: any;
}

/** The demo's Backstage as a process of its own, spoken to over its REST API. */
export class RealBackstage {
  readonly url: string;
  readonly work = newFolder('backstage');
  readonly #environment: Record<string, string>;
  #process?: Process;
  #logBefore = '';
  #token = '';

  private constructor(port: number, goldenpath: string, environment: Record<string, string>) {
    this.url = `http://127.0.0.1:${port}`;
    this.#environment = {
      BACKSTAGE_PORT: String(port),
      BACKSTAGE_WORK: this.work,
      GOLDENPATH_URL: goldenpath,
      NODE_ENV: 'development', // a guest may come in
      DEMO_DENY: join(this.work, 'denied'),
      // What each start would do again.
      NODE_COMPILE_CACHE: join(DEMO, '../node_modules/.cache/node'),
      APP_CONFIG_app_disableStaticFallbackCache: 'true',
      ...environment,
    };
  }

  /**
   * One that is ready, on a port of its own.
   *
   * `environment` is added to the process's: `APP_CONFIG_a_b` sets the field `a.b` of its configuration.
   */
  static async start(
    goldenpath: string,
    environment: Record<string, string> = {},
    port?: number,
  ): Promise<RealBackstage> {
    const backstage = new RealBackstage(port ?? (await freePort()), goldenpath, environment);
    try {
      await backstage.boot();
    } catch (error) {
      await backstage[Symbol.asyncDispose]();
      throw error;
    }
    return backstage;
  }

  /** Everything that it has said, before a restart too. */
  get log(): string {
    return this.#logBefore + (this.#process?.log ?? '');
  }

  /** Starts the process, on the state that is there, and waits until it is ready. */
  async boot(environment: Record<string, string> = {}): Promise<void> {
    this.#logBefore = this.log;
    this.#process = new Process(
      'Backstage',
      [process.execPath, 'backend/src/index.ts', '--config', 'app-config.yaml'],
      { cwd: DEMO, env: { PATH: process.env.PATH, HOME: this.work, ...this.#environment, ...environment } },
    );
    await this.#process.isReady(`${this.url}/.backstage/health/v1/readiness`);
    const guest = await fetch(`${this.url}/api/auth/guest/refresh`, { method: 'POST' });
    this.#token = ((await guest.json()) as any).backstageIdentity.token;
  }

  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
    await this.#process?.stop(signal);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop('SIGKILL');
    removeFolder(this.work);
  }

  /** Takes permissions from everybody, until it is called again. */
  deny(...permissions: string[]): void {
    writeFileSync(join(this.work, 'denied'), permissions.join('\n'));
  }

  /** A call as the guest: its status and JSON. */
  async call(method: string, path: string, body?: unknown): Promise<{ status: number; data: any }> {
    const response = await fetch(`${this.url}${path}`, {
      method,
      headers: { authorization: `Bearer ${this.#token}`, 'content-type': 'application/json' },
      body: body === undefined ? null : JSON.stringify(body),
    });
    const text = await response.text();
    return { status: response.status, data: text.startsWith('{') || text.startsWith('[') ? JSON.parse(text) : text };
  }

  async task(templateRef: string, values: object): Promise<string> {
    const { status, data } = await this.call('POST', '/api/scaffolder/v2/tasks', { templateRef, values });
    if (status !== 201) {
      throw new Error(`no task: ${status} ${JSON.stringify(data)}`);
    }
    return data.id;
  }

  /** A task once it has ended, however it has. */
  async ended(task: string): Promise<Ended> {
    let status = '';
    await this.until('the task has ended', async () => {
      const { data } = await this.call('GET', `/api/scaffolder/v2/tasks/${task}`);
      status = data.status;
      return !['open', 'processing'].includes(status);
    });
    const { data } = await this.call('GET', `/api/scaffolder/v2/tasks/${task}/events?after=-1`);
    const events: TaskEvent[] = data;
    const completion = events.find(event => event.type === 'completion')?.body;
    return {
      status,
      log: events.map(event => stripVTControlCharacters(event.body.message ?? '')).join('\n'),
      output: completion?.output,
      error: completion?.error,
    };
  }

  /** What a task tells over its event stream, as it comes. */
  async eventStream(task: string): Promise<{ text: string; ended: Promise<void> }> {
    const answer = await fetch(`${this.url}/api/scaffolder/v2/tasks/${task}/eventstream`, {
      headers: { authorization: `Bearer ${this.#token}` },
    });
    const stream = { text: '', ended: Promise.resolve() };
    const decoder = new TextDecoder();
    stream.ended = (async () => {
      for await (const chunk of answer.body!) {
        stream.text += decoder.decode(chunk, { stream: true });
      }
    })();
    return stream;
  }

  async until(what: string, condition: () => Promise<unknown>, seconds?: number): Promise<void> {
    try {
      await until(what, condition, seconds);
    } catch (error) {
      throw new Error(`${error}:\n${this.log.replace(/.*incomingRequest.*\n/g, '').slice(-5000)}`, { cause: error });
    }
  }
}
