import { mockCredentials, mockServices } from '@backstage/backend-test-utils';
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { GoldenpathClient, type RunProgress } from '../src/client.ts';
import { RetryPolicy } from '../src/retryPolicy.ts';
import { UnreachableError, errorFrom, errorOf } from '../src/problems.ts';
import type { RunRequest } from '../src/wire.ts';
import { StandIn, brokenOff, events, problem, raw } from './standIn.ts';

const ASKED: RunRequest = {
  input: { request: { name: 'vision', b: 1, a: 2 } },
  taskId: 'task-1',
  stepId: 'render',
  dryRun: false,
};
const USER = mockCredentials.user('user:default/guest');

function clientOf(service: { url: string }, more: object = {}) {
  return new GoldenpathClient(
    {
      baseUrl: service.url,
      pluginId: 'goldenpath',
      definitionsForMs: 0,
      retryForMs: 5000,
      cacheFile: '/nowhere',
      ...more,
    },
    mockServices.auth({ pluginId: 'scaffolder' }),
  );
}

async function all(run: AsyncIterable<RunProgress>): Promise<RunProgress[]> {
  const list: RunProgress[] = [];
  for await (const event of run) {
    list.push(event);
  }
  return list;
}

describe('a run', () => {
  it('is asked for with task, step, and a token that is good for one backend, on behalf of the user', async () => {
    await using service = await new StandIn().start();
    await all(clientOf(service).run('goldenpath:render', ASKED, USER));
    const [call] = service.calls;
    assert.equal(call?.method, 'POST');
    assert.equal(call.path, '/v1/actions/goldenpath%3Arender/runs');
    assert.deepEqual(call.body, ASKED);
    assert.equal(call.headers.accept, 'application/x-ndjson');
    const token = JSON.parse(call.headers.authorization!.replace(/^Bearer mock-service-token:/, ''));
    assert.deepEqual(token, {
      obo: 'user:default/guest',
      target: 'goldenpath',
    });
  });

  it('gives each event as it comes, however the network cuts it', async () => {
    await using service = await new StandIn().start();
    const text = Buffer.from('{"type":"log","level":"info","message":"grün 🙂"}\n\n{"type":"done"}\n');
    service.runs = [raw(...[...text].map(byte => Buffer.from([byte])))];
    assert.deepEqual(await all(clientOf(service).run('a', ASKED, USER)), [
      { type: 'log', level: 'info', message: 'grün 🙂' },
      { type: 'done' },
    ]);
  });

  it('is heard while it happens', async () => {
    await using service = await new StandIn().start();
    let heard: () => void = () => {};
    const first = new Promise<void>(resolve => {
      heard = resolve;
    });
    service.runs = [
      async (_, response) => {
        response.write('{"type":"log","level":"info","message":"first"}\n');
        await first;
        response.end('{"type":"done"}\n');
      },
    ];
    for await (const event of clientOf(service).run('a', ASKED, USER)) {
      if (event.type === 'log') {
        heard();
      }
    }
  });

  it('has the same key when it is the same, and only then', async () => {
    await using service = await new StandIn().start();
    const client = clientOf(service);
    const reordered = { ...ASKED, input: { request: { a: 2, b: 1, name: 'vision' } } };
    const others: [string, RunRequest][] = [
      ['b', ASKED],
      ['a', { ...ASKED, taskId: 'task-2' }],
      ['a', { ...ASKED, stepId: 'again' }],
      ['a', { ...ASKED, dryRun: true }],
      ['a', { ...ASKED, input: { request: { name: 'speech' } } }],
    ];
    for (const [action, asked] of [['a', ASKED], ['a', reordered], ...others] as typeof others) {
      await all(client.run(action, asked, USER));
    }
    const [key, same, ...different] = service.calls.map(call => call.headers['idempotency-key']);
    assert.match(String(key), /^[0-9a-f]{64}$/);
    assert.equal(same, key);
    assert.equal(new Set([key, ...different]).size, others.length + 1);
  });

  it('that is cut off is asked for again, as the same one', async () => {
    await using service = await new StandIn().start();
    service.runs = [
      brokenOff({ type: 'log', level: 'info', message: 'one' }),
      raw('{"type":"output","name":"a","value":1}\n', '{"type":"done"'),
      events({ type: 'done' }),
    ];
    const told = await all(clientOf(service).run('a', ASKED, USER));
    assert.deepEqual(
      told.map(event => (event.type === 'log' ? event.level : event.type)),
      ['info', 'warn', 'output', 'warn', 'done'],
    );
    assert.equal(service.calls.length, 3);
    assert.equal(new Set(service.calls.map(call => call.headers['idempotency-key'])).size, 1);
  });

  for (const status of [429, 502, 503, 504]) {
    it(`is asked for again after ${status}`, async () => {
      await using service = await new StandIn().start();
      service.faults = [problem(status)];
      const [said, done] = await all(clientOf(service).run('a', ASKED, USER));
      assert.match(said?.type === 'log' ? said.message : '', /No, \d+; retrying in 1 s/);
      assert.deepEqual(done, { type: 'done' });
    });
  }

  for (const [fault, tries] of [
    [{ status: 503, retry_after: 0 }, 2],
    [{ status: 503 }, 1],
    [{ status: 502 }, 1],
    [{ status: 409 }, 1],
    [{ status: 503, retry_after: 'soon' as unknown as number }, 1],
  ] as const) {
    it(`that fails on its way with ${JSON.stringify(fault)} is asked for ${tries} times`, async () => {
      await using service = await new StandIn().start();
      const error = { type: 'error', problem: { type: 'x', title: 'No', detail: 'No.', ...fault } } as const;
      service.runs = [events({ type: 'log', level: 'info', message: 'one' }, error), events({ type: 'done' })];
      const run = all(clientOf(service).run('a', ASKED, USER));
      await (tries === 2 ? run : assert.rejects(run, /No\./));
      assert.equal(service.calls.length, tries);
      assert.equal(new Set(service.calls.map(call => call.headers['idempotency-key'])).size, 1);
    });
  }

  it('is not asked for again for longer than is allowed', async () => {
    await using service = await new StandIn().start();
    service.runs = [problem(503, {}, { 'retry-after': '60' })];
    await assert.rejects(all(clientOf(service).run('a', ASKED, USER)), /No, 503/);
    assert.equal(service.calls.length, 1);
  });

  for (const [status, name] of [
    [400, 'InputError'],
    [401, 'AuthenticationError'],
    [403, 'NotAllowedError'],
    [404, 'NotFoundError'],
    [409, 'ConflictError'],
    [422, 'InputError'],
    [500, 'Error'],
  ] as const) {
    it(`that is refused with ${status} ends with ${name}, at once`, async () => {
      await using service = await new StandIn().start();
      service.runs = [problem(status)];
      await assert.rejects(all(clientOf(service).run('a', ASKED, USER)), { name });
      assert.equal(service.calls.length, 1);
    });
  }

  it('that is refused tells every field', async () => {
    await using service = await new StandIn().start();
    service.runs = [
      problem(422, {
        title: 'The request cannot be accepted',
        instance: 'urn:goldenpath:request:req-7',
        problems: [
          { path: 'gpus[0].profile', rule: 'r', message: 'is not a profile', nearest: 'l4' },
          { path: 'name', rule: 'r', message: 'is taken' },
          { path: '', rule: 'r', message: 'would remove 26 objects' },
        ],
      }),
    ];
    await assert.rejects(all(clientOf(service).run('a', ASKED, USER)), {
      message:
        'goldenpath: The request cannot be accepted:\n' +
        '• gpus[0].profile: is not a profile. Did you mean l4?\n' +
        '• name: is taken\n' +
        '• would remove 26 objects\n' +
        '[request req-7]',
    });
  });

  it('that is refused tells nothing of the insides of the module', () => {
    const { stack } = errorFrom({ status: 422, title: 'No' });
    assert.equal(stack, 'InputError: goldenpath: No');
  });

  it('that is aborted hangs up, which the backend hears', async () => {
    await using service = await new StandIn().start();
    service.runs = [
      async (_, response) => {
        response.write('{"type":"log","level":"info","message":"working"}\n');
        await new Promise(() => {});
      },
    ];
    const stop = new AbortController();
    const run = clientOf(service).run('a', ASKED, USER, stop.signal);
    await run.next();
    stop.abort(new Error('cancelled'));
    await assert.rejects(run.next(), /cancelled/);
    await service.calls[0]!.hungUp;
    assert.equal(service.calls.length, 1);
  });

  it('that is aborted while it waits to ask again, stops', async () => {
    await using service = await new StandIn().start();
    service.runs = [problem(503, {}, { 'retry-after': '4' })];
    const stop = new AbortController();
    const run = all(clientOf(service).run('a', ASKED, USER, stop.signal));
    setTimeout(() => stop.abort(new Error('cancelled')), 50);
    await assert.rejects(run, { name: 'AbortError' });
  });

  it('never follows a redirect, which would take the token along', async () => {
    await using service = await new StandIn().start();
    await using other = await new StandIn().start();
    service.faults = [
      (_, response) => {
        response.writeHead(307, { location: `${other.url}/v1/actions` }).end();
      },
    ];
    await assert.rejects(clientOf(service).actions());
    assert.equal(other.calls.length, 0);
  });

  it('whose answer is not one says so', async () => {
    await using service = await new StandIn().start();
    for (const line of ['<html>', '[]', 'null', '{"type":1}']) {
      service.runs = [raw(`${line}\n`)];
      await assert.rejects(all(clientOf(service).run('a', ASKED, USER)), {
        name: 'BrokenAnswerError',
      });
    }
  });

  it('shows its token in no error', async () => {
    const service = await new StandIn().start();
    const away = clientOf({ url: service.url }, { retryForMs: 0 });
    await service[Symbol.asyncDispose]();
    await assert.rejects(all(away.run('a', ASKED, USER)), error => {
      assert.match(String(error), /Cannot reach the goldenpath backend at http:\/\/127\.0\.0\.1:.*ECONNREFUSED/);
      assert.doesNotMatch(JSON.stringify(error) + String((error as Error).stack), /mock-service-token/);
      return true;
    });
  });
});

describe('the definitions', () => {
  it('are asked for without a token, which Backstage cannot vouch for while it starts', async () => {
    await using service = await new StandIn().start();
    await clientOf(service).actions();
    assert.equal(service.calls[0]?.headers.authorization, undefined);
  });
});

describe('entities', () => {
  it('are asked for with a token, and again when the backend asks for a retry', async () => {
    await using service = await new StandIn().start();
    service.faults = [problem(503, { retry_after: 1 }, { 'retry-after': '1' })];
    const { value } = await clientOf(service).entities('catalog');
    assert.deepEqual(value, { entities: [] });
    assert.equal(service.calls.length, 2);
    assert.match(service.calls[1]!.headers.authorization!, /^Bearer /);
  });

  it('are not asked for again when the asking is called off', async () => {
    await using service = await new StandIn().start();
    service.faults = [problem(503, {}, { 'retry-after': '4' })];
    const stop = new AbortController();
    setTimeout(() => stop.abort(), 50);
    await assert.rejects(clientOf(service).entities('catalog', undefined, stop.signal));
    assert.equal(service.calls.length, 1);
  });
});

describe('the retry policy', () => {
  const answer = (status: number, headers = {}, body = '{}') =>
    errorOf(new Response(body, { status, headers }));

  it('waits for as long as it is asked to', async () => {
    const retries = new RetryPolicy(60_000);
    assert.equal(retries.waitAfter(await answer(503, { 'retry-after': '30' })), 30_000);
    assert.equal(retries.waitAfter(await answer(503, {}, '{"retry_after": 20}')), 20_000);
    assert.equal(retries.waitAfter(errorFrom({ status: 503, retry_after: 40 })), 40_000);
  });

  it('waits longer each time where nobody says for how long, and never for long', () => {
    const retries = new RetryPolicy(Infinity);
    const waits = Array.from({ length: 20 }, () => retries.waitAfter(new UnreachableError('away')));
    waits.slice(0, 6).forEach((wait, n) => assert.ok(wait >= 125 * 2 ** n && wait <= 250 * 2 ** n));
    assert.ok(waits.every(wait => wait <= 15_000));
  });

  it('has an end', async () => {
    const error = await answer(503, { 'retry-after': '61' });
    assert.throws(() => new RetryPolicy(60_000).waitAfter(error), error);
  });

  it('is of no use where the answer would be the same', async () => {
    for (const status of [400, 401, 403, 404, 409, 422, 500, 501]) {
      const error = await answer(status);
      assert.throws(() => new RetryPolicy(60_000).waitAfter(error), error);
    }
  });
});
