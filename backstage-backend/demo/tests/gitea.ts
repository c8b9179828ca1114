import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { userInfo } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { Process, freePort, newFolder, removeFolder } from './process.ts';

const run = promisify(execFile);

/** A real Gitea on loopback, with an empty repository for a fleet in it. */
export class RealGitea {
  /** Why there is none; empty where there is one. How to build one is in `tests/forges/test_gitea_for_real.py`. */
  static readonly missing = process.env.GOLDENPATH_TEST_GITEA
    ? ''
    : 'no Gitea: set GOLDENPATH_TEST_GITEA to its binary';

  readonly url: string;
  readonly token: string;
  readonly #work: string;
  readonly #process: Process;

  private constructor(work: string, url: string, token: string, server: Process) {
    this.#work = work;
    this.url = url;
    this.token = token;
    this.#process = server;
  }

  /** The repository's address. */
  get fleet(): string {
    return `${this.url}/northwind/fleet.git`;
  }

  static async start(): Promise<RealGitea> {
    const work = newFolder('gitea');
    const port = await freePort();
    const settings = join(work, 'app.ini');
    const assets = process.env.GOLDENPATH_TEST_GITEA_ROOT;
    writeFileSync(
      settings,
      [
        'RUN_MODE = prod',
        `WORK_PATH = ${work}`,
        ...(process.geteuid?.() === 0 ? ['I_AM_BEING_UNSAFE_RUNNING_AS_ROOT = true'] : []),
        '[server]',
        'HTTP_ADDR = 127.0.0.1',
        `HTTP_PORT = ${port}`,
        `ROOT_URL = http://127.0.0.1:${port}/`,
        'DISABLE_SSH = true',
        'OFFLINE_MODE = true',
        ...(assets ? [`STATIC_ROOT_PATH = ${assets}`] : []),
        '[database]',
        'DB_TYPE = sqlite3',
        '[security]',
        'INSTALL_LOCK = true',
        `SECRET_KEY = ${randomBytes(16).toString('hex')}`,
        'PASSWORD_HASH_ALGO = pbkdf2$1',
        '[log]',
        'LEVEL = error',
        '[indexer]',
        'ISSUE_INDEXER_TYPE = db',
      ].join('\n'),
    );
    const command = [resolve(process.env.GOLDENPATH_TEST_GITEA!), '--config', settings] as const;
    const env = { PATH: process.env.PATH, HOME: work, USER: userInfo().username };
    const gitea = async (...args: string[]) => (await run(command[0], [...command.slice(1), ...args], { env })).stdout;
    let server: Process | undefined;
    try {
      await gitea('migrate');
      const who = ['--username', 'robot', '--email', 'robot@northwind.example'];
      const made = await gitea('admin', 'user', 'create', '--admin', ...who, '--random-password', '--access-token');
      const token = /successfully created\.\.\. (\S+)/.exec(made)![1]!;
      const url = `http://127.0.0.1:${port}`;
      server = new Process('Gitea', [...command, 'web'], { env });
      await server.isReady(`${url}/api/v1/version`);
      const real = new RealGitea(work, url, token, server);
      await real.call('POST', '/orgs', { username: 'northwind' });
      await real.call('POST', '/orgs/northwind/repos', { name: 'fleet', default_branch: 'main' });
      return real;
    } catch (error) {
      await server?.stop('SIGKILL');
      removeFolder(work);
      throw error;
    }
  }

  /** A call of its API, which must go well. */
  async call(method: string, path: string, body?: object): Promise<any> {
    const answer = await fetch(`${this.url}/api/v1${path}`, {
      method,
      headers: { authorization: `token ${this.token}`, 'content-type': 'application/json' },
      body: body ? JSON.stringify(body) : null,
    });
    const text = await answer.text();
    if (!answer.ok) {
      throw new Error(`${method} ${path}: ${answer.status} ${text}`);
    }
    return text ? JSON.parse(text) : undefined;
  }

  /** The paths of a branch's files, as its API tells them. */
  async paths(branch: string): Promise<string[]> {
    const { commit } = await this.call('GET', `/repos/northwind/fleet/branches/${encodeURIComponent(branch)}`);
    const { tree } = await this.call(
      'GET',
      `/repos/northwind/fleet/git/trees/${commit.id}?recursive=true&per_page=10000`,
    );
    return tree.filter((each: any) => each.type === 'blob').map((each: any) => each.path);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#process.stop('SIGKILL');
    removeFolder(this.#work);
  }
}
