import { describe, expect, test } from 'vitest';
import type { MessageState } from '../../../../../functions/core/consume/read-batch.ts';
import { TimeBudget } from '../../../../../functions/core/consume/time-budget.ts';
import { isolationOf, workGroups } from '../../../../../functions/core/consume/work-groups.ts';
import {
  type Attempts,
  type MessageRecord,
  newRecord,
} from '../../../../../functions/core/model/message-record.ts';
import { job, message, NOW } from '../../samples.ts';

const budget = new TimeBudget(NOW, NOW + 4_000);
const HALF = NOW + 1_500;
const WHOLE = NOW + 3_000;

/** A message of two jobs, from the first on. */
function state(first: number, change: Partial<MessageState> = {}): MessageState {
  const two = message({ first: job(first), last: job(first + 1) });
  return {
    ...{ message: two, requests: [], requested: { all: true, rounds: new Map() }, record: newRecord(two) },
    ...{
      index: { name: 'results' },
      redelivered: false,
      unexplained: 0,
      survived: [],
      notBefore: 0,
      ...change,
    },
  };
}

/** One that a worker has died with; and of its jobs, so often. */
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

test('a message runs together with others, under a lease when it came back twice by itself, and alone once a worker died with it', () => {
  const isolations = (record: MessageRecord) =>
    [0, 1, 2, 100].map((unexplained) => isolationOf({ record, unexplained }));
  expect(isolations(state(1).record)).toEqual(['together', 'together', 'leased', 'leased']);
  expect(isolations(isolated(1).record)).toEqual(Array(4).fill('alone'));
});

describe('workGroups', () => {
  test('is one group of all messages, with all of the time, where none needs care', () => {
    expect(groupsOf(state(1), state(3), state(5))).toEqual([
      { firsts: [1, 3, 5], leased: false, until: WHOLE },
    ]);
  });

  test('is nothing for messages in trouble, or without an open job', () => {
    const { record } = state(3);
    const states = [
      state(1, { problem: new Error('no index') }),
      state(3, { record: { ...record, pending: [] } }),
      state(5, { requested: { all: false, rounds: new Map([[job(9), 1]]) } }),
    ];
    expect(groupsOf(...states)).toEqual([]);
    expect(groupsOf()).toEqual([]);
  });

  test('begins with what runs together, in half of the time, and ends with each job that runs alone', () => {
    const suspect = { unexplained: 2 };
    expect(groupsOf(isolated(1), state(3, suspect), state(5), state(7, suspect))).toEqual([
      { firsts: [5], leased: false, until: HALF },
      { firsts: [3, 7], leased: true, until: WHOLE },
      { firsts: [1], leased: true, job: 1, until: WHOLE },
      { firsts: [1], leased: true, job: 2, until: WHOLE },
    ]);
  });

  test('begins with each job that runs alone and was sent back five times, in all of the time', () => {
    const sentBack = (state: MessageState, times: number): MessageState => ({
      ...state,
      message: { ...state.message, returned: { times, notBefore: 0 } },
    });
    expect(
      groupsOf(
        sentBack(isolated(1), 4),
        sentBack(isolated(3, { 3: 1 }), 5),
        sentBack(state(5), 100),
        sentBack(state(7, { unexplained: 2 }), 100),
        sentBack(isolated(9), 6),
      ).map(({ firsts, job, until }) => [...firsts, job, until]),
    ).toEqual([
      ...[4, 9, 10, 3].map((job) => [job - ((job + 1) % 2), job, WHOLE]),
      [5, undefined, HALF],
      [7, undefined, WHOLE],
      ...[1, 2].map((job) => [1, job, WHOLE]),
    ]);
  });

  test('has innocent jobs of all messages before those that a worker has died of', () => {
    const alone = groupsOf(isolated(1, { 1: 2, 2: 1 }), isolated(3, { 3: 1 }));
    expect(alone.map(({ job }) => job)).toEqual([4, 2, 3, 1]);
  });

  test('has only the jobs alone that are asked for', () => {
    const asked = { all: false, rounds: new Map([[job(2), 1]]) };
    expect(groupsOf({ ...isolated(1), requested: asked })).toMatchObject([{ firsts: [1], job: 2 }]);
  });
});
