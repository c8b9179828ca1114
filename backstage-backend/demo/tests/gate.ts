import { execFileSync } from 'node:child_process';
import { existsSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { until } from './process.ts';

/** Where a push can be held: before it counts, or when it does and nobody has been told. */
export type Place = 'pre-receive' | 'post-receive';

/** How long a push is held at most: whoever held it may have died. In twentieths of a second. */
const LONGEST = 3600;

/** A bare repository that takes pushes over `file://`, and holds them while its gate is closed. */
export class Gate {
  readonly address: string;
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = folder;
    this.address = `file://${folder}`;
    execFileSync('git', ['init', '--quiet', '--bare', '--initial-branch=main', folder]);
    for (const place of ['pre-receive', 'post-receive'] as const) {
      const gate = this.#file(place);
      const hook = [
        '#!/bin/sh',
        `[ -e '${gate}.closed' ] || exit 0`,
        `: >'${gate}.reached'`,
        'waited=0',
        `while [ -e '${gate}.closed' ] && [ $waited -lt ${LONGEST} ]; do`,
        '  sleep 0.05',
        '  waited=$((waited + 1))',
        'done',
        `[ ! -e '${gate}.refused' ]`,
        'status=$?',
        `rm '${gate}.reached'`,
        'exit $status',
      ];
      writeFileSync(join(folder, 'hooks', place), `${hook.join('\n')}\n`, { mode: 0o755 });
    }
  }

  #file(place: Place): string {
    return join(this.#folder, `gate-${place}`);
  }

  close(place: Place): void {
    writeFileSync(`${this.#file(place)}.closed`, '');
  }

  /** Waits until a push is held. */
  async isReached(place: Place): Promise<void> {
    await until(`a push is at the ${place} gate`, async () => existsSync(`${this.#file(place)}.reached`));
  }

  /** Waits until no push is held any more. */
  async isLeft(place: Place): Promise<void> {
    await until(`no push is at the ${place} gate`, async () => !existsSync(`${this.#file(place)}.reached`));
  }

  /** Lets go on what is held, or sends it back. */
  open(place: Place, { refuse = false } = {}): void {
    if (refuse) {
      writeFileSync(`${this.#file(place)}.refused`, '');
    }
    rmSync(`${this.#file(place)}.closed`, { force: true });
  }

  /** Takes pushes again that would be sent back. */
  take(place: Place): void {
    rmSync(`${this.#file(place)}.refused`, { force: true });
  }
}
