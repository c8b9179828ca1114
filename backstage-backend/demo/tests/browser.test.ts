/** The golden paths as people use them: in a browser, in a real Backstage, on a real fleet repository. */

import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { Visitor, buildApp, chromiumHere } from './browser.ts';
import { Stack } from './stack.ts';

const CREATE = '/create/templates/default/tenant-v1';
const skip = chromiumHere() ? false : 'no Chromium: apt-get install chromium, or set CHROMIUM to one';

describe('in a browser', { timeout: 900_000, skip }, () => {
  let stack: Stack;
  let visitor: Visitor;

  before(async () => {
    buildApp();
    stack = await Stack.start({ backstage: { APP_CONFIG_goldenpath_retryFor: '{"seconds":2}' } });
    visitor = await Visitor.at(stack.backstage.url.replace('127.0.0.1', 'localhost'));
    await visitor.signIn();
  });
  after(async () => {
    await visitor?.[Symbol.asyncDispose]();
    await stack?.[Symbol.asyncDispose]();
  });

  /** A test that leaves a picture and the console behind when it fails. */
  function station(name: string, visit: () => Promise<void>): void {
    it(name, async () => {
      try {
        await visit();
      } catch (error) {
        throw new Error(`${error}\nSee ${await visitor.keep(name)}.png`, { cause: error });
      }
    });
  }

  /** Fills in the least that a tenant needs, and stays where the accelerators are asked for. */
  async function begin(name: string, owner = /^Vision/): Promise<void> {
    await visitor.open(CREATE);
    await visitor.field('Name').fill(name);
    await visitor.choose('Owner', owner);
    await visitor.goTo('Where');
    await visitor.page.getByLabel('eu-central (eu)').check();
    await visitor.goTo('Compute and accelerators');
  }

  /** Asks for accelerators, at the step for them. */
  async function ask(accelerator: RegExp, quota: number): Promise<void> {
    await visitor.adds('Accelerators').click();
    await visitor.choose('Profile', accelerator);
    await visitor.field('Quota').fill(String(quota));
  }

  /** The form that edits a tenant, from the link on its page. */
  async function edit(name: string): Promise<void> {
    const revision = (await stack.fleet.tree()).get(`tenants/${name}/tenant.yaml`)!;
    await stack.backstage.until(`the catalog has the newest ${name}`, async () =>
      JSON.stringify((await stack.entity(`system:default/${name}`)) ?? '').includes(revision),
    );
    await visitor.open(`/catalog/default/system/${name}`);
    await visitor.follow(visitor.page.getByRole('link', { name: 'Edit' }));
    await visitor.isAt('Who');
  }

  const commits = async () => (await stack.fleet.commits()).length;

  station('one comes in as the guest', async () => {
    await using stranger = await Visitor.at(stack.backstage.url.replace('127.0.0.1', 'localhost'));
    await stranger.open('/');
    await stranger.button('Enter').waitFor();
    await stranger.shoot('sign-in');
    await stranger.signIn();
  });

  station('one finds the golden path among the templates', async () => {
    await visitor.page.getByRole('link', { name: 'Create' }).click();
    await visitor.page.getByRole('heading', { name: 'AI tenant', exact: true }).waitFor();
    await visitor.text('Platform').waitFor();
    await visitor.shoot('templates');
    const title = visitor.page.getByRole('heading', { name: 'AI tenant', exact: true });
    const card = title.locator('xpath=ancestor::*[.//button[normalize-space()="Choose"]][1]');
    await card.getByRole('button', { name: 'Choose' }).click();
    await visitor.page.waitForURL(`**${CREATE}`);
    await visitor.isAt('Who');
    await visitor.shoot('who');
  });

  station('the form knows the groups of the catalog, the clusters, and what is free', async () => {
    await visitor.open(CREATE);
    const owners = (await visitor.choices('Owner')).map(text => text.replace(/\s+/g, ' '));
    assert.deepEqual(owners.sort(), ['Platform', 'Retail', 'Sandbox', 'Speech', 'Vision']);
    await begin('robots');
    await visitor.adds('Accelerators').click();
    const offered = await visitor.choices('Profile');
    await visitor.shoot('accelerators');
    assert.ok(offered.includes('NVIDIA H100 80GB (eu-central: 56 of 64 free)'), String(offered));
    assert.ok(offered.includes('NVIDIA L4 24GB (edge-telaviv: 6 of 8 free)'), String(offered));
  });

  station('a bad name is told where it stands, and nothing is sent', async () => {
    await visitor.open(CREATE);
    await visitor.field('Name').fill('Robots Team');
    await visitor.choose('Owner', /^Vision/);
    await visitor.button('Next').click();
    await visitor.text(/'Name' must be a DNS label: lower-case letters/).waitFor();
    await visitor.shoot('bad-name');
    await visitor.isAt('Who');
    assert.deepEqual(visitor.sent, []);
  });

  station('a missing owner is asked for, and nothing is sent', async () => {
    await visitor.open(CREATE);
    await visitor.field('Name').fill('robots');
    await visitor.button('Next').click();
    assert.equal(await visitor.complaint('Owner'), 'Please fill out this field.');
    await visitor.isAt('Who');
    assert.deepEqual(visitor.sent, []);
  });

  station('more accelerators than any cluster has are refused by the form, and nothing is sent', async () => {
    await begin('robots');
    await ask(/^NVIDIA H100 80GB \(/, 65);
    await visitor.button('Next').click();
    assert.equal(await visitor.complaint('Quota'), 'Value must be less than or equal to 64.');
    await visitor.isAt('Compute and accelerators');
    assert.deepEqual(visitor.sent, []);
  });

  station('half of what scaling needs is told as half, and nothing is sent', async () => {
    await begin('robots');
    await visitor.goTo('Scaling');
    await visitor.choose('Signal', /^queue$/);
    await visitor.button('Next').click();
    assert.equal(await visitor.complaint('Max replicas'), 'Please fill out this field.');
    await visitor.isAt('Scaling');
    assert.deepEqual(visitor.sent, []);
  });

  station('a model is served: with tenants of the user, accelerators that are free in them, and what sizing says', async () => {
    await visitor.open('/create/templates/default/inference-service-v1');
    await visitor.field('Name').fill('assistant');
    const tenant = visitor.page.locator('#root_tenant[value="system:default/vision"]');
    await tenant.waitFor();
    assert.equal(await tenant.isEnabled(), false, 'of four tenants, the only one that the user owns');
    await visitor.shoot('serve-tenant');
    await visitor.goTo('Model');
    await visitor.field('Name').fill('meta-llama/Llama-3.3-70B-Instruct');
    await visitor.field('OCI').fill(`oci://registry.northwind.example/models/llama-3.3-70b@sha256:${'2'.repeat(64)}`);
    await visitor.goTo('Compute and accelerators');
    const offered = await visitor.choices('Profile');
    const own = offered.filter(each => each.trim()).sort();
    assert.equal(own.length, 2, `of the chosen tenant alone: ${offered}`);
    assert.equal(own[0], 'NVIDIA H100 80GB (eu-central: 8 of 8 free)');
    await visitor.shoot('serve-accelerators');
    await visitor.page.getByRole('option', { name: /^NVIDIA H100 80GB \(/ }).click();
    await visitor.goTo('Identity and network');
    await visitor.field('Service account').fill('server');
    await visitor.goTo('Scaling');
    for (const [name, value] of [
      ['Requests', '2/s'],
      ['Input tokens', '1500'],
      ['Output tokens', '300'],
      ['Time to first token', '750ms'],
      ['Inter token latency', '50ms'],
      ['Min', '1'],
      ['Max', '2'],
    ] as const) {
      await visitor.field(name).fill(value);
    }
    await visitor.shoot('serve-goal', { whole: true });
    await visitor.goTo('Review');
    assert.equal(await visitor.create(), 'done');
    await visitor.text(/the goal takes about/).waitFor();
    await visitor.shoot('serve-task', { whole: true });
    const server = await stack.fleet.file('clusters/eu-central/workloads/vision/assistant/server.yaml');
    assert.match(server, /--served-model-name=meta-llama\/Llama-3.3-70B-Instruct/);
  });

  station('a tenant is made: reviewed, created, logged, committed, and in the catalog', async () => {
    await begin('robots');
    await ask(/^NVIDIA H100 80GB \(/, 4);
    await visitor.shoot('accelerator', { whole: true });
    await visitor.goTo('Review');
    const shown = await visitor.review();
    await visitor.shoot('review', { whole: true });
    assert.equal(shown.get('Name'), 'robots');
    assert.equal(shown.get('Owner'), 'group:default/vision-team');
    assert.match(shown.get('Accelerators')!, /nvidia-h100-80gb/);
    assert.equal(shown.get('Delivery'), 'Commit: it takes effect at once');

    assert.equal(await visitor.create(), 'done');
    await visitor.hasDone(2);
    await visitor.text(/Finished step (Check the request|Publish to the fleet repository)/).waitFor();
    await visitor.page.getByRole('heading', { name: 'AI tenant' }).waitFor();
    await visitor.shoot('task', { whole: true });
    const [newest] = await stack.fleet.commits();
    await visitor.text(newest!.id).waitFor();
    assert.ok(newest!.trailers.includes('Requested-by: user:default/guest'), String(newest!.trailers));
    const made = await stack.fleet.file('tenants/robots/tenant.yaml');
    assert.match(made, /profile: nvidia-h100-80gb/);
    assert.doesNotMatch(made, /autoscaling|placement/, 'nobody asked for these');

    await stack.hasEntity('system:default/robots');
    await visitor.page.getByRole('link', { name: 'Open in the catalog' }).click();
    await visitor.page.getByRole('heading', { name: 'robots' }).waitFor();
    await visitor.text('robots on eu-central').waitFor();
    await visitor.page.getByRole('link', { name: 'Vision' }).first().waitFor();
    await visitor.page.getByRole('link', { name: 'Edit' }).waitFor();
    await visitor.shoot('tenant', { whole: true });
  });

  station('a tenant is edited: what is taken out of the filled-in form is gone from the repository', async () => {
    const before = await stack.fleet.tree('main', 'clusters/eu-central/tenants/vision/');
    const scaling = 'clusters/eu-central/tenants/vision/autoscaling.yaml';
    assert.ok(before.has(scaling));
    await edit('vision');
    assert.equal(await visitor.field('Name').inputValue(), 'vision');
    assert.equal(await visitor.field('Name').isEditable(), false, 'a tenant keeps its name');
    assert.equal(await visitor.field('Title').inputValue(), 'Vision research');
    await visitor.shoot('edit', { whole: true });
    await visitor.goTo('Compute and accelerators');
    assert.equal(await visitor.field('CPU').inputValue(), '256');
    assert.equal(await visitor.removes('Accelerators').count(), 2);
    await visitor.shoot('edit-accelerators', { whole: true });
    await visitor.removes('Accelerators').last().click();
    await visitor.goTo('Scaling');
    await visitor.choose('Signal', /^\s*$/);
    for (const name of ['Target', 'Max replicas']) {
      await visitor.field(name).fill('');
    }
    await visitor.goTo('Review');
    await visitor.shoot('edit-review', { whole: true });
    assert.equal(await visitor.create(), 'done');
    await visitor.shoot('edit-task', { whole: true });

    const after = await stack.fleet.tree('main', 'clusters/eu-central/tenants/vision/');
    assert.equal(after.has(scaling), false, 'the file of what is no more');
    const now = await stack.fleet.file('tenants/vision/tenant.yaml');
    assert.doesNotMatch(now, /autoscaling|1g\.10gb/);
    assert.match(now, /profile: nvidia-h100-80gb\n/);
    assert.match(now, /huggingface\.co/, 'what nobody touched');
    assert.doesNotMatch(await stack.fleet.file('clusters/eu-central/tenants/vision/queue.yaml'), /1g\.10gb/);
  });

  station('an edit of a request that has changed since is refused', async () => {
    await edit('robots');
    const changed = join(stack.work, 'robots.yaml');
    const now = await stack.fleet.file('tenants/robots/tenant.yaml');
    writeFileSync(changed, now.replace('quota: 4', 'quota: 6'));
    await stack.fleet.goldenpath(['publish', changed, '--repo', stack.fleet.address, '--author', 'Ada <ada@x.example>']);
    await visitor.field('Title').fill('Robots');
    await visitor.goTo('Review');
    assert.match(await visitor.create(), /robots has changed since it was read; read it again and repeat the change/);
    await visitor.shoot('stale-edit', { whole: true });
    assert.match(await stack.fleet.file('tenants/robots/tenant.yaml'), /quota: 6/);
  });

  station('a form that edits and is not filled in cannot be sent', async () => {
    const before = visitor.sent.length;
    await visitor.open(`${CREATE}-edit`);
    await visitor.choose('Owner', /^Vision/);
    await visitor.button('Next').click();
    await visitor.text(/This form is not filled in: open it from the tenant's page/).waitFor();
    await visitor.shoot('edit-of-nothing', { whole: true });
    assert.equal(visitor.sent.length, before);
  });

  station('more than is free is refused, with its field and what would do', async () => {
    const before = await commits();
    await begin('greedy');
    await ask(/^NVIDIA H200 141GB/, 30);
    await visitor.goTo('Review');
    const said = await visitor.create();
    await visitor.shoot('more-than-is-free', { whole: true });
    assert.match(said, /gpus: eu-central has 32 of nvidia-h200-141gb; .* leaves 28, .* Fix: Ask for at most 28/);
    assert.equal(await commits(), before);
  });

  station('a name that is taken is refused, and the tenant is left alone', async () => {
    const before = await commits();
    await begin('vision');
    await visitor.goTo('Review');
    assert.match(await visitor.create(), /name: is the name of an existing tenant; choose another name/);
    await visitor.shoot('name-taken', { whole: true });
    assert.equal(await commits(), before);
  });

  station('a tenant for another team is refused, and says whose it would be', async () => {
    const before = await commits();
    await begin('voices', /^Speech/);
    await visitor.goTo('Review');
    assert.match(await visitor.create(), /user:default\/guest is not in group:default\/speech-team/);
    await visitor.shoot('not-your-team', { whole: true });
    assert.equal(await commits(), before);
  });

  station('a backend that is away is told as such, and the form is still there', async () => {
    await stack.goldenpath.stop();
    try {
      await begin('patience');
      await visitor.goTo('Review');
      assert.match(await visitor.create(), /Cannot reach the goldenpath backend/);
      await visitor.shoot('backend-away', { whole: true });
    } finally {
      await stack.goldenpath.boot();
    }
    await visitor.button('Start Over').click();
    await visitor.goTo('Review');
    assert.equal(await visitor.create(), 'done');
    assert.match(await stack.fleet.file('tenants/patience/tenant.yaml'), /name: patience/);
  });
});
