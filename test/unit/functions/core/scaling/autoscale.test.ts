import { beforeEach, expect, test } from 'vitest';
import { changeScaling, readScaling } from '../../../../../functions/core/ledger/scaling.ts';
import type { ScalingRule } from '../../../../../functions/core/model/scaling.ts';
import { Refused } from '../../../../../functions/core/scaling/apply-scaling.ts';
import {
  type Autoscaled,
  type Autoscaler,
  autoscale,
} from '../../../../../functions/core/scaling/autoscale.ts';
import { withRule } from '../../../../../functions/core/scaling/rule-in-force.ts';
import { scalingStatus } from '../../../../../functions/core/scaling/scaling-status.ts';
import { InMemoryCloud } from '../../../../fixtures/in-memory-cloud.ts';
import { startedRun } from '../../../../fixtures/ledger.ts';
import { FakeLimits, FakeTime } from './fake-limits.ts';

const SETTINGS = { autoscale: '' };

let cloud: InMemoryCloud;
let time: FakeTime;
let limits: FakeLimits;
let invocations: number;

beforeEach(() => {
  cloud = new InMemoryCloud();
  time = new FakeTime();
  limits = new FakeLimits(time, 2, 2);
  invocations = 0;
});

function invoke(more: Partial<Autoscaler> = {}): Promise<Autoscaled> {
  return autoscale({
    name: `invocation-${++invocations}`,
    table: cloud.table,
    limits,
    settings: SETTINGS,
    readWaiting: async () => 0,
    clock: time.clock,
    sleep: time.sleep,
    endsAt: time.now + 120_000,
    ...more,
  });
}

const setRule = (rule: ScalingRule) =>
  changeScaling(cloud.table, (scaling) => withRule(scaling, rule, SETTINGS));

const report = async (settings = SETTINGS) => scalingStatus(await readScaling(cloud.table), settings);

/** A run whose first tick is claimed, with 100 jobs of 10 s and nothing enqueued yet. */
async function claimedTick(): Promise<void> {
  await startedRun(cloud.table);
  await cloud.claimTick({ claimed: 0, sent: 0 });
  const timing = { jobMs: 10_000, workerMs: 10_000, jobs: 1, at: time.now };
  await changeScaling(cloud.table, (scaling) => ({ ...scaling, timing }));
}

test('without a rule nothing is decided, read from Lambda or written', async () => {
  expect(await invoke()).toEqual({ work: { backlog: 0 } });
  expect([limits.calls, cloud.transactions]).toEqual([0, []]);
  expect(await report()).toEqual({ setting: '', rule: null, state: 'settled', decision: null, change: null });
});

test('a new rule is applied by the next invocation, and then asks Lambda only once per decision', async () => {
  await setRule({ min: 5, max: 5 });
  expect(await report()).toMatchObject({ rule: { min: 5, max: 5 }, state: 'changing' });
  const { decision } = await invoke();
  expect(decision).toMatchObject({ from: 2, to: 5, reason: 'The number is fixed at 5.' });
  expect(limits.changes).toEqual(['function 5', 'mapping 5']);
  const change = { from: 2, to: 5, at: new Date(decision?.at ?? 0).toISOString() };
  expect(await report()).toMatchObject({ state: 'settled', decision: change, change });
  limits.calls = 0;
  time.now += 60_000;
  expect((await invoke()).decision).toMatchObject({ from: 5, to: 5 });
  expect(limits.calls).toBe(1);
  // The last change stays visible.
  expect(await report()).toMatchObject({ state: 'settled', decision: { from: 5 }, change });
});

test('a new rule with the same number brings a mapping back that was changed by hand', async () => {
  limits.mapping = 9;
  await setRule({ min: 2, max: 2 });
  await invoke();
  expect(limits.changes).toEqual(['mapping 2']);
  // The number of workers has not changed.
  expect(await report()).toMatchObject({ state: 'settled', decision: { from: 2, to: 2 }, change: null });
});

test('a claimed tick raises the number before its jobs are enqueued', async () => {
  await claimedTick();
  await setRule({ min: 1, max: 20 });
  const { decision } = await invoke();
  expect(decision).toMatchObject({ from: 2, figures: { workers: 2, backlog: 100, workerMs: 10_000 } });
  expect(decision?.to).toBeGreaterThan(2);
  expect(limits).toMatchObject({ reserved: decision?.to, mapping: decision?.to });
});

test('dead letters that are sent again count, although no run has them pending', async () => {
  await setRule({ min: 1, max: 20 });
  await changeScaling(cloud.table, (scaling) => ({
    ...scaling,
    timing: { jobMs: 10_000, workerMs: 10_000, jobs: 1, at: time.now },
  }));
  const { decision } = await invoke({ readWaiting: async () => 300 });
  expect(decision?.figures.backlog).toBe(300);
  expect(decision?.to).toBeGreaterThan(2);
});

test('a refusal is reported, and the next decision tries again', async () => {
  await setRule({ min: 900, max: 900 });
  limits.refused = { change: 'function', reason: 'The account has no room.' };
  expect((await invoke()).decision).toMatchObject({ problem: 'The account has no room.' });
  expect(await report()).toMatchObject({
    state: 'refused',
    decision: { to: 900, problem: 'The account has no room.' },
  });
  delete limits.refused;
  await invoke();
  expect(limits.changes).toEqual(['function 900', 'mapping 900']);
  expect(await report()).toMatchObject({ state: 'settled' });
});

test('nothing changes while Lambda does not say how many workers there are', async () => {
  await setRule({ min: 5, max: 5 });
  limits.readReserved = async () => {
    throw new Refused('Lambda throttles.');
  };
  expect((await invoke()).decision).toEqual(expect.not.objectContaining({ to: 5 }));
  expect(limits.changes).toEqual([]);
  expect(await report()).toMatchObject({ state: 'refused', decision: { problem: 'Lambda throttles.' } });
});

test('if an autoscaler dies during a change, the next one completes it', async () => {
  await setRule({ min: 5, max: 5 });
  const { limitMapping } = limits;
  limits.limitMapping = async () => {
    throw new Error('the environment is gone');
  };
  await expect(invoke()).rejects.toThrow('the environment is gone');
  expect(await report()).toMatchObject({ state: 'changing' });
  Object.assign(limits, { limitMapping });
  // It waits until the lease of the dead one ends.
  await invoke({ endsAt: time.now + 300_000 });
  expect(limits.changes).toEqual(['function 5', 'mapping 5']);
  expect(await report()).toMatchObject({ state: 'settled', decision: { from: 5, to: 5 } });
});

test('a change that was not completed is completed although a decision in between could not be made', async () => {
  await setRule({ min: 5, max: 5 });
  limits.refused = { change: 'mapping', reason: 'Lambda throttles.' };
  await invoke();
  const { readReserved } = limits;
  limits.readReserved = async () => {
    throw new Refused('Lambda throttles.');
  };
  await invoke();
  Object.assign(limits, { readReserved });
  delete limits.refused;
  await invoke();
  expect(limits).toMatchObject({ reserved: 5, mapping: 5 });
  expect(await report()).toMatchObject({ state: 'settled' });
});

test('a new rule corrects a mapping that does not belong to the number of workers', async () => {
  limits = new FakeLimits(time, 5, 20);
  await setRule({ min: 5, max: 5 });
  await invoke();
  expect(limits.changes).toEqual(['mapping 5']);
  expect(await report()).toMatchObject({ state: 'settled' });
});

test('of two invocations at the same time, one changes Lambda, and the other decides after it', async () => {
  await setRule({ min: 5, max: 5 });
  const both = await Promise.all([invoke(), invoke()]);
  expect(both.map(({ decision }) => decision?.from).sort()).toEqual([2, 5]);
  expect(limits.changes).toEqual(['function 5', 'mapping 5']);
});

test('a rule that is set during a change is applied by the next invocation', async () => {
  await setRule({ min: 5, max: 5 });
  const { reserve } = limits;
  limits.reserve = async (workers) => {
    await reserve.call(limits, workers);
    if (workers === 5) await setRule({ min: 3, max: 3 });
  };
  await invoke();
  expect(await report()).toMatchObject({ rule: { min: 3 }, state: 'changing', decision: { to: 5 } });
  await invoke();
  expect(limits).toMatchObject({ reserved: 3, mapping: 3 });
  expect(await report()).toMatchObject({ state: 'settled' });
});

test('the setting is the rule until `scale` overrides it, and again when a deployment changes it', async () => {
  const settings = { autoscale: '4:8', drainWithinSeconds: 90 };
  expect((await invoke({ settings })).rule).toEqual({ min: 4, max: 8, drainWithinSeconds: 90 });
  await changeScaling(cloud.table, (scaling) => withRule(scaling, { min: 3, max: 3 }, settings));
  expect((await invoke({ settings })).rule).toEqual({ min: 3, max: 3, drainWithinSeconds: 90 });
  expect((await invoke({ settings: { autoscale: '5:9' } })).rule).toEqual({ min: 5, max: 9 });
  expect((await invoke({ settings: { autoscale: '' } })).rule).toBeUndefined();
});
