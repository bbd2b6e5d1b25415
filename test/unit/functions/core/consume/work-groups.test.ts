import { describe, expect, test } from 'vitest';
import type { MessageState } from '../../../../../functions/core/consume/read-batch.ts';
import { TimeBudget } from '../../../../../functions/core/consume/time-budget.ts';
import { isolationOf, workGroups } from '../../../../../functions/core/consume/work-groups.ts';
import { type Attempts, newRecord } from '../../../../../functions/core/model/message-record.ts';
import { job, messageFrom, NOW } from '../../../../fixtures/ledger.ts';

const budget = new TimeBudget(NOW, NOW + 4_000);
const HALF = NOW + 1_500;
const ALL = NOW + 3_000;

/** A message of two jobs. */
function state(first: number, change: Partial<MessageState> = {}): MessageState {
  const message = messageFrom(first, 2);
  const requested = { all: true, rounds: new Map() };
  const delivered = { redelivered: false, unexplained: 0, survived: [], notBefore: 0 };
  return {
    message,
    requests: [],
    requested,
    record: newRecord(message),
    index: { name: 'results' },
    ...delivered,
    ...change,
  };
}

/** A message that a worker died with. @param deaths how often a worker died of which job */
function isolated(first: number, deaths: Record<number, number> = {}): MessageState {
  const died = (deaths: number): Attempts => ({ count: 0, deaths, firstAt: 0, lastAt: 0, reason: '' });
  const attempts = Object.fromEntries(Object.entries(deaths).map(([job, times]) => [job, died(times)]));
  const { record, ...rest } = state(first);
  return { ...rest, record: { ...record, isolated: true, attempts } };
}

const groupsOf = (...states: MessageState[]) =>
  workGroups(states, budget).map(({ messages, ...group }) => ({
    ...group,
    firsts: messages.map(({ first }) => first),
  }));

test('a message runs under a lease after two unexplained returns, and alone after a worker died with it', () => {
  const isolations = ({ record }: MessageState) =>
    [0, 1, 2, 100].map((unexplained) => isolationOf({ record, unexplained }));
  expect(isolations(state(1))).toEqual(['together', 'together', 'leased', 'leased']);
  expect(isolations(isolated(1))).toEqual(Array(4).fill('alone'));
});

describe('workGroups', () => {
  test('runs all messages together, with all the time, if none is suspect', () => {
    const group = { firsts: [1, 3, 5], leased: false, until: ALL };
    expect(groupsOf(state(1), state(3), state(5))).toEqual([group]);
  });

  test('leaves out messages in problem and messages without open jobs', () => {
    const states = [
      state(1, { problem: new Error('no index') }),
      state(3, { record: { ...state(3).record, pending: [] } }),
      state(5, { requested: { all: false, rounds: new Map([[job(9), 1]]) } }),
    ];
    expect(groupsOf(...states)).toEqual([]);
    expect(groupsOf()).toEqual([]);
  });

  test('runs together first, with half of the time, then under a lease, then each isolated job alone', () => {
    const suspect = { unexplained: 2 };
    expect(groupsOf(isolated(1), state(3, suspect), state(5), state(7, suspect))).toEqual([
      { firsts: [5], leased: false, until: HALF },
      { firsts: [3, 7], leased: true, until: ALL },
      { firsts: [1], leased: true, job: 1, until: ALL },
      { firsts: [1], leased: true, job: 2, until: ALL },
    ]);
  });

  test('runs isolated jobs first, with all the time, after five returns', () => {
    const returned = (state: MessageState, times: number): MessageState => ({
      ...state,
      message: { ...state.message, returned: { times, notBefore: 0 } },
    });
    const groups = groupsOf(
      returned(isolated(1), 4),
      returned(isolated(3, { 3: 1 }), 5),
      returned(state(5), 100),
      returned(state(7, { unexplained: 2 }), 100),
      returned(isolated(9), 6),
    );
    expect(groups.map(({ firsts, job, until }) => [...firsts, job, until])).toEqual([
      ...[4, 9, 10, 3].map((job) => [job - ((job + 1) % 2), job, ALL]),
      [5, undefined, HALF],
      [7, undefined, ALL],
      ...[1, 2].map((job) => [1, job, ALL]),
    ]);
  });

  test('runs isolated jobs in the order of their deaths, and only those that are asked for', () => {
    const jobsOf = (...states: MessageState[]) => groupsOf(...states).map(({ job }) => job);
    expect(jobsOf(isolated(1, { 1: 2, 2: 1 }), isolated(3, { 3: 1 }))).toEqual([4, 2, 3, 1]);
    const requested = { all: false, rounds: new Map([[job(2), 1]]) };
    expect(jobsOf({ ...isolated(1), requested })).toEqual([2]);
  });
});
