/** What becomes of a task when something dies, is away or is cancelled. */

import assert from 'node:assert/strict';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { Gate } from './gate.ts';
import { Stack } from './stack.ts';
import { PUBLISH, plain } from './templates.ts';

const TEMPLATE = 'template:default/publish';
const EDIT = 'template:default/tenant-v1-edit';

describe('tasks, when something goes wrong', { timeout: 900_000 }, () => {
  let stack: Stack;
  let gate: Gate;

  before(async () => {
    stack = await Stack.start({
      tenants: ['vision'],
      templates: [PUBLISH],
      repository: work => {
        gate = new Gate(join(work, 'fleet.git'));
        return gate.address;
      },
      // So that neither waits for half a minute until it is sure that the other one is dead.
      settings: { limits: { lease_seconds: 2, working: 2 } },
      backstage: { APP_CONFIG_scaffolder_taskRecovery_staleTimeout: '{"seconds":3}' },
    });
  });
  after(() => stack?.[Symbol.asyncDispose]());

  const about = async (name: string) => await stack.fleet.commits('main', `tenants/${name}`);
  const start = async (name: string) => await stack.backstage.task(TEMPLATE, plain(name));

  /** That a task has ended well, with one whole commit about the tenant, which is of this very task. */
  async function endsInOneCommit(task: string, tenant: string): Promise<void> {
    const { status, log } = await stack.backstage.ended(task);
    assert.equal(status, 'completed', log);
    const commits = await about(tenant);
    assert.equal(commits.length, 1, JSON.stringify(commits));
    assert.ok(commits[0]!.trailers.includes(`Goldenpath-Task: ${task}/publish`), JSON.stringify(commits));
    await isWhole();
  }

  /** That the repository is one that nobody left in the middle: Git and goldenpath both say so. */
  async function isWhole(): Promise<void> {
    await stack.fleet.git('fsck', '--strict', '--no-dangling');
    await stack.fleet.goldenpath(['fleet', 'validate', '--repo', stack.fleet.address]);
  }

  it('are done once when goldenpath is killed before the commit counts', async () => {
    gate.close('pre-receive');
    const task = await start('early');
    await gate.isReached('pre-receive');
    await stack.goldenpath.stop('SIGKILL');
    gate.open('pre-receive', { refuse: true });
    await gate.isLeft('pre-receive');
    assert.deepEqual(await about('early'), []);
    gate.take('pre-receive');
    await stack.goldenpath.boot();
    await endsInOneCommit(task, 'early');
  });

  it('are done once when goldenpath is killed after the commit counts, and before it says so', async () => {
    gate.close('post-receive');
    const task = await start('late');
    await gate.isReached('post-receive');
    await stack.goldenpath.stop('SIGKILL');
    gate.open('post-receive');
    await stack.goldenpath.boot();
    await endsInOneCommit(task, 'late');
  });

  it('are done once also where they edit what their first try has changed', async () => {
    const revision = (await stack.fleet.tree()).get('tenants/late/tenant.yaml');
    gate.close('post-receive');
    const values = { ...plain('late'), contact: 'late@northwind.example', revision, delivery: 'commit' };
    const task = await stack.backstage.task(EDIT, values);
    await gate.isReached('post-receive');
    await stack.goldenpath.stop('SIGKILL');
    gate.open('post-receive');
    await stack.goldenpath.boot();
    const { status, log } = await stack.backstage.ended(task);
    assert.equal(status, 'completed', log);
    assert.equal((await about('late')).length, 2);
    assert.match(await stack.fleet.file('tenants/late/tenant.yaml'), /late@northwind\.example/);
  });

  it('are done once on a branch for review too', async () => {
    const revision = (await stack.fleet.tree()).get('tenants/early/tenant.yaml');
    gate.close('post-receive');
    const values = { ...plain('early'), contact: 'early@northwind.example', revision, delivery: 'pull-request' };
    const task = await stack.backstage.task(EDIT, values);
    await gate.isReached('post-receive');
    await stack.goldenpath.stop('SIGKILL');
    gate.open('post-receive');
    await stack.goldenpath.boot();
    const { status, log, output } = await stack.backstage.ended(task);
    assert.equal(status, 'completed', log);
    const [commit, before] = await stack.fleet.commits('goldenpath/early');
    assert.equal(before!.id, (await stack.fleet.commits())[0]!.id);
    assert.deepEqual(
      output.text.map((each: any) => each.content),
      [`Commit \`${commit!.id}\` on \`goldenpath/early\``],
    );
  });

  it('end well when goldenpath is told to end: it finishes what it has accepted', async () => {
    gate.close('pre-receive');
    const task = await start('drained');
    await gate.isReached('pre-receive');
    const ended = stack.goldenpath.stop('SIGTERM');
    await stack.goldenpath.says('it ends', entry => entry.message.startsWith('Waiting for'));
    gate.open('pre-receive');
    await ended;
    await endsInOneCommit(task, 'drained');
    assert.doesNotMatch((await stack.backstage.ended(task)).log, /asked again/);
    await stack.goldenpath.boot();
  });

  it('that are cancelled before their turn leave nothing, and no run goes on', async () => {
    gate.close('pre-receive');
    await stack.goldenpath.stop();
    await stack.goldenpath.boot({ limits: { lease_seconds: 2, working: 1 } });
    const first = await start('first');
    await gate.isReached('pre-receive');
    const second = await start('second');
    await stack.goldenpath.counts('goldenpath_lane_working_runs', 2);
    await stack.backstage.call('POST', `/api/scaffolder/v2/tasks/${second}/cancel`);
    const { status } = await stack.backstage.ended(second);
    assert.equal(status, 'failed');
    gate.open('pre-receive');
    await endsInOneCommit(first, 'first');
    await stack.goldenpath.counts('goldenpath_runs_total{action="goldenpath:publish",outcome="cancelled"}', 1);
    assert.deepEqual(await about('second'), []);
  });

  it('that are cancelled while their commit is made leave all of it, or nothing', async () => {
    gate.close('pre-receive');
    const task = await start('whole');
    await gate.isReached('pre-receive');
    await stack.backstage.call('POST', `/api/scaffolder/v2/tasks/${task}/cancel`);
    const { status } = await stack.backstage.ended(task);
    assert.equal(status, 'failed');
    gate.open('pre-receive');
    await stack.backstage.until('the commit is there', async () => (await about('whole')).length === 1);
    await isWhole();
  });

  it('go on when Backstage was killed, and are done once', async () => {
    gate.close('pre-receive');
    const task = await start('recovered');
    await gate.isReached('pre-receive');
    await stack.backstage.stop('SIGKILL');
    gate.open('pre-receive');
    await stack.backstage.boot();
    await endsInOneCommit(task, 'recovered');
  });

  it('fail clearly where the backend is away, also since the start of Backstage, and can be tried again', async () => {
    await stack.backstage.stop();
    await stack.goldenpath.stop();
    await stack.backstage.boot({ APP_CONFIG_goldenpath_retryFor: '{"seconds":1}' });
    assert.match(stack.backstage.log, /cannot fetch the actions of .*goldenpath-actions\.json are used/);
    const task = await start('patient');
    const { status, error } = await stack.backstage.ended(task);
    assert.equal(status, 'failed');
    assert.match(error.message, new RegExp(`Cannot reach the goldenpath backend at ${stack.goldenpath.url}: ECONNREFUSED`));
    await stack.goldenpath.boot();
    const again = await stack.backstage.call('POST', `/api/scaffolder/v2/tasks/${task}/retry`, { secrets: {} });
    assert.equal(again.status, 201);
    await endsInOneCommit(task, 'patient');
  });

  it('are not offered where the actions were never known; Backstage starts all the same', async () => {
    await stack.backstage.stop();
    await stack.goldenpath.stop();
    rmSync(join(stack.backstage.work, 'goldenpath-actions.json'));
    await stack.backstage.boot({ APP_CONFIG_goldenpath_definitionsTimeout: '{"seconds":1}' });
    assert.match(stack.backstage.log, /holds none/);
    const { data } = await stack.backstage.call('GET', '/api/scaffolder/v2/actions');
    const ids = data.map(({ id }: { id: string }) => id);
    assert.ok(ids.includes('debug:log'));
    assert.deepEqual(ids.filter((id: string) => id.startsWith('goldenpath:')), []);
  });
});
