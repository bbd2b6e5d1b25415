import { expect, test } from 'vitest';
import job from '../../examples/scores/job.ts';
import { readUsage } from '../../examples/scores/usage.ts';
import type { ResultDocument } from '../../functions/core/results/documents.ts';
import {
  deployDefaults,
  deployOwnSettings,
  drained,
  elasticsearch,
  output,
  run,
  runJson,
  start,
  stop,
  verify,
} from './system.ts';

type Score = ReturnType<typeof job.run>;

/** The score of each customer, by the customer's id. */
async function scores(): Promise<Map<string, Awaited<Score>>> {
  const scores = new Map<string, Awaited<Score>>();
  for (let from: number | undefined = 0; from !== undefined; ) {
    const { items, next }: Awaited<ReturnType<typeof readUsage>> = await readUsage(from);
    for (const customer of items) scores.set(customer.id, await job.run(customer, {} as never));
    from = next;
  }
  return scores;
}

test('all customers are scored, and a search by score, label or tag finds the same as a look at each score', async () => {
  await deployOwnSettings();
  const { runId } = await start();
  expect(await drained(1_000)).toMatchObject({ processed: 1_000, failed: 0 });
  await stop();
  expect(await verify()).toMatchObject({ ok: true, documents: 1_000 });
  await elasticsearch(`${await output('Index')}/_refresh`, undefined, 'POST');

  const expected = [...(await scores())];
  const searches: [string, (score: Awaited<Score>) => boolean][] = [
    ['output.label:churn', ({ label }) => label === 'churn'],
    [
      'output.tags:premium AND output.label:watch',
      ({ tags, label }) => tags.includes('premium') && label === 'watch',
    ],
    ['output.score:[0.9 TO 1]', ({ score }) => score >= 0.9],
  ];
  for (const [query, holds] of searches) {
    const found = await runJson<ResultDocument[]>('results', '--query', query, '--run', runId);
    const ids = expected.flatMap(([id, score]) => (holds(score) ? [id] : []));
    expect(ids.length).toBeGreaterThan(10);
    expect(found.map(({ item }) => (item as { id: string }).id).sort()).toEqual(ids.sort());
  }
  const { stdout } = await run('results', '--query', 'output.label:churn', '--run', runId, '--csv');
  expect(stdout.split('\n')[0]).toContain('output.score');
  await deployDefaults();
});
