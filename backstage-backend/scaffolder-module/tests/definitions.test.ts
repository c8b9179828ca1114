import { createMockDirectory, mockServices } from '@backstage/backend-test-utils';
import assert from 'node:assert/strict';
import { afterEach, describe, it } from 'node:test';
import { GoldenpathClient } from '../src/client.ts';
import { loadDefinitions } from '../src/definitions.ts';
import { UnreachableError } from '../src/problems.ts';
import { listener } from './listener.ts';
import { RENDER, StandIn, problem } from './standIn.ts';

const up = { baseUrl: 'http://up', actions: async () => ({ actions: [RENDER] }) };
const down = {
  baseUrl: 'http://down',
  actions: async () => {
    throw new Error('ECONNREFUSED');
  },
};

/** Up at the third time of asking, as far as `error` is one that passes. */
function waking(error: Error) {
  let asked = 0;
  return {
    baseUrl: 'http://waking',
    async actions() {
      asked += 1;
      if (asked < 3) {
        throw error;
      }
      return { actions: [RENDER] };
    },
  };
}

describe('the definitions of the actions', () => {
  const folder = createMockDirectory();
  const said: string[] = [];
  const logger = listener(said);
  afterEach(() => {
    folder.clear();
    said.length = 0;
  });

  it('are kept for the next start, in a folder that need not be there', async () => {
    const file = folder.resolve('a/b/actions.json');
    assert.deepEqual(await loadDefinitions(up, file, 0, logger), [RENDER]);
    assert.deepEqual(await loadDefinitions(down, file, 0, logger), [RENDER]);
    assert.equal(said.length, 1);
    assert.match(said[0]!, /^warn .*http:\/\/down.*actions\.json.*ECONNREFUSED/);
    assert.deepEqual(Object.keys(folder.content() as object), ['a']);
  });

  it('are none where the backend never was up, and that is said', async () => {
    assert.deepEqual(await loadDefinitions(down, folder.resolve('actions.json'), 0, logger), []);
    assert.match(said[0]!, /^error .*restarted/);
  });

  for (const text of ['', '{', '[]', 'null', '{"actions": 1}']) {
    it(`are none where what was kept is ${text || 'empty'}`, async () => {
      folder.setContent({ 'actions.json': text });
      assert.deepEqual(await loadDefinitions(down, folder.resolve('actions.json'), 0, logger), []);
    });
  }

  it('are asked for until the backend is up, where none are known', async () => {
    const late = waking(new UnreachableError('ECONNREFUSED'));
    assert.deepEqual(await loadDefinitions(late, folder.resolve('a.json'), 60_000, logger), [RENDER]);
    assert.deepEqual(said, []);
  });

  it('are asked for again when a backend that starts says when', async () => {
    await using service = await new StandIn().start();
    service.faults = [problem(503, {}, { 'retry-after': '1' })];
    const options = { baseUrl: service.url, pluginId: '', definitionsForMs: 0, retryForMs: 0, cacheFile: '' };
    const client = new GoldenpathClient(options, mockServices.auth());
    assert.deepEqual(await loadDefinitions(client, folder.resolve('a.json'), 60_000, logger), [RENDER]);
    assert.equal(service.calls.length, 2);
  });

  it('are not asked for again where asking does not help, or some are known', async () => {
    const refusing = waking(new Error('401'));
    assert.deepEqual(await loadDefinitions(refusing, folder.resolve('a.json'), 60_000, logger), []);
    folder.setContent({ 'a.json': '{"actions": []}' });
    const late = waking(new UnreachableError('ECONNREFUSED'));
    assert.deepEqual(await loadDefinitions(late, folder.resolve('a.json'), 60_000, logger), []);
    assert.match(said[1]!, /^warn .*a\.json/);
  });

  it('are used even if they cannot be written', async () => {
    folder.setContent({ file: '' });
    assert.deepEqual(await loadDefinitions(up, folder.resolve('file/actions.json'), 0, logger), [RENDER]);
    assert.match(said[0]!, /^warn .*cannot be written/);
  });
});
