/** A real Backstage without the module: its own protocol for remote actions, and a template of the command line. */

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { freePort } from './process.ts';
import { RealBackstage } from './realBackstage.ts';
import { FleetRepository, REQUESTS, RealGoldenpath } from './stack.ts';
import { PUBLISH, plain } from './templates.ts';

const TEMPLATE = 'template:default/tenant-v1';
/** One that also changes what is there. */
const CHANGING = 'template:default/publish';

describe('a real Backstage without the module', { timeout: 600_000 }, () => {
  const work = mkdtempSync(join(tmpdir(), 'goldenpath-native-'));
  let fleet: FleetRepository;
  let goldenpath: RealGoldenpath;
  let backstage: RealBackstage;

  before(async () => {
    const [ours, theirs] = [await freePort(), await freePort()];
    fleet = new FleetRepository(work, join(work, 'fleet.git'));
    await fleet.fill([]);
    const file = join(work, 'template.yaml');
    const sample = join(REQUESTS, 'goldenpath.yaml');
    const template = await fleet.goldenpath(['schema', 'tenant', '--as', 'backstage', '--fleet', sample]);
    writeFileSync(file, `${template}\n---\n${JSON.stringify(PUBLISH)}`);
    goldenpath = new RealGoldenpath(work, ours, {
      environment: {},
      settings: {
        repository: fleet.address,
        database: `sqlite:///${work}/ledger.db`,
        backstage: { url: `http://127.0.0.1:${theirs}` },
      },
    });
    await goldenpath.boot();
    const target = { internal: goldenpath.url, external: goldenpath.url };
    backstage = await RealBackstage.start(
      goldenpath.url,
      {
        DEMO_WITHOUT_MODULE: 'yes',
        APP_CONFIG_backend_actions_pluginSources: '["goldenpath"]',
        APP_CONFIG_discovery_endpoints: JSON.stringify([{ target, plugins: ['goldenpath'] }]),
        APP_CONFIG_catalog_locations: JSON.stringify([
          { type: 'file', target: 'catalog/people.yaml' },
          { type: 'file', target: file, rules: [{ allow: ['Template'] }] },
        ]),
      },
      theirs,
    );
    for (const name of ['tenant-v1', 'publish']) {
      await backstage.until('the template is there', async () => {
        const { status } = await backstage.call('GET', `/api/catalog/entities/by-name/template/default/${name}`);
        return status === 200;
      });
    }
  });
  after(async () => {
    await backstage?.[Symbol.asyncDispose]();
    await goldenpath?.stop('SIGKILL');
    rmSync(work, { recursive: true, force: true });
  });

  const values = (name: string, more: object = {}) => ({ ...plain(name), delivery: 'commit', ...more });

  it('offers the actions that need no workspace', async () => {
    const { data } = await backstage.call('GET', '/api/scaffolder/v2/actions');
    const ours = data.filter((one: any) => one.id.startsWith('goldenpath:'));
    assert.deepEqual(
      ours.map((one: any) => one.id).sort(),
      [
        ...['blame', 'check', 'edit', 'migrate', 'plan', 'publish', 'query', 'retire', 'status', 'undo', 'upgrade'],
        ...['upgrade-plan', 'upgrade-start', 'waves', 'waves-control'],
      ].map(name => `goldenpath:${name}`),
    );
    assert.ok(ours.every((one: any) => one.schema.input.properties));
  });

  it('publishes for the user who asked', async () => {
    const { status, output, log } = await backstage.ended(await backstage.task(TEMPLATE, values('native')));
    assert.equal(status, 'completed', log);
    const [commit] = await fleet.commits();
    assert.ok(commit!.trailers.includes('Requested-by: user:default/guest'));
    assert.ok(commit!.trailers.includes('Requested-via: plugin:scaffolder'));
    assert.deepEqual(
      output.links.map((link: any) => link.title),
      ['Open in the catalog'],
    );
    assert.match(output.text[0].content, new RegExp(commit!.id));
  });

  it('makes no second commit of the same again, and a new one of there and back', async () => {
    const before = (await fleet.commits()).length;
    for (const [more, commits] of [[{}, 0], [{ title: 'There' }, 1], [{}, 2]] as const) {
      const { status, log } = await backstage.ended(await backstage.task(CHANGING, { ...plain('native'), ...more }));
      assert.equal(status, 'completed', log);
      assert.equal((await fleet.commits()).length - before, commits);
    }
  });

  it('fails a step with its status alone, and the reason is in the log of the backend', async () => {
    const task = await backstage.task(TEMPLATE, values('foreign', { owner: 'speech-team' }));
    const { status, error } = await backstage.ended(task);
    assert.equal(status, 'failed');
    assert.equal(error.message, 'Request failed with 403 Forbidden');
    await goldenpath.says(
      'why it was refused',
      entry => entry.action === 'goldenpath:publish' && /is not in .*speech-team/.test(entry.reason),
    );
  });

  it('really runs in a dry run what only reads, and leaves out what changes', async () => {
    const before = (await fleet.commits()).length;
    const { data: entity } = await backstage.call('GET', '/api/catalog/entities/by-name/template/default/tenant-v1');
    const { status, data } = await backstage.call('POST', '/api/scaffolder/v2/dry-run', {
      template: entity,
      values: values('dry'),
      directoryContents: [],
    });
    assert.equal(status, 200, JSON.stringify(data));
    assert.deepEqual(data.directoryContents, []);
    const ended = data.log.filter(({ body }: any) => ['completed', 'skipped'].includes(body.status));
    assert.deepEqual(
      ended.map(({ body }: any) => [body.stepId, body.status]),
      [
        ['check', 'completed'],
        ['publish', 'skipped'],
      ],
    );
    assert.equal((await fleet.commits()).length, before);
  });
});
