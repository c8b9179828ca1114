import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

const running = new Set<ChildProcess>();
const folders = new Set<string>();

// Also when a test fails, is interrupted or told to end: nothing of it lives on.
process.on('exit', () => {
  for (const child of running) {
    child.kill('SIGKILL');
  }
  for (const folder of folders) {
    removeFolder(folder);
  }
});
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.once(signal, () => process.exit(1));
}

/** A new folder, until it is removed or the test's own process ends. */
export function newFolder(name: string): string {
  const folder = mkdtempSync(join(tmpdir(), `goldenpath-${name}-`));
  folders.add(folder);
  return folder;
}

/** Removes a folder with everything in it: also under a process that was killed just now, and still writes. */
export function removeFolder(folder: string): void {
  folders.delete(folder);
  rmSync(folder, { recursive: true, force: true, maxRetries: 10 });
}

/** A program that runs beside the test, until it is stopped or the test's own process ends. */
export class Process {
  /** What it has said so far, on both streams. */
  log = '';
  readonly #name: string;
  readonly #child: ChildProcess;

  constructor(name: string, command: string[], options: { cwd?: string; env: NodeJS.ProcessEnv }) {
    const [program, ...rest] = command as [string, ...string[]];
    this.#name = name;
    const child = spawn(program, rest, { ...options, stdio: ['ignore', 'pipe', 'pipe'] });
    this.#child = child;
    running.add(child);
    child.once('exit', () => running.delete(child));
    child.once('error', error => {
      running.delete(child);
      this.log += `${error}\n`;
    });
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf-8').on('data', text => {
        this.log += text;
      });
    }
  }

  get hasEnded(): boolean {
    const { pid, exitCode, signalCode } = this.#child;
    return pid === undefined || exitCode !== null || signalCode !== null;
  }

  /** Waits until its URL answers well. */
  async isReady(url: string): Promise<void> {
    await until(`${this.#name} is ready`, async () => {
      if (this.hasEnded) {
        throw new Error(`${this.#name} ended:\n${this.log}`);
      }
      const answer = await fetch(url).catch(() => undefined);
      await answer?.body?.cancel();
      return answer?.ok;
    });
  }

  /** Sends the signal, and waits until it has ended. */
  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
    if (!this.hasEnded) {
      const ended = new Promise(resolve => this.#child.once('exit', resolve));
      this.#child.kill(signal);
      await ended;
    }
  }
}

/** Waits for something that comes when it comes: the time only ends a wait in vain. */
export async function until(what: string, condition: () => Promise<unknown>, seconds = 120): Promise<void> {
  const end = Date.now() + seconds * 1000;
  while (!(await condition())) {
    if (Date.now() > end) {
      throw new Error(`waited in vain until ${what}`);
    }
    await sleep(100);
  }
}

/** A port of the loopback that nobody has. */
export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>(ready => server.listen(0, '127.0.0.1', ready));
  const { port } = server.address() as { port: number };
  await new Promise(done => server.close(done));
  return port;
}
