import { GetCommand } from '@aws-sdk/lib-dynamodb';
import { describe, expect, test } from 'vitest';
import { SCALING_KEY } from '../../../../../functions/core/ledger/scaling.ts';
import { transact } from '../../../../../functions/core/ledger/table.ts';
import { readTick } from '../../../../../functions/core/ledger/ticks.ts';
import type { PackingRule } from '../../../../../functions/core/model/packing.ts';
import { fire } from '../../../../../functions/core/schedule/fire.ts';
import { InMemoryCloud, throttled } from '../../../../fixtures/in-memory-cloud.ts';
import { NOW, RUN, startedRun } from '../../../../fixtures/ledger.ts';

describe('a tick of 100,000 jobs', () => {
  const X = 100_000;
  const timing = { jobMs: 100, workerMs: 11, jobs: 50, at: NOW };
  const auto: PackingRule = {
    ...{ jobsPerMessage: 'auto', minMessages: 100, autoscale: '' },
    ...{ batchSize: 10, jobConcurrency: 10, timeoutMs: 30_000, workers: 2 },
  };

  const readsScaling = (command: object) =>
    command instanceof GetCommand && command.input.Key?.pk === SCALING_KEY.pk;

  test.each<[string, PackingRule, object, boolean, number, number]>([
    ['is packed by the time that its jobs take, with one read', auto, { timing }, true, 30, 1],
    [
      'is packed for the workers that a rule allows',
      auto,
      { timing, rule: { min: 1, max: 200 }, overrides: '' },
      true,
      12,
      1,
    ],
    [
      'is packed for the workers of the deployment if that has ended a rule',
      { ...auto, autoscale: '1:200', workers: 200 },
      { timing, rule: { min: 1, max: 1 }, overrides: '' },
      true,
      12,
      1,
    ],
    ['is packed cautiously if nobody has measured its jobs', auto, {}, true, 10, 1],
    ['is packed cautiously if the figures cannot be read', auto, { timing }, false, 10, 0],
    [
      'needs no figures if its packing is fixed',
      { jobsPerMessage: 50, minMessages: 100 },
      { timing },
      true,
      50,
      0,
    ],
  ])('%s', async (_what, settings, scaling, isReadable, expected, reads) => {
    const cloud = new InMemoryCloud();
    const { table } = cloud;
    await startedRun(table, { x: X });
    await transact(table, [{ Put: { TableName: table.name, Item: { ...SCALING_KEY, ...scaling } } }]);
    cloud.calls.length = 0;
    cloud.beforeLedger = (command) => {
      if (readsScaling(command) && !isReadable) throw throttled();
    };
    const scheduler = {
      ...{ name: 'scheduler', table, jobs: cloud.worker().jobs, settings },
      ...{ clock: () => NOW, sleep: async () => {} },
      ...{ startReader: async () => {}, startAutoscaler: async () => {} },
    };
    await fire(scheduler, NOW, NOW + 60_000);
    expect((await readTick(table, RUN, 1))?.jobsPerMessage).toBe(expected);
    expect(cloud.calls.filter(readsScaling)).toHaveLength(reads);
  });
});
