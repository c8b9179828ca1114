/** A real Backstage, a real `goldenpath serve` and a real fleet repository, for tests from end to end. */

import { execFile } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { Process, freePort, newFolder, removeFolder, until } from './process.ts';
import { RealBackstage } from './realBackstage.ts';

const run = promisify(execFile);
const ROOT = resolve(import.meta.dirname, '../../..');
const GOLDENPATH = process.env.GOLDENPATH ?? join(ROOT, '.venv/bin/goldenpath');
const ADA = 'Ada <ada@northwind.example>';

/** The sample requests, and the fleet that they are for. */
export const REQUESTS = join(ROOT, 'tests/requests');

export interface StackOptions {
  /** Which of the sample requests are tenants already. */
  tenants?: string[];
  /** Settings of the goldenpath backend, beside where it is and whom it serves. */
  settings?: Record<string, unknown>;
  /** The environment of the goldenpath backend, beside what every process needs. */
  environment?: Record<string, string>;
  /** The environment of Backstage: `APP_CONFIG_a_b` sets the field `a.b` of its configuration. */
  backstage?: Record<string, string>;
  /** The repository's address, where it is not a folder that is made here; `work` is a folder for what it needs. */
  repository?: (work: string) => Promise<string> | string;
  /** Templates for the catalog, beside the generated ones; `fetch:plain` reads folders of `stack.work`. */
  templates?: object[];
}

/** A commit, as Git tells it. */
export interface Commit {
  id: string;
  author: string;
  subject: string;
  trailers: string[];
}

/** Everything, started; `await using` ends it. */
export class Stack {
  readonly fleet: FleetRepository;
  readonly goldenpath: RealGoldenpath;
  readonly backstage: RealBackstage;
  readonly work: string;

  private constructor(work: string, fleet: FleetRepository, goldenpath: RealGoldenpath, backstage: RealBackstage) {
    this.work = work;
    this.fleet = fleet;
    this.goldenpath = goldenpath;
    this.backstage = backstage;
  }

  static async start(options: StackOptions = {}): Promise<Stack> {
    const work = newFolder('stack');
    const ports = [await freePort(), await freePort()] as const;
    let goldenpath: RealGoldenpath | undefined;
    let backstage: RealBackstage | undefined;
    try {
      const fleet = new FleetRepository(work, (await options.repository?.(work)) ?? join(work, 'fleet.git'));
      await fleet.fill(options.tenants ?? ['edge-retail', 'sandbox', 'speech', 'vision'], options.environment);
      goldenpath = new RealGoldenpath(work, ports[0], {
        environment: options.environment ?? {},
        settings: {
          repository: fleet.address,
          database: `sqlite:///${work}/ledger.db`,
          backstage: { url: `http://127.0.0.1:${ports[1]}`, catalog_url: `http://localhost:${ports[1]}` },
          admins: ['group:default/platform-team'],
          ...options.settings,
        },
      });
      await goldenpath.boot();
      const locations = addTemplates(work, options.templates ?? []);
      backstage = await RealBackstage.start(goldenpath.url, { ...locations, ...options.backstage }, ports[1]);
      const stack = new Stack(work, fleet, goldenpath, backstage);
      await Promise.all(
        ['tenant-v1', 'tenant-v1-edit', ...(options.templates ?? []).map((each: any) => each.metadata.name)].map(name =>
          stack.hasEntity(`template:default/${name}`),
        ),
      );
      return stack;
    } catch (error) {
      await backstage?.[Symbol.asyncDispose]();
      await goldenpath?.stop('SIGKILL');
      removeFolder(work);
      throw error;
    }
  }

  /** An entity of the catalog; undefined where it has none of that name. */
  async entity(ref: string): Promise<any> {
    const { status, data } = await this.backstage.call(
      'GET',
      `/api/catalog/entities/by-name/${ref.replace(':', '/')}`,
    );
    return status === 200 ? data : undefined;
  }

  /** Waits until the catalog has an entity: it asks the backend every few seconds. */
  async hasEntity(ref: string): Promise<any> {
    await this.backstage.until(`${ref} is in the catalog`, async () => await this.entity(ref));
    return await this.entity(ref);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.backstage[Symbol.asyncDispose]();
    await this.goldenpath.stop('SIGKILL');
    removeFolder(this.work);
  }
}

/** `goldenpath serve`, as a process of its own. */
export class RealGoldenpath {
  readonly url: string;
  readonly #work: string;
  readonly #port: number;
  readonly #environment: Record<string, string>;
  readonly #settings: Record<string, unknown>;
  #process?: Process;
  #logBefore = '';

  constructor(
    work: string,
    port: number,
    given: { settings: Record<string, unknown>; environment: Record<string, string> },
  ) {
    this.url = `http://127.0.0.1:${port}`;
    this.#work = work;
    this.#port = port;
    this.#environment = given.environment;
    this.#settings = given.settings;
  }

  /** Everything that it has said, before a restart too. */
  get log(): string {
    return this.#logBefore + (this.#process?.log ?? '');
  }

  /** The entries of its log, of one logger: `access`, `audit`, or all. */
  entries(logger = ''): Record<string, any>[] {
    return this.log
      .split('\n')
      .filter(line => line.startsWith('{') && line.endsWith('}'))
      .map(line => JSON.parse(line))
      .filter(entry => entry.logger.endsWith(logger));
  }

  /** Starts the process, on the state that is there, and waits until it is ready. */
  async boot(settings: Record<string, unknown> = {}): Promise<void> {
    this.#logBefore = this.log;
    const file = join(this.#work, 'settings.yaml');
    writeFileSync(file, JSON.stringify({ ...this.#settings, port: this.#port, ...settings }));
    this.#process = new Process('goldenpath', [GOLDENPATH, 'serve', '--config', file], {
      env: { ...environment(this.#work), ...this.#environment },
    });
    await this.#process.isReady(`${this.url}/readyz`);
  }

  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
    await this.#process?.stop(signal);
  }

  /** Waits until one of its metrics has a value. */
  async counts(metric: string, value: number): Promise<void> {
    await until(`${metric} is ${value}`, async () => {
      const lines = (await (await fetch(`${this.url}/metrics`)).text()).split('\n');
      return Number(lines.find(line => line.startsWith(`${metric} `))?.split(' ').at(-1)) === value;
    });
  }

  /** Waits until its log has an entry. */
  async says(what: string, matches: (entry: Record<string, any>) => boolean): Promise<Record<string, any>> {
    let found: Record<string, any> | undefined;
    await until(what, async () => {
      found = this.entries().find(matches);
      return found;
    }).catch(error => {
      throw new Error(`${error}:\n${this.log.slice(-5000)}`, { cause: error });
    });
    return found!;
  }
}

/** A fleet repository, made by the command line and read with Git. */
export class FleetRepository {
  readonly address: string;
  readonly #work: string;

  constructor(work: string, address: string) {
    this.#work = work;
    this.address = address;
  }

  /** The sample fleet, and sample requests as its tenants. */
  async fill(tenants: string[], more: Record<string, string> = {}): Promise<void> {
    const bare = this.address.includes('://') ? [] : ['--bare'];
    await this.goldenpath(
      ['fleet', 'init', this.address, ...bare, '--fleet', join(REQUESTS, 'goldenpath.yaml'), '--author', ADA],
      more,
    );
    if (tenants.length > 0) {
      const files = tenants.map(name => join(REQUESTS, `${name}.yaml`));
      await this.goldenpath(['publish', ...files, '--repo', this.address, '--author', ADA], more);
    }
  }

  /** The command line, as somebody uses it beside Backstage. */
  async goldenpath(args: string[], more: Record<string, string> = {}): Promise<string> {
    const env = { ...environment(this.#work), ...more };
    const { stdout } = await run(GOLDENPATH, args, { env, maxBuffer: 64 * 1024 * 1024 });
    return stdout;
  }

  /** Git's answer, on the repository: one that is on this disk. */
  async git(...args: string[]): Promise<string> {
    const folder = this.address.replace(/^file:\/\//, '');
    const { stdout } = await run('git', [`--git-dir=${folder}`, ...args], {
      env: environment(this.#work),
      maxBuffer: 64 * 1024 * 1024,
    });
    return stdout;
  }

  /** The files of a branch or commit: Git's id of each, by path. */
  async tree(ref = 'main', under = ''): Promise<Map<string, string>> {
    const listed = await this.git('ls-tree', '-rz', ref, ...(under ? ['--', under] : []));
    return new Map(
      listed
        .split('\0')
        .filter(Boolean)
        .map(line => {
          const [head, path] = line.split('\t') as [string, string];
          return [path, head.split(' ')[2]!];
        }),
    );
  }

  /** A file's text, on a branch or in a commit. */
  async file(path: string, ref = 'main'): Promise<string> {
    return await this.git('show', `${ref}:${path}`);
  }

  /** The commits of a branch, newest first; or those about some paths. */
  async commits(ref = 'main', ...paths: string[]): Promise<Commit[]> {
    const format = '--format=%H%x1f%an <%ae>%x1f%s%x1f%(trailers:only,unfold)%x1e';
    const told = await this.git('log', format, ref, '--', ...paths);
    return told
      .split('\x1e')
      .map(text => text.trim())
      .filter(Boolean)
      .map(text => {
        const [id, author, subject, trailers] = text.split('\x1f') as [string, string, string, string?];
        return { id, author, subject, trailers: (trailers ?? '').trim().split('\n').filter(Boolean) };
      });
  }

  async branches(): Promise<string[]> {
    return (await this.git('for-each-ref', '--format=%(refname:short)', 'refs/heads')).trim().split('\n');
  }
}

/** The catalog's locations with templates of a test's own. */
function addTemplates(work: string, templates: object[]): Record<string, string> {
  const file = join(work, 'templates.yaml');
  writeFileSync(file, templates.map(template => JSON.stringify(template)).join('\n---\n'));
  const locations = [
    { type: 'file', target: 'catalog/people.yaml' },
    { type: 'file', target: file, rules: [{ allow: ['Template'] }] },
  ];
  return { APP_CONFIG_catalog_locations: JSON.stringify(locations) };
}

/** What a process gets of this one's environment: nothing of the person who runs the tests. */
function environment(work: string): NodeJS.ProcessEnv {
  return {
    PATH: process.env.PATH,
    HOME: work,
    GIT_CONFIG_NOSYSTEM: '1',
    LANG: 'C.UTF-8',
  };
}

/** A sample request, as text. */
export function request(name: string): string {
  return readFileSync(join(REQUESTS, `${name}.yaml`), 'utf-8');
}
