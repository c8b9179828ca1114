/** The module in a real Backstage, with a stand-in for the goldenpath backend. */

import assert from 'node:assert/strict';
import { createPublicKey, verify } from 'node:crypto';
import { after, before, describe, it } from 'node:test';
import { RENDER, StandIn, events, problem } from '../../scaffolder-module/tests/standIn.ts';
import { RealBackstage } from './realBackstage.ts';

const TEMPLATE = {
  apiVersion: 'scaffolder.backstage.io/v1beta3',
  kind: 'Template',
  metadata: { name: 'ai-tenant', title: 'AI tenant' },
  spec: {
    owner: 'group:default/platform',
    type: 'tenant',
    parameters: [
      { title: 'Who', required: ['name'], properties: { name: { type: 'string', maxLength: 20 } } },
    ],
    steps: [
      {
        id: 'render',
        name: 'Render',
        action: 'goldenpath:render',
        input: { request: { name: '${{ parameters.name }}' } },
      },
    ],
    output: { text: [{ title: 'Tenant', content: '${{ steps.render.output.tenant }}' }] },
  },
};
const TENANT = {
  apiVersion: 'backstage.io/v1alpha1',
  kind: 'System',
  metadata: { name: 'vision' },
  spec: { owner: 'group:default/vision-team' },
};
const REF = 'template:default/ai-tenant';

/** Whether the token that was sent is one of the plugin's, by the keys that Backstage serves at that moment. */
async function claimsOf(authorization: string, backstage: string) {
  const [head, body, signature] = authorization.replace('Bearer ', '').split('.') as [string, string, string];
  const decoded = (part: string) => JSON.parse(Buffer.from(part, 'base64url').toString());
  const header = decoded(head);
  const claims = decoded(body);
  const keys: any = await (await fetch(`${backstage}/api/${claims.sub}/.backstage/auth/v1/jwks.json`)).json();
  const key = keys.keys.find((one: any) => one.kid === header.kid);
  const good = verify(
    'sha256',
    Buffer.from(`${head}.${body}`),
    { key: createPublicKey({ key, format: 'jwk' }), dsaEncoding: 'ieee-p1363' },
    Buffer.from(signature, 'base64url'),
  );
  return { good, typ: header.typ, ...claims };
}

describe('in a real Backstage', { timeout: 600_000 }, () => {
  let service: StandIn;
  let backstage: RealBackstage;

  before(async () => {
    service = await new StandIn().start();
    service.entities = { templates: [TEMPLATE], catalog: [TENANT] };
    backstage = await RealBackstage.start(service.url);
    await backstage.until('the template is there', async () => {
      const { status } = await backstage.call('GET', '/api/catalog/entities/by-name/template/default/ai-tenant');
      return status === 200;
    });
  });
  after(async () => {
    await backstage?.[Symbol.asyncDispose]();
    await service[Symbol.asyncDispose]();
  });

  it('asks for the actions without a token, since nobody could verify one yet', () => {
    assert.deepEqual(
      service.called('/v1/actions').map(call => call.headers.authorization),
      [undefined],
    );
  });

  it('offers the action with its schema', async () => {
    const { data } = await backstage.call('GET', '/api/scaffolder/v2/actions');
    const action = data.find((one: any) => one.id === 'goldenpath:render');
    assert.deepEqual(action.schema.input, RENDER.schema.input);
    assert.equal(action.description, RENDER.description);
  });

  it('has the tenant in its catalog', async () => {
    const { data } = await backstage.call('GET', '/api/catalog/entities/by-name/system/default/vision');
    assert.equal(data.metadata.annotations['backstage.io/managed-by-location'], `url:${service.url}/v1/catalog`);
    assert.deepEqual(
      data.relations.map((one: any) => one.targetRef),
      ['group:default/vision-team'],
    );
  });

  it('runs a task for the user who asked', async () => {
    service.runs = [
      events(
        { type: 'log', level: 'info', message: 'rendering 21 objects' },
        { type: 'file', path: 'tenants/vision/tenant.yaml', content: 'name: vision\n', encoding: 'utf-8' },
        { type: 'output', name: 'tenant', value: 'vision' },
        { type: 'done' },
      ),
    ];
    const task = await backstage.task(REF, { name: 'vision' });
    const { status, log, output } = await backstage.ended(task);
    assert.match(log, /rendering 21 objects/);
    assert.equal(status, 'completed', log);
    assert.deepEqual(output.text, [{ title: 'Tenant', content: 'vision' }]);
    const call = service.called('/v1/actions/').at(-1)!;
    assert.deepEqual(call.body, {
      input: { request: { name: 'vision' } },
      taskId: task,
      stepId: 'render',
      dryRun: false,
    });
    const claims = await claimsOf(call.headers.authorization!, backstage.url);
    assert.deepEqual([claims.good, claims.typ, claims.sub, claims.aud], [true, 'vnd.backstage.plugin', 'scaffolder', 'goldenpath']);
    const behalf = JSON.parse(Buffer.from(claims.obo.split('.')[1], 'base64url').toString());
    assert.equal(behalf.sub, 'user:default/guest');
  });

  it('shows the files of a dry run', async () => {
    service.runs = [
      events(
        { type: 'file', path: 'tenants/vision/tenant.yaml', content: 'name: vision\n', encoding: 'utf-8' },
        { type: 'output', name: 'tenant', value: 'vision' },
        { type: 'done' },
      ),
    ];
    const { status, data } = await backstage.call('POST', '/api/scaffolder/v2/dry-run', {
      template: TEMPLATE,
      values: { name: 'vision' },
      directoryContents: [],
    });
    assert.equal(status, 200, JSON.stringify(data));
    assert.deepEqual(
      data.directoryContents.map((file: any) => [file.path, Buffer.from(file.base64Content, 'base64').toString()]),
      [['tenants/vision/tenant.yaml', 'name: vision\n']],
    );
    assert.equal(service.called('/v1/actions/').at(-1)?.body.dryRun, true);
  });

  it('fails a task with every field that is wrong', async () => {
    service.runs = [
      problem(422, {
        title: 'The request cannot be accepted',
        problems: [{ path: 'gpus[0].profile', rule: 'r', message: 'is not a profile', nearest: 'l4' }],
      }),
    ];
    const { status, error } = await backstage.ended(await backstage.task(REF, { name: 'vision' }));
    assert.equal(status, 'failed');
    assert.match(error.message, /gpus\[0\]\.profile: is not a profile\. Did you mean l4\?/);
  });

  it('refuses values that the form would not take, and asks nothing', async () => {
    const before = service.called('/v1/actions/').length;
    const { status } = await backstage.call('POST', '/api/scaffolder/v2/tasks', {
      templateRef: REF,
      values: { name: 'a name that is far too long' },
    });
    assert.equal(status, 400);
    assert.equal(service.called('/v1/actions/').length, before);
  });

  it('stops a run when its task is cancelled', async () => {
    service.runs = [() => new Promise(() => {})];
    const before = service.called('/v1/actions/').length;
    const task = await backstage.task(REF, { name: 'vision' });
    await backstage.until('it runs', async () => service.called('/v1/actions/').length > before);
    await backstage.call('POST', `/api/scaffolder/v2/tasks/${task}/cancel`);
    await service.called('/v1/actions/').at(-1)!.hungUp;
    await backstage.ended(task);
  });

  it('takes out of its catalog what is no more', async () => {
    service.entities.catalog = [];
    await backstage.until('the tenant is gone', async () => {
      const { status } = await backstage.call('GET', '/api/catalog/entities/by-name/system/default/vision');
      return status === 404;
    });
  });

  it('goes on with a task after it was killed, asks for the same run, and starts without the backend', async () => {
    service.runs = [() => new Promise(() => {})];
    const before = service.called('/v1/actions/').length;
    const task = await backstage.task(REF, { name: 'vision' });
    await backstage.until('it runs', async () => service.called('/v1/actions/').length > before);
    await backstage.stop('SIGKILL');
    service.faults = [problem(500), problem(500), problem(500)];
    service.runs = [events({ type: 'output', name: 'tenant', value: 'vision' }, { type: 'done' })];
    await backstage.boot();
    const { status, log } = await backstage.ended(task);
    assert.equal(status, 'completed', log);
    const [first, again] = service.called('/v1/actions/').slice(-2);
    assert.equal(again?.headers['idempotency-key'], first?.headers['idempotency-key']);
  });

  it('shows no token in its log', () => {
    assert.doesNotMatch(backstage.log, /eyJ[\w-]+\.eyJ[\w-]+\./);
  });
});
