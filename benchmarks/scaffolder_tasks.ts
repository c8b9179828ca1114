/**
 * Measures how long a real Backstage with the real backend takes for tasks that start at the same time.
 *
 *     cd backstage-backend && ./with-node node ../benchmarks/scaffolder_tasks.ts [TASKS] [ROUNDS]
 *
 * Each round runs three kinds of tasks, one after the other. The first kind has two steps of the built-in action
 * `debug:log`, and shows the time of Backstage itself. The second kind checks a request and renders it into the
 * workspace. The third kind checks a request and publishes a tenant, as commits to one repository. The time is from the
 * first request until the last task has ended. All kinds run in one process, so the ratios are valid on any machine.
 */

import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { Stack } from '../backstage-backend/demo/tests/stack.ts';
import { template } from '../backstage-backend/demo/tests/templates.ts';

const [tasks, rounds] = [Number(process.argv[2] ?? 50), Number(process.argv[3] ?? 3)];
const TARGET_SECONDS = 10;

const asked = { golden_path: 'tenant/v1', values: '${{ parameters }}' };
const check = { id: 'check', action: 'goldenpath:check', input: asked };
const KINDS = {
  'built-in actions': template('built-in', [
    { id: 'one', action: 'debug:log', input: { message: '${{ parameters.name }}' } },
    { id: 'two', action: 'debug:log', input: { message: '${{ parameters.name }}' } },
  ]),
  'check and render': template('render', [check, { id: 'render', action: 'goldenpath:render', input: asked }]),
  'check and publish': template('publish', [check, { id: 'publish', action: 'goldenpath:publish', input: asked }]),
} as const;

await using stack = await Stack.start({ templates: Object.values(KINDS) });
const seconds = new Map<string, number[]>();
for (let round = 0; round <= rounds; round++) {
  for (const [kind, { metadata }] of Object.entries(KINDS) as [string, any][]) {
    const took = await atOnce(`template:default/${metadata.name}`, `${metadata.name.slice(0, 1)}${round}`);
    // The first round only warms up: Backstage makes keys, and Node compiles.
    if (round > 0) {
      seconds.set(kind, [...(seconds.get(kind) ?? []), took]);
    }
  }
}
const usual = (kind: string) => seconds.get(kind)!.toSorted((a, b) => a - b)[Math.floor(rounds / 2)]!;
for (const [kind, all] of seconds) {
  const ratio = usual(kind) / usual('built-in actions');
  const best = Math.min(...all).toFixed(2);
  console.log(
    `${tasks} tasks, ${kind.padEnd(17)}  ${usual(kind).toFixed(2).padStart(6)} s (best ${best})  ` +
      `${((usual(kind) / tasks) * 1000).toFixed(0).padStart(4)} ms each  ${ratio.toFixed(2)} x built-in actions`,
  );
}
if (tasks === 50) {
  const slowest = Math.max(...[...seconds.keys()].map(usual));
  console.log(`target: at most ${TARGET_SECONDS} s; ${slowest <= TARGET_SECONDS ? 'met' : 'MISSED'}`);
  process.exitCode = slowest <= TARGET_SECONDS ? 0 : 1;
}

/** Starts all tasks at once, and returns the seconds until all have completed. */
async function atOnce(templateRef: string, prefix: string): Promise<number> {
  const started = performance.now();
  const ids = await Promise.all(
    Array.from({ length: tasks }, (_, number) =>
      stack.backstage.task(templateRef, {
        name: `${prefix}-${number}`,
        owner: 'vision-team',
        clusters: ['eu-central'],
        autoscaling: { signal: 'queue', max_replicas: 2 },
      }),
    ),
  );
  const wanted = new Set(ids);
  for (;;) {
    const { data } = await stack.backstage.call('GET', `/api/scaffolder/v2/tasks?limit=${tasks}&order=desc:created_at`);
    const ours = data.tasks.filter((task: any) => wanted.has(task.id));
    assert.equal(ours.length, tasks);
    if (ours.every((task: any) => !['open', 'processing'].includes(task.status))) {
      const took = (performance.now() - started) / 1000;
      for (const task of ours.filter((each: any) => each.status !== 'completed')) {
        assert.fail((await stack.backstage.ended(task.id)).log);
      }
      return took;
    }
    await sleep(50);
  }
}
