import { expect, test } from 'vitest';
import { enqueue } from '../../../../../functions/core/schedule/enqueue.ts';
import { cloudWithRun } from '../../../../fixtures/in-memory-cloud.ts';
import { NOW, tick } from '../../../../fixtures/ledger.ts';

const MINUTE = 60_000;

test.each([
  ['at once what is due', 0, Array(10).fill(0)],
  ['with its delay what is due later', 10, [0, 60, 120, 180, 240, 300, 360, 420, 480, 540]],
  // Its slice was claimed by a scheduler whose clock is ahead of this one's.
  ['with SQS’s longest delay what is due later than that', 200, [0, ...Array(9).fill(900)]],
])('sends %s', async (_what, minutes, delays) => {
  const cloud = await cloudWithRun();
  const spread = { claimed: 100, sent: 0, spreadMs: minutes * MINUTE };
  await cloud.claimTick(spread);
  const held = { ...tick(spread), lease: { holder: 'scheduler', until: NOW } };
  const sent = await enqueue(
    {
      ...{ name: 'scheduler', table: cloud.table, jobs: cloud.worker().jobs },
      ...{
        settings: { jobsPerMessage: 10, minMessages: 1 },
        clock: () => NOW,
        sleep: async () => {},
        startReader: async () => {},
        startAutoscaler: async () => {},
      },
    },
    held,
    NOW + MINUTE,
  );
  expect(sent).toMatchObject({ enqueued: { enqueued: 100 }, unfinished: false });
  const copies = cloud.sqs.copies('jobs').map(({ visibleAt }) => (visibleAt - NOW) / 1_000);
  expect(copies).toEqual(delays);
});
