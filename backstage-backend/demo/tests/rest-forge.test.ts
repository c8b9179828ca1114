/** From a template to an open pull request of a real forge. */

import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { RealGitea } from './gitea.ts';
import { type Ended } from './realBackstage.ts';
import { Stack } from './stack.ts';

const ATLAS = {
  name: 'atlas',
  owner: 'vision-team',
  clusters: ['eu-central'],
  gpus: [{ profile: 'nvidia-h100-80gb', quota: 2 }],
  autoscaling: { signal: 'queue', max_replicas: 2 },
};
const SCALING = 'clusters/eu-central/tenants/atlas/autoscaling.yaml';

describe('a pull request of a real Gitea', { timeout: 600_000, skip: RealGitea.missing || false }, () => {
  let gitea: RealGitea;
  let stack: Stack;

  before(async () => {
    gitea = await RealGitea.start();
    stack = await Stack.start({
      tenants: ['vision'],
      repository: () => gitea.fleet,
      settings: { forge: 'gitea' },
      environment: {
        GOLDENPATH_GIT_USER: 'robot',
        GOLDENPATH_GIT_TOKEN: gitea.token,
        GOLDENPATH_FORGE_TOKEN: gitea.token,
      },
    });
  });
  after(async () => {
    await stack?.[Symbol.asyncDispose]();
    await gitea?.[Symbol.asyncDispose]();
  });

  const run = async (template: string, values: object): Promise<Ended> => {
    const ended = await stack.backstage.ended(await stack.backstage.task(`template:default/${template}`, values));
    assert.equal(ended.status, 'completed', ended.log);
    return ended;
  };
  const opened = async () => await gitea.call('GET', '/repos/northwind/fleet/pulls?state=open');

  it('is opened by the template, and is where its link leads', async () => {
    const { output } = await run('tenant-v1', { ...ATLAS, delivery: 'pull-request' });
    const [pull, ...more] = await opened();
    assert.deepEqual(more, []);
    assert.equal(output.links[0].title, 'Open the change');
    assert.equal(output.links[0].url, pull.html_url);
    const page = await fetch(output.links[0].url);
    assert.equal(page.status, 200);
    assert.match(await page.text(), /Add atlas on eu-central/);
    assert.match(pull.body, /atlas/);
    assert.ok((await gitea.paths('goldenpath/atlas')).includes(SCALING));
    assert.ok(!(await gitea.paths('main')).includes(SCALING));
  });

  it('is the same one when the task is done again', async () => {
    const [before] = await opened();
    const { log } = await run('tenant-v1', { ...ATLAS, delivery: 'pull-request' });
    assert.match(log, new RegExp(`Pull request ${before.number}: ${before.html_url}`));
    assert.deepEqual(
      (await opened()).map((pull: any) => [pull.number, pull.head.sha]),
      [[before.number, before.head.sha]],
    );
  });

  it('has no more of a field that the edit takes away', async () => {
    const [pull] = await opened();
    await gitea.call('POST', `/repos/northwind/fleet/pulls/${pull.number}/merge`, {
      Do: 'merge',
      delete_branch_after_merge: true,
    });
    const { metadata } = await stack.hasEntity('system:default/atlas');
    const { url } = metadata.links.find((link: any) => link.title === 'Edit');
    const { autoscaling: _, ...form } = JSON.parse(new URL(url).searchParams.get('formData')!);

    const { output } = await run('tenant-v1-edit', { ...form, delivery: 'pull-request' });

    const [edit] = await opened();
    assert.equal(output.links[0].url, edit.html_url);
    assert.ok((await gitea.paths('main')).includes(SCALING));
    assert.ok(!(await gitea.paths('goldenpath/atlas')).includes(SCALING));
    const files = await gitea.call('GET', `/repos/northwind/fleet/pulls/${edit.number}/files`);
    assert.deepEqual(
      files.filter((file: any) => file.status === 'deleted').map((file: any) => file.filename),
      [SCALING],
    );
  });

  it('leaves the forge\'s token in no log', () => {
    for (const log of [stack.backstage.log, stack.goldenpath.log]) {
      assert.ok(!log.includes(gitea.token));
    }
  });
});
