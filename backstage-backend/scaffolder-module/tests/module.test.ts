import {
  createMockDirectory,
  mockCredentials,
  mockServices,
  startTestBackend,
} from '@backstage/backend-test-utils';
import { catalogProcessingExtensionPoint } from '@backstage/plugin-catalog-node';
import type { EntityProvider } from '@backstage/plugin-catalog-node';
import {
  type TemplateAction,
  scaffolderActionsExtensionPoint,
} from '@backstage/plugin-scaffolder-node';
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  goldenpathCatalogModule,
  goldenpathScaffolderModule,
} from '../src/index.ts';
import { listener } from './listener.ts';
import { RENDER, StandIn, events, problem } from './standIn.ts';

type Context = Parameters<TemplateAction['handler']>[0];

const folder = createMockDirectory();

/** What the module gives to Backstage when it starts. */
async function started(service: { url: string }) {
  const actions: TemplateAction[] = [];
  const providers: EntityProvider[] = [];
  const backend = await startTestBackend({
    extensionPoints: [
      [scaffolderActionsExtensionPoint, { addActions: (...list) => void actions.push(...list) }],
      [
        catalogProcessingExtensionPoint,
        {
          addEntityProvider: (...list: any[]) => void providers.push(...list.flat()),
          addProcessor: () => {},
          addPlaceholderResolver: () => {},
          setOnProcessingErrorHandler: () => {},
        },
      ],
    ],
    features: [
      goldenpathScaffolderModule,
      goldenpathCatalogModule,
      mockServices.rootConfig.factory({
        data: {
          goldenpath: {
            baseUrl: `${service.url}/`,
            cacheFile: folder.resolve('actions.json'),
            definitionsTimeout: { milliseconds: 10 },
            retryFor: { seconds: 1 },
          },
        },
      }),
    ],
  });
  return {
    actions,
    providers,
    [Symbol.asyncDispose]: async () => {
      await backend.stop();
    },
  };
}

/** What the scaffolder hands to an action, as far as this one looks at it. */
function context(more: object = {}) {
  const told: Record<string, unknown> = {};
  const logged: string[] = [];
  const workspace = createMockDirectory();
  const ctx = {
    input: { request: { name: 'vision' } },
    workspacePath: workspace.path,
    task: { id: 'task-1' },
    step: { id: 'render', name: 'Render' },
    secrets: { backstageToken: 'the-whole-token-of-the-user', own: 'secret-1' },
    logger: listener(logged),
    output: (name: string, value: unknown) => {
      told[name] = value;
    },
    getInitiatorCredentials: async () => mockCredentials.user('user:default/guest'),
    ...more,
  } as unknown as Context;
  return { ctx, told, logged, workspace };
}

describe('the module', () => {
  it('registers what the backend describes, with its schemas as they are', async () => {
    await using service = await new StandIn().start();
    await using backstage = await started(service);
    const [action] = backstage.actions;
    const { id, description, examples, supportsDryRun, schema } = RENDER;
    assert.deepEqual(
      { ...action, handler: undefined },
      { id, description, examples, supportsDryRun, schema, handler: undefined },
    );
    assert.deepEqual(
      backstage.providers.map(provider => provider.getProviderName()),
      ['goldenpath'],
    );
  });

  it('starts without the backend, with the actions that it last had', async () => {
    {
      await using service = await new StandIn().start();
      await using _ = await started(service);
    }
    await using backstage = await started({ url: 'http://127.0.0.1:1' });
    assert.deepEqual(
      backstage.actions.map(action => action.id),
      ['goldenpath:render'],
    );
    folder.clear();
    await using bare = await started({ url: 'http://127.0.0.1:1' });
    assert.deepEqual(bare.actions, []);
  });

  it('does what a run tells: logs, files, removals, outputs', async () => {
    await using service = await new StandIn().start();
    await using backstage = await started(service);
    const { ctx, told, logged, workspace } = context();
    workspace.setContent({ clusters: { a: { 'old.yaml': '' } }, 'mine.txt': 'mine' });
    service.runs = [
      events(
        { type: 'log', level: 'info', message: 'rendering' },
        { type: 'log', level: 'warn', message: 'no Kueue' },
        { type: 'log', level: 'nonsense' as 'info', message: 'odd' },
        { type: 'file', path: 'clusters/a/new.yaml', content: 'kind: X\n', encoding: 'utf-8' },
        { type: 'removed', path: 'clusters/a/old.yaml' },
        { type: 'output', name: 'tenant', value: 'vision' },
        { type: 'of-a-newer-backend' } as never,
        { type: 'done' },
      ),
    ];
    await backstage.actions[0]!.handler(ctx);
    assert.deepEqual(logged, ['info rendering', 'warn no Kueue', 'info odd']);
    assert.deepEqual(told, { tenant: 'vision' });
    assert.deepEqual(workspace.content(), {
      clusters: { a: { 'new.yaml': 'kind: X\n' } },
      'mine.txt': 'mine',
    });
    assert.deepEqual(service.called('/v1/actions/').map(call => call.body), [
      { input: { request: { name: 'vision' } }, taskId: 'task-1', stepId: 'render', dryRun: false },
    ]);
  });

  it('sends none of the secrets of the task', async () => {
    await using service = await new StandIn().start();
    await using backstage = await started(service);
    await backstage.actions[0]!.handler(context().ctx);
    const sent = JSON.stringify(service.calls.map(({ headers, body }) => [headers, body]));
    assert.doesNotMatch(sent, /the-whole-token-of-the-user|secret-1/);
  });

  it('says when it is a dry run', async () => {
    await using service = await new StandIn().start();
    await using backstage = await started(service);
    await backstage.actions[0]!.handler(context({ isDryRun: true }).ctx);
    assert.equal(service.called('/v1/actions/')[0]?.body.dryRun, true);
  });

  it('fails the step with what the backend says, also in the middle of a run', async () => {
    await using service = await new StandIn().start();
    await using backstage = await started(service);
    service.runs = [
      events({
        type: 'error',
        problem: { type: 'x', title: 'Somebody else was faster', status: 409, detail: 'The branch moved.' },
      }),
      problem(403, { detail: 'You do not own tenant vision.' }),
    ];
    await assert.rejects(backstage.actions[0]!.handler(context().ctx), {
      name: 'ConflictError',
      message: 'goldenpath: The branch moved.',
    });
    await assert.rejects(backstage.actions[0]!.handler(context().ctx), /You do not own tenant vision/);
  });

  it('lets no file out of the workspace, and stops there', async () => {
    await using service = await new StandIn().start();
    await using backstage = await started(service);
    service.runs = [
      events(
        { type: 'file', path: '../escaped.yaml', content: '', encoding: 'utf-8' },
        { type: 'file', path: 'later.yaml', content: '', encoding: 'utf-8' },
        { type: 'done' },
      ),
    ];
    const { ctx, workspace } = context();
    await assert.rejects(backstage.actions[0]!.handler(ctx), { name: 'NotAllowedError' });
    assert.deepEqual(workspace.content(), {});
  });

  it('stops the run when the task is cancelled', async () => {
    await using service = await new StandIn().start();
    await using backstage = await started(service);
    service.runs = [() => new Promise(() => {})];
    const stop = new AbortController();
    const run = backstage.actions[0]!.handler(context({ signal: stop.signal }).ctx);
    while (service.called('/v1/actions/').length === 0) {
      await new Promise(resolve => setTimeout(resolve, 5));
    }
    stop.abort(new Error('cancelled'));
    await assert.rejects(run);
    await service.called('/v1/actions/')[0]!.hungUp;
  });
});
