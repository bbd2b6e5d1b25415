import { describe, expect, test } from 'vitest';
import { type Attempts, newRecord } from '../../functions/core/model/message-record.ts';
import {
  cloudWithTick,
  delivery,
  failing,
  type InMemoryCloud,
  throttled,
  writesOf,
} from '../fixtures/in-memory-cloud.ts';
import { job, jobs, message, NOW } from '../fixtures/ledger.ts';
import { buildSystem, type Replacement } from './build.ts';

/**
 * Schedules of several deliveries of one message, which random schedules would seldom find. Each runs with the core as
 * it is, and with mutations that it must catch.
 */

const MINUTE = 60_000;

async function cloudOf(name: string, ...mutation: Replacement[]): Promise<InMemoryCloud> {
  return cloudWithTick(await buildSystem(`deliveries-${name.replaceAll(' ', '-')}`, mutation));
}

/**
 *     another worker  ── runs the job alone, under a lease ─────────────────────────────── still runs it
 *     this worker             ── receives the message, whose visibility timeout is over ──
 */
describe('a job that another delivery runs under a lease', () => {
  async function deliverLeased(cloud: InMemoryCloud) {
    const lease = { id: 'other', until: NOW + MINUTE, job: job(1) };
    await cloud.writeRecord({ pending: jobs(1), isolated: true, lease });
    const { processed } = await cloud.consume(cloud.worker(), delivery(message(), 4));
    const [sent] = cloud.messagesIn('jobs');
    return { processed, attempts: cloud.recordItem()?.attempts, returned: sent?.returned };
  }
  const untouched = { processed: 0, returned: { times: 1, notBefore: NOW + MINUTE, unexplained: 3 } };

  test('waits for the end of that lease', async () => {
    expect(await deliverLeased(await cloudOf('leased'))).toEqual({ ...untouched, attempts: undefined });
  });

  test('caught: leases are ignored', async () => {
    const mutant = await cloudOf('lease-ignored', {
      file: 'model/message-record.ts',
      from: 'return lease !== undefined && lease.until > now && !survived.includes(lease.id);',
      to: 'return false;',
    });
    expect(await deliverLeased(mutant)).not.toMatchObject(untouched);
  });
});

/**
 *     this worker     ── acquires a lease ── runs the job, which fails ── DynamoDB throttles ── sends the message back ──
 *     a minute later  ── receives it: the lease is still in the ledger, and long over ──
 */
describe('a worker that cannot end its lease in the ledger', () => {
  async function surviveUnheard(cloud: InMemoryCloud) {
    await cloud.writeRecord({ pending: jobs(1), isolated: true });
    let writes = 0;
    cloud.beforeLedger = (command) => {
      if (writesOf(command) && ++writes > 1) throw throttled();
    };
    await cloud.consume(cloud.worker({ job: failing(1) }), delivery(message(), 4));
    const [sent] = cloud.messagesIn('jobs');
    const hasLease = cloud.recordItem()?.lease !== undefined;
    cloud.now += MINUTE;
    let attempts: unknown;
    // Just before the job is counted, because its attempts are forgotten then.
    cloud.beforeLedger = (command) => {
      if (writesOf(command)) attempts = cloud.recordItem()?.attempts;
    };
    const { processed } = await cloud.consume(cloud.worker(), delivery(sent ?? message()));
    return { hasLease, attempts, processed };
  }

  test('names it in the message, and is not taken for dead', async () => {
    const survived = { hasLease: true, attempts: undefined, processed: 1 };
    expect(await surviveUnheard(await cloudOf('survived'))).toEqual(survived);
  });

  test.each([
    [
      'is sent back without it',
      'consume/return-to-queue.ts',
      'survived.length > 0 && {',
      'survived.length < 0 && {',
    ],
    [
      'is not believed',
      'model/message-record.ts',
      'if (!lease || survived.includes(lease.id) || isLeased(record, survived, now)) return record;',
      'if (!lease || isLeased(record, [], now)) return record;',
    ],
  ])('caught: the message %s', async (how, file, from, to) => {
    const { attempts } = await surviveUnheard(await cloudOf(how, { file, from, to }));
    expect(attempts).toMatchObject({ 1: { deaths: 1 } });
  });
});

/**
 *     an earlier worker       ── records job 1's permanent failure and job 2's first ── dies
 *     a worker taken for dead ── fails job 2 again, and writes that … ───────────────────── its write arrives ──
 *     this worker             ── reads the record ── has no time for job 2 ── sends job 1's dead letter ──────── counts it
 *
 * The last write finds the record changed and reads it: job 2 has no attempts left, either. It must not be taken for given up.
 */
describe('a job whose last attempt another worker records at the last moment', () => {
  const attempt: Attempts = { count: 1, firstAt: 0, lastAt: 0, reason: 'failed' };

  async function recordLate(cloud: InMemoryCloud) {
    const record = {
      pending: jobs(1, 2),
      attempts: { 1: { ...attempt, permanent: true as const }, 2: attempt },
    };
    await cloud.writeRecord(record);
    const late = { ...record, attempts: { ...record.attempts, 2: { ...attempt, count: 2 } } };
    const believed = { ...newRecord(message()), ...record, version: 1 };
    cloud.answerQueue = async (command, url) => {
      if (url === 'dead letters')
        await cloud
          .writer('another')
          .commit([{ message: message(), record: believed }], () => ({ ...believed, ...late }));
      return cloud.sqs.execute(command);
    };
    const worker = cloud.worker();
    const { undelivered } = await cloud.system.consume(worker, [delivery(message(), 3)], NOW);
    const { pending, failed } = cloud.recordItem() ?? {};
    return { undelivered, sentBack: cloud.messagesIn('jobs').length, pending, failed };
  }
  const kept = { undelivered: [], pending: [2], failed: [1] };

  test('is sent back', async () => {
    expect(await recordLate(await cloudOf('late'))).toEqual({ ...kept, sentBack: 1 });
  });

  test('caught: a job without attempts left is taken for given up', async () => {
    const mutant = await cloudOf(
      'late-lost',
      {
        file: 'consume/return-to-queue.ts',
        from: 'if (jobs.length === 0) return [];',
        to: 'if (jobs.length === exhaustedJobs(record, requestedJobs(messages), 2).length) return [];',
      },
      {
        file: 'consume/return-to-queue.ts',
        from: 'import { openJobs }',
        to: 'import { exhaustedJobs, openJobs }',
      },
    );
    expect(await recordLate(mutant)).toEqual({ ...kept, sentBack: 0 });
  });
});
