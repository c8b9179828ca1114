/** The proof that a field which is removed in the edit template is gone from what is reviewed. */

import assert from 'node:assert/strict';
import { cpSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { Stack } from './stack.ts';
import { PUBLISH, RETIRE, template } from './templates.ts';

const EDIT = 'template:default/tenant-v1-edit';

/** A tenant with everything that is taken away below. */
const DUO = {
  name: 'duo',
  owner: 'vision-team',
  clusters: ['eu-central', 'us-east'],
  gpus: [
    { profile: 'nvidia-h100-80gb', quota: 2, clusters: ['eu-central'] },
    { profile: 'nvidia-h200-141gb', quota: 1, clusters: ['eu-central'] },
  ],
  autoscaling: { signal: 'queue', max_replicas: 2 },
};

/** The quota for one of them, as far as any is granted. */
const H200 = /nvidia-h200-141gb\.deviceclass\.resource\.k8s\.io\/devices: "[1-9]/;

/** A checkout of the fleet repository, brought to what an edit makes of it: for Backstage's own `publish:*`. */
const WORKSPACE = template('workspace', [
  { id: 'fetch', action: 'fetch:plain', input: { url: './checkout' } },
  {
    id: 'render',
    action: 'goldenpath:render',
    input: {
      golden_path: 'tenant/v1',
      values: '${{ parameters }}',
      edit: true,
      allow_removals: '${{ parameters.allow_removals }}',
    },
  },
  { id: 'list', action: 'debug:log', input: { listWorkspace: true } },
]);

describe('an edit', { timeout: 600_000 }, () => {
  let stack: Stack;
  /** What the branch of the pull request has, by path: Git's id of each file. */
  let reviewed: Map<string, string>;

  before(async () => {
    stack = await Stack.start({ tenants: ['vision'], templates: [PUBLISH, RETIRE, WORKSPACE] });
    const { status, log } = await run('template:default/publish', DUO);
    assert.equal(status, 'completed', log);
  });
  after(() => stack?.[Symbol.asyncDispose]());

  const run = async (template: string, values: object) =>
    await stack.backstage.ended(await stack.backstage.task(template, values));

  /** What the form is filled in with, when somebody follows the link on the tenant's page. */
  async function form(): Promise<Record<string, any>> {
    const now = (await stack.fleet.tree()).get('tenants/duo/tenant.yaml');
    let filled: Record<string, any> = {};
    await stack.backstage.until('the link is of what is there now', async () => {
      const { metadata } = await stack.hasEntity('system:default/duo');
      const { url } = metadata.links.find((link: any) => link.title === 'Edit');
      filled = JSON.parse(new URL(url).searchParams.get('formData')!);
      return filled.revision === now;
    });
    return filled;
  }

  /** The form without scaling, and without one of the accelerators. */
  async function fewer(): Promise<Record<string, any>> {
    const { autoscaling: _, gpus, ...rest } = await form();
    return { ...rest, gpus: gpus.slice(0, 1), delivery: 'pull-request' };
  }

  /** The workspace at the end of a dry run. */
  async function workspace(values: object): Promise<{ status: number; data: any; files: Map<string, string> }> {
    const { status, data } = await stack.backstage.call('POST', '/api/scaffolder/v2/dry-run', {
      template: await stack.entity('template:default/workspace'),
      values,
      directoryContents: [...(await contents('main'))].map(([path, text]) => ({
        path: `checkout/${path}`,
        base64Content: Buffer.from(text).toString('base64'),
      })),
    });
    const files = new Map<string, string>(
      data.directoryContents?.map((file: any) => [file.path, Buffer.from(file.base64Content, 'base64').toString()]),
    );
    return { status, data, files };
  }

  /** The text of every file of a branch. */
  async function contents(ref: string): Promise<Map<string, string>> {
    const paths = [...(await stack.fleet.tree(ref)).keys()];
    return new Map(await Promise.all(paths.map(async path => [path, await stack.fleet.file(path, ref)] as const)));
  }

  it('begins with what the tenant has', async () => {
    const { revision: _, ...filled } = await form();
    assert.deepEqual(filled, DUO);
  });

  it('takes scaling and an accelerator out of the tree of the pull request\'s branch', async () => {
    const before = await stack.fleet.tree();
    assert.ok(before.has('clusters/eu-central/tenants/duo/autoscaling.yaml'));

    const { status, log } = await run(EDIT, await fewer());

    assert.equal(status, 'completed', log);
    reviewed = await stack.fleet.tree('goldenpath/duo');
    const gone = [...before.keys()].filter(path => !reviewed.has(path));
    assert.deepEqual(gone, [
      'clusters/eu-central/tenants/duo/autoscaling.yaml',
      'clusters/us-east/tenants/duo/autoscaling.yaml',
      'tenants/duo/runbooks/TenantScalerWithoutData.md',
    ]);
    assert.doesNotMatch(await stack.fleet.file('tenants/duo/tenant.yaml', 'goldenpath/duo'), /autoscaling|h200/);
    const quota = 'clusters/eu-central/tenants/duo/quota.yaml';
    assert.match(await stack.fleet.file(quota), H200);
    assert.doesNotMatch(await stack.fleet.file(quota, 'goldenpath/duo'), H200);
    assert.deepEqual(await stack.fleet.tree(), before, 'nothing counts before it is merged');
  });

  it('makes the same of a workspace: what it takes away is removed there', async () => {
    const { status, data, files } = await workspace(await fewer());

    assert.equal(status, 200, JSON.stringify(data));
    assert.deepEqual(files, await contents('goldenpath/duo'));
  });

  it('does so in a task too, where the workspace is of files', async () => {
    const checkout = join(stack.work, 'checkout');
    for (const [path, text] of await contents('main')) {
      mkdirSync(join(checkout, path, '..'), { recursive: true });
      writeFileSync(join(checkout, path), text);
    }
    cpSync(
      join(checkout, 'clusters/eu-central/tenants/duo/autoscaling.yaml'),
      join(checkout, 'clusters/eu-central/tenants/vision/autoscaling.yaml'),
    );

    const { status, log } = await run('template:default/workspace', await fewer());
    rmSync(checkout, { recursive: true });

    assert.equal(status, 'completed', log);
    assert.match(log, /clusters\/eu-central\/tenants\/duo\/quota\.yaml/);
    assert.doesNotMatch(log, /\/duo\/autoscaling\.yaml$/m);
    assert.match(log, /\/vision\/autoscaling\.yaml$/m, 'what is of others stays');
  });

  it('takes a cluster away only where the tenant was held on it', async () => {
    const away = async () => ({ ...(await form()), clusters: ['eu-central'], delivery: 'pull-request' });
    const early = await run(EDIT, await away());
    assert.equal(early.status, 'failed');
    assert.match(early.error.message, /would remove Namespace duo on us-east .* is not on hold/);
    const { data } = await workspace(await away());
    assert.match(JSON.stringify(data), /would remove Namespace duo on us-east .* is not on hold/);

    const held = await run('template:default/retire', { name: 'duo', clusters: ['us-east'], delete: false, confirm: '' });
    assert.equal(held.status, 'completed', held.log);
    const many = await run(EDIT, await away());
    assert.equal(many.status, 'failed');
    const [, count] = /would remove (\d+) objects/.exec(many.error.message)!;
    const meant = { ...(await away()), allow_removals: Number(count) };
    const { status, log } = await run(EDIT, meant);

    assert.equal(status, 'completed', log);
    const left = [...(await stack.fleet.tree('goldenpath/duo')).keys()].filter(path => /us-east.*duo/.test(path));
    assert.deepEqual(left, []);
    assert.deepEqual((await workspace(meant)).files, await contents('goldenpath/duo'));
  });
});
