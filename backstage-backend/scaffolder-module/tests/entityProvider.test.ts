import { mockServices } from '@backstage/backend-test-utils';
import type { Entity } from '@backstage/catalog-model';
import type { EntityProviderMutation } from '@backstage/plugin-catalog-node';
import assert from 'node:assert/strict';
import { beforeEach, describe, it } from 'node:test';
import { GoldenpathClient } from '../src/client.ts';
import { GoldenpathEntityProvider } from '../src/entityProvider.ts';
import { listener } from './listener.ts';
import { StandIn, problem } from './standIn.ts';

function entity(kind: string, name: string): Entity {
  return { apiVersion: 'backstage.io/v1alpha1', kind, metadata: { name, annotations: { own: 'x' } } };
}

describe('the entity provider', () => {
  let mutations: EntityProviderMutation[] = [];
  let said: string[] = [];
  let refusing = false;
  beforeEach(() => {
    mutations = [];
    said = [];
    refusing = false;
  });

  async function provider(service: StandIn) {
    const client = new GoldenpathClient(
      { baseUrl: service.url, pluginId: 'goldenpath', definitionsForMs: 0, retryForMs: 0, cacheFile: '' },
      mockServices.auth({ pluginId: 'catalog' }),
    );
    const made = new GoldenpathEntityProvider(client, { run: async () => {} }, listener(said));
    await made.connect({
      async applyMutation(mutation) {
        if (refusing) {
          throw new Error('the database is away');
        }
        mutations.push(mutation);
      },
      async refresh() {},
    });
    return made;
  }

  function names(mutation?: EntityProviderMutation): string[] {
    assert.equal(mutation?.type, 'full');
    return mutation.type === 'full' ? mutation.entities.map(item => item.entity.metadata.name) : [];
  }

  it('puts templates and tenants into the catalog, each with where it is from', async () => {
    await using service = await new StandIn().start();
    service.entities = {
      templates: [entity('Template', 'ai-tenant')],
      catalog: [entity('System', 'vision')],
    };
    await (await provider(service)).refresh();
    assert.deepEqual(names(mutations[0]), ['ai-tenant', 'vision']);
    const [first] = mutations[0]!.type === 'full' ? mutations[0]!.entities : [];
    assert.equal(first?.locationKey, 'goldenpath');
    assert.deepEqual(first?.entity.metadata.annotations, {
      own: 'x',
      'backstage.io/managed-by-location': `url:${service.url}/v1/templates`,
      'backstage.io/managed-by-origin-location': `url:${service.url}/v1/templates`,
    });
  });

  it('does nothing when nothing has changed, and takes out what is no more', async () => {
    await using service = await new StandIn().start();
    service.entities.catalog = [entity('System', 'vision'), entity('System', 'speech')];
    const made = await provider(service);
    await made.refresh();
    await made.refresh();
    assert.equal(mutations.length, 1);
    service.entities.catalog = [entity('System', 'speech')];
    await made.refresh();
    assert.deepEqual(names(mutations[1]), ['speech']);
    assert.equal(mutations.length, 2);
  });

  it('leaves the catalog as it is when the backend fails, and says so once', async () => {
    await using service = await new StandIn().start();
    service.entities.catalog = [entity('System', 'vision')];
    const made = await provider(service);
    await made.refresh();
    service.faults = [problem(500), problem(503), problem(500), problem(401)];
    await made.refresh();
    await made.refresh();
    assert.equal(mutations.length, 1);
    assert.equal(said.length, 1);
    await made.refresh();
    service.faults = [problem(500)];
    await made.refresh();
    assert.equal(said.length, 2);
  });

  it('does not believe an answer that is not a list', async () => {
    await using service = await new StandIn().start();
    service.entities = { templates: 'none' as unknown as unknown[], catalog: [] };
    await (await provider(service)).refresh();
    assert.equal(mutations.length, 0);
  });

  it('tries again what the catalog did not take', async () => {
    await using service = await new StandIn().start();
    service.entities.catalog = [entity('System', 'vision')];
    const made = await provider(service);
    refusing = true;
    await made.refresh();
    refusing = false;
    await made.refresh();
    assert.deepEqual(names(mutations[0]), ['vision']);
  });
});
