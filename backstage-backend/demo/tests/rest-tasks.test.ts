/** From a template of the real Backstage, through the real backend, to the fleet repository. */

import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { Gate } from './gate.ts';
import { Stack } from './stack.ts';
import { PUBLISH, RETIRE, plain } from './templates.ts';

const CREATE = 'template:default/tenant-v1';
const EDIT = 'template:default/tenant-v1-edit';

/** A request as the form sends it. */
const ATLAS = {
  name: 'atlas',
  owner: 'vision-team',
  clusters: ['eu-central', 'us-east'],
  gpus: [
    { profile: 'nvidia-h100-80gb', quota: 2, clusters: ['eu-central'] },
    { profile: 'amd-mi300x', quota: 1, clusters: ['us-east'] },
  ],
  autoscaling: { signal: 'queue', max_replicas: 2 },
  delivery: 'commit',
};

describe('tasks, with the real backend', { timeout: 600_000 }, () => {
  let stack: Stack;
  let gate: Gate;

  before(async () => {
    stack = await Stack.start({
      tenants: ['speech', 'vision'],
      templates: [PUBLISH, RETIRE],
      repository: work => {
        gate = new Gate(join(work, 'fleet.git'));
        return gate.address;
      },
    });
  });
  after(() => stack?.[Symbol.asyncDispose]());

  const dryRun = async (values: object) =>
    await stack.backstage.call('POST', '/api/scaffolder/v2/dry-run', {
      template: await stack.entity(CREATE),
      values,
      directoryContents: [],
    });
  const runs = () => stack.goldenpath.entries('access').filter(({ route }) => route === '/v1/actions/{action}/runs');

  let shown: Map<string, string>;

  it('show in a dry run the plan and the files, and change nothing', async () => {
    const before = await stack.fleet.git('for-each-ref');
    const { status, data } = await dryRun(ATLAS);
    assert.equal(status, 200, JSON.stringify(data));
    shown = new Map(
      data.directoryContents.map((file: any) => [file.path, Buffer.from(file.base64Content, 'base64').toString()]),
    );
    assert.match(shown.get('clusters/us-east/tenants/atlas/quota.yaml') ?? '', /amd\.com\/gpu: "1"/);
    const log = data.log.map((line: any) => line.body.message).join('\n');
    assert.match(log, /\+ tenant atlas of vision-team/);
    assert.match(log, /eu-central nvidia-h100-80gb: 0 → 2/);
    assert.match(log, /This was a dry run: nothing was published/);
    assert.equal(await stack.fleet.git('for-each-ref'), before);
  });

  let task: string;
  let outputs: any;

  it('end in one commit, in the name of the user who asked', async () => {
    const [parent] = await stack.fleet.commits();
    task = await stack.backstage.task(CREATE, ATLAS);
    const { status, log, output } = await stack.backstage.ended(task);
    assert.equal(status, 'completed', log);
    outputs = output;
    const [commit, before] = await stack.fleet.commits();
    assert.equal(before!.id, parent!.id);
    assert.equal(commit!.author, 'guest <guest@users.noreply.northwind.example>');
    assert.match(commit!.subject, /^Add atlas on eu-central/);
    for (const trailer of [
      'Goldenpath-Tenant: atlas',
      'Requested-by: user:default/guest',
      'Requested-via: plugin:scaffolder',
      `Goldenpath-Task: ${task}/publish`,
    ]) {
      assert.ok(commit!.trailers.includes(trailer), `${trailer}: ${commit!.trailers}`);
    }
  });

  it('publish what the dry run had shown', async () => {
    const written = (await stack.fleet.git('diff', '--name-only', 'main~', 'main')).trim().split('\n');
    assert.deepEqual([...shown.keys()].sort(), written.sort());
    for (const [path, text] of shown) {
      assert.equal(text, await stack.fleet.file(path), path);
    }
  });

  it('publish what the command line publishes, byte for byte', async () => {
    const request = join(stack.work, 'atlas.yaml');
    writeFileSync(request, await stack.fleet.file('tenants/atlas/tenant.yaml'));
    const copy = join(stack.work, 'by-command-line.git');
    await stack.fleet.git('clone', '--quiet', '--bare', stack.fleet.address, copy);
    await stack.fleet.git(`--git-dir=${copy}`, 'update-ref', 'refs/heads/main', 'main~');
    await stack.fleet.goldenpath(['publish', request, '--repo', copy, '--author', 'Ada <ada@northwind.example>']);
    const tree = (repository: string) => stack.fleet.git(`--git-dir=${repository}`, 'rev-parse', 'main^{tree}');
    assert.equal(await tree(copy), await stack.fleet.git('rev-parse', 'main^{tree}'));
  });

  it('publish what the command line renders, byte for byte', async () => {
    const folder = join(stack.work, 'rendered');
    mkdirSync(folder);
    const fleet = join(folder, 'goldenpath.yaml');
    writeFileSync(fleet, await stack.fleet.file('goldenpath.yaml'));
    const request = join(stack.work, 'atlas.yaml');
    await stack.fleet.goldenpath(['render', request, '--fleet', fleet, '--out', folder]);
    const published = [...(await stack.fleet.tree('main')).keys()].filter(
      path => /\/atlas(\/|\.yaml)/.test(path) && !path.endsWith('/goldenpath.lock'),
    );
    assert.equal(published.length > 20, true, `${published}`);
    for (const path of published) {
      assert.equal(await readFile(join(folder, path), 'utf-8'), await stack.fleet.file(path), path);
    }
  });

  it('say in their outputs where the tenant is, and what was published', async () => {
    assert.deepEqual(outputs.links, [
      { title: 'Open in the catalog', icon: 'catalog', entityRef: 'system:default/atlas' },
    ]);
    const [commit] = await stack.fleet.commits();
    assert.deepEqual(
      outputs.text.map((each: any) => each.content),
      [`Commit \`${commit!.id}\` on \`main\``],
    );
  });

  it('leave a line in the audit trail', async () => {
    const [commit] = await stack.fleet.commits();
    const line = stack.goldenpath.entries('audit').find(entry => entry.message === 'changed');
    assert.deepEqual(
      [line?.caller, line?.via, line?.action, line?.tenant, line?.task, line?.commit],
      ['user:default/guest', 'plugin:scaffolder', 'goldenpath:publish', 'atlas', task, commit!.id],
    );
  });

  it('bring the tenant into the catalog, with a link that edits it', async () => {
    const { metadata, spec } = await stack.hasEntity('system:default/atlas');
    assert.equal(spec.owner, 'vision-team');
    const edit = new URL(metadata.links.find((link: any) => link.title === 'Edit').url);
    assert.equal(edit.pathname, '/create/templates/default/tenant-v1-edit');
    const { revision, ...form } = JSON.parse(edit.searchParams.get('formData')!);
    const { delivery: _, ...asked } = ATLAS;
    assert.deepEqual(form, asked);
    assert.equal(revision, (await stack.fleet.tree()).get('tenants/atlas/tenant.yaml'));
  });

  it('make no second commit of the same request', async () => {
    const before = await stack.fleet.commits();
    const again = await stack.backstage.task(CREATE, ATLAS);
    const { status, log } = await stack.backstage.ended(again);
    assert.equal(status, 'completed', log);
    assert.match(log, /Nothing had to change/);
    assert.deepEqual(await stack.fleet.commits(), before);
  });

  it('tell what happens while it happens, over both ways of asking', async () => {
    gate.close('pre-receive');
    const held = await stack.backstage.task(CREATE, { ...ATLAS, name: 'beacon' });
    const stream = await stack.backstage.eventStream(held);
    await gate.isReached('pre-receive');
    await stack.backstage.until('the stream has the line', async () => stream.text.includes('Publishing beacon'));
    const { data } = await stack.backstage.call('GET', `/api/scaffolder/v2/tasks/${held}/events?after=-1`);
    assert.ok(data.some((event: any) => event.body.message.includes('Publishing beacon')));
    const now = await stack.backstage.call('GET', `/api/scaffolder/v2/tasks/${held}`);
    assert.equal(now.data.status, 'processing');
    assert.equal((await stack.fleet.tree()).has('tenants/beacon/tenant.yaml'), false);
    gate.open('pre-receive');
    await stream.ended;
    assert.match(stream.text, /event: completion/);
    assert.ok((await stack.fleet.tree()).has('tenants/beacon/tenant.yaml'));
  });

  it('are not begun with values that the form would not take', async () => {
    const before = runs().length;
    const { status, data } = await stack.backstage.call('POST', '/api/scaffolder/v2/tasks', {
      templateRef: CREATE,
      values: { ...ATLAS, name: 'No Name', delivery: 'pigeon' },
    });
    assert.equal(status, 400);
    assert.match(JSON.stringify(data.errors), /instance\.name does not match pattern/);
    assert.equal(runs().length, before);
  });

  it('fail with the problem of every field, and of the fleet, at once', async () => {
    const before = await stack.fleet.git('for-each-ref');
    const wrong = {
      name: 'kube-system',
      owner: 'vision-team',
      clusters: ['eu-central', 'eu-centrall'],
      gpus: [{ profile: 'nvidia-h100-80gbb', quota: 0 }],
      colour: 'blue',
    };
    const { status, log, error } = await stack.backstage.ended(await stack.backstage.task('template:default/publish', wrong));
    assert.equal(status, 'failed');
    assert.equal(error.name, 'InputError');
    for (const line of [
      /name: belongs to the platform/,
      /clusters\[1\]: .*Did you mean eu-central\?/,
      /gpus\[0\]\.profile: .*Did you mean nvidia-h100-80gb\?/,
      /gpus\[0\]\.quota: /,
      /colour: /,
    ]) {
      assert.match(log, line);
      assert.match(error.message, line);
    }
    assert.doesNotMatch(log, /^ +at .*scaffolder-module/m, 'a stack tells nobody what to do');
    assert.equal(await stack.fleet.git('for-each-ref'), before);
  });

  it('are refused a secret, which is in no log, error or commit then', async () => {
    const before = await stack.fleet.git('for-each-ref');
    const secret = `ghp_${'Zx7'.repeat(12)}`;
    const { status, log, error } = await stack.backstage.ended(
      await stack.backstage.task(CREATE, { ...ATLAS, name: 'leaky', description: `Use ${secret}` }),
    );
    assert.equal(status, 'failed');
    assert.match(error.message, /input\.values\.description: holds a GitHub token/);
    // Not Backstage's own log: it keeps the parameters of every task in its audit trail, before we see them.
    for (const text of [log, JSON.stringify(error), stack.goldenpath.log]) {
      assert.ok(!text.includes(secret));
    }
    assert.equal(await stack.fleet.git('for-each-ref'), before);
  });

  for (const [what, template, values] of [
    ['a tenant for a group that is not the caller\'s', CREATE, { ...ATLAS, name: 'foreign', owner: 'speech-team' }],
    [
      'an edit of a tenant of another team',
      EDIT,
      { name: 'speech', owner: 'vision-team', clusters: ['eu-central'], delivery: 'commit' },
    ],
  ] as const) {
    it(`are refused ${what}: said in the task, and in the audit trail`, async () => {
      const before = await stack.fleet.git('for-each-ref');
      const revision = (await stack.fleet.tree()).get('tenants/speech/tenant.yaml');
      const refused = () => stack.goldenpath.entries('audit').filter(entry => entry.kind === 'forbidden');
      const soFar = refused().length;
      const failed = await stack.backstage.task(template, { ...values, ...(template === EDIT && { revision }) });
      const { status, error } = await stack.backstage.ended(failed);
      assert.equal(status, 'failed');
      assert.equal(error.name, 'NotAllowedError');
      assert.match(error.message, /user:default\/guest is not in speech-team, which (owns speech|would own foreign)/);
      const [line, ...more] = refused().slice(soFar);
      assert.deepEqual(more, []);
      assert.deepEqual(
        [line!.caller, line!.via, line!.action],
        ['user:default/guest', 'plugin:scaffolder', 'goldenpath:publish'],
      );
      assert.match(error.message, new RegExp(line!.request_id));
      assert.equal(await stack.fleet.git('for-each-ref'), before);
    });
  }

  it('are refused by the permissions of Backstage before the backend hears of them', async () => {
    const before = runs().length;
    stack.backstage.deny('scaffolder.action.execute');
    const { status, error } = await stack.backstage.ended(
      await stack.backstage.task('template:default/publish', plain('forbidden')),
    );
    assert.equal(status, 'failed');
    assert.match(error.message, /Unauthorized action: goldenpath:publish/);
    stack.backstage.deny('scaffolder.task.create');
    const made = await stack.backstage.call('POST', '/api/scaffolder/v2/tasks', {
      templateRef: CREATE,
      values: { ...ATLAS, name: 'forbidden' },
    });
    stack.backstage.deny();
    assert.equal(made.status, 403);
    assert.equal(made.data.error.name, 'NotAllowedError');
    assert.equal(runs().length, before);
  });

  it('take a tenant out of the catalog when it is retired', async () => {
    await stack.hasEntity('system:default/beacon');
    for (const step of [
      { name: 'beacon', clusters: [], delete: false, confirm: '' },
      { name: 'beacon', clusters: [], delete: true, confirm: 'beacon' },
    ]) {
      const { status, log } = await stack.backstage.ended(await stack.backstage.task('template:default/retire', step));
      assert.equal(status, 'completed', log);
    }
    await stack.backstage.until('it is gone', async () => !(await stack.entity('system:default/beacon')));
    const left = [...(await stack.fleet.tree()).keys()].filter(path => path.includes('beacon'));
    assert.deepEqual(left, ['tenants/beacon/retired.yaml']);
  });

  it('wait for their turn where the backend takes no more', async () => {
    await stack.goldenpath.stop();
    await stack.goldenpath.boot({ limits: { working: 1, waiting: 0 } });
    const before = (await stack.fleet.commits()).length;
    gate.close('pre-receive');
    const first = await stack.backstage.task('template:default/publish', plain('crowd-0'));
    await gate.isReached('pre-receive');
    const others = await Promise.all(
      [1, 2, 3].map(number => stack.backstage.task('template:default/publish', plain(`crowd-${number}`))),
    );
    await stack.goldenpath.says('it takes no more', entry => entry.status === 429);
    gate.open('pre-receive');
    for (const each of [first, ...others]) {
      const { status, log } = await stack.backstage.ended(each);
      assert.equal(status, 'completed', log);
    }
    assert.equal((await stack.fleet.commits()).length, before + 4);
  });

  it('leave no token in a log', () => {
    for (const log of [stack.backstage.log, stack.goldenpath.log]) {
      assert.doesNotMatch(log, /eyJ[\w-]+\.eyJ[\w-]+\./);
    }
  });
});
