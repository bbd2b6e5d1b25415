import { describe, expect, test } from 'vitest';
import { begin, careOf, isUnderWay, mourn } from '../../../functions/core/caution.ts';
import {
  doomedJobs,
  MAX_DEATHS,
  type MessageRecord,
  settle,
  untouched,
} from '../../../functions/core/settlement.ts';
import { job, message, NOW } from './samples.ts';

const TWO = message({ last: job(2) });
const LATER = NOW + 10_000;

/** The record after a worker took up the one job, and died. */
function afterDeaths(times: number, before: MessageRecord = untouched(TWO)): MessageRecord {
  let record = before;
  for (let death = 0; death < times; death++) {
    const begun = begin(TWO, record, job(1), NOW).record;
    record = mourn(begun, NOW)?.record as MessageRecord;
  }
  return record;
}

describe('careOf', () => {
  test('takes none for what comes for the first time or the second', () => {
    expect([1, 2, 3].map((receives) => careOf(receives, untouched(TWO)))).toEqual(['none', 'none', 'noted']);
  });

  test('has the jobs one at a time once a worker died with the message', () => {
    expect(careOf(1, { ...untouched(TWO), alone: true })).toBe('alone');
  });
});

describe('begin', () => {
  test('counts nothing, and says until when the message is under way', () => {
    const { record, ...counted } = begin(TWO, untouched(TWO), undefined, LATER);
    expect(record).toEqual({ ...untouched(TWO), version: 1, underWay: { until: LATER } });
    expect(counted).toEqual({ processed: 0, failed: 0, recovered: [], givenUp: [] });
    expect(isUnderWay(record, NOW)).toBe(true);
    expect(isUnderWay(record, LATER)).toBe(false);
  });

  test('is undone by what comes of the jobs, whatever that is', () => {
    const { record } = begin(TWO, untouched(TWO), job(1), LATER);
    expect(settle(TWO, record, [], NOW)?.record).toEqual({ ...untouched(TWO), version: 2 });
  });
});

describe('mourn', () => {
  test('has nothing to say of a message that nobody took up with care, or that somebody still may be at', () => {
    expect(mourn(untouched(TWO), NOW)).toBeUndefined();
    expect(mourn(begin(TWO, untouched(TWO), job(1), LATER).record, NOW)).toBeUndefined();
  });

  test('blames none of several jobs, and has them done one at a time', () => {
    const { record } = begin(TWO, untouched(TWO), undefined, NOW);
    expect(mourn(record, NOW)?.record).toEqual({ ...untouched(TWO), version: 2, alone: true });
  });

  test('blames the job that was alone, and gives it up at last', () => {
    expect(doomedJobs(TWO, afterDeaths(MAX_DEATHS - 1), 1)).toEqual([]);
    expect(doomedJobs(TWO, afterDeaths(MAX_DEATHS), 1)).toMatchObject([
      { jobId: 1, attempts: { count: 0, deaths: MAX_DEATHS, reason: expect.stringContaining('died of it') } },
    ]);
  });

  test('blames no job that was counted meanwhile', () => {
    const { record } = begin(TWO, { ...untouched(TWO), pending: [job(2)] }, job(1), NOW);
    expect(mourn(record, NOW)?.record.attempts).toEqual({});
  });

  test('counts a death for the sending that it was of', () => {
    const again = { ...TWO, retry: { id: 'again', jobs: [job(1)] } };
    const { record } = begin(again, { ...untouched(TWO), pending: [], failed: [job(1)] }, job(1), NOW);
    expect(mourn(record, NOW)?.record.attempts).toMatchObject({ 1: { deaths: 1, retry: 'again' } });
  });

  test('starts anew for a dead letter that is sent again', () => {
    const given = { ...afterDeaths(MAX_DEATHS), pending: [job(2)], failed: [job(1)] };
    expect(doomedJobs({ ...TWO, retry: { id: 'again', jobs: [job(1)] } }, given, 1)).toEqual([]);
  });
});
