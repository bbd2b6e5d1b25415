import { expect, test } from 'vitest';
import { buildSystem, type Replacement } from './build.ts';
import { ByHand, MESSAGE } from './by-hand.ts';

/** Leases, in schedules of several deliveries of one message, each with a change of the core that would break it. */

async function built(name: string, ...mutation: Replacement[]): Promise<ByHand> {
  return new ByHand(await buildSystem(name, mutation));
}

const MINUTE = 60_000;

/**
 *     a worker        ── runs the job alone, under a lease ──────────────────────────── still at it
 *     this worker               ── receives the message, whose visibility timeout is over ──
 */
async function meetALease(hand: ByHand) {
  const until = hand.now + MINUTE;
  hand.putRecord({ isolated: true, lease: { id: 'other', until, job: 1 } });
  const returned = await hand.deliver(MESSAGE, 4);
  return { ran: hand.ran, deaths: hand.record?.attempts, waits: returned?.returned?.notBefore === until };
}

test('a job that another delivery runs under a lease is left to it', async () => {
  expect(await meetALease(await built('leases'))).toEqual({ ran: 0, deaths: undefined, waits: true });
});

test('and would be taken for what that one died of if the lease’s end were not minded', async () => {
  const mutant = await built('leases-unminded', {
    file: 'model/message-record.ts',
    from: 'return lease !== undefined && lease.until > now && !survived.includes(lease.id);',
    to: 'return false;',
  });
  expect(await meetALease(mutant)).not.toMatchObject({ ran: 0, deaths: undefined });
});

/**
 *     this worker     ── takes a lease ── runs the job, which fails ── DynamoDB throttles ── sends the message back ──
 *     a minute later  ── receives what was sent back: the lease stands in the ledger, long over ──
 */
async function loseTheEnd(hand: ByHand) {
  hand.putRecord({ isolated: true });
  hand.fails = true;
  let writes = 0;
  hand.throttles = () => ++writes > 1;
  const returned = await hand.deliver(MESSAGE, 4);
  const stood = hand.record?.lease !== undefined;
  hand.fails = false;
  hand.now += MINUTE;
  let attempts: unknown;
  // Before the job is counted, since that forgets its attempts.
  hand.throttles = () => {
    attempts = hand.record?.attempts;
    return false;
  };
  await hand.deliver(returned ?? MESSAGE, 1);
  return { stood, attempts, pending: hand.record?.pending };
}

test('a worker that could not tell the ledger that it lives says so by the message', async () => {
  expect(await loseTheEnd(await built('leases-lost'))).toEqual({
    stood: true,
    attempts: undefined,
    pending: undefined,
  });
});

test.each([
  [
    'sent back without a word of it',
    {
      file: 'consume/return-to-queue.ts',
      from: '...(survived.length > 0 && {',
      to: '...(survived.length < 0 && {',
    },
  ],
  [
    'not believed',
    {
      file: 'model/message-record.ts',
      from: 'if (!lease || survived.includes(lease.id) || isLeased(record, survived, now)) return record;',
      to: 'if (!lease || isLeased(record, [], now)) return record;',
    },
  ],
])('and would be taken for dead if that were %s', async (how, mutation) => {
  const { attempts } = await loseTheEnd(await built(`leases-${how.replaceAll(' ', '-')}`, mutation));
  expect(attempts).toMatchObject({ 1: { deaths: 1 } });
});
