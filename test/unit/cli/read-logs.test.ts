import { ResourceNotFoundException } from '@aws-sdk/client-cloudwatch-logs';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Deployment } from '../../../cli/cloud/deployment.ts';
import { LogReader } from '../../../cli/cloud/read-logs.ts';

const SIGNAL = new AbortController().signal;
const NOW = Date.now();

interface Event {
  timestamp: number;
  message: string;
  logStreamName: string;
  eventId?: string;
}

/** Log groups whose events are returned in pages, with tokens like CloudWatch or without like the emulator. */
function logsOf(groups: Record<string, Event[]>, name: 'aws' | 'local', pageSize: number) {
  const send = async ({
    input,
  }: {
    input: { logGroupName: string; startTime: number; nextToken?: string };
  }) => {
    const { logGroupName, startTime, nextToken } = input;
    const group = groups[logGroupName];
    if (!group) throw new ResourceNotFoundException({ message: 'no such group', $metadata: {} });
    const events = group
      .filter(({ timestamp }) => timestamp >= startTime)
      .sort((one, other) => one.timestamp - other.timestamp);
    const first = Number(nextToken ?? 0);
    const next = first + pageSize < events.length ? { nextToken: String(first + pageSize) } : {};
    return name === 'aws' ? { events: events.slice(first, first + pageSize), ...next } : { events };
  };
  const functions = { scheduler: 'scheduler', consumer: 'consumer' } as Deployment['functions'];
  const target = { name, clients: { logs: { send } } } as unknown as Deployment['target'];
  return new LogReader({ target, functions }, ['scheduler', 'consumer'], NOW - 600_000);
}

test('each event is read once, although events appear late, in any order, and with equal texts', async () => {
  const event = fc.record({
    group: fc.constantFrom('/drumline/scheduler', '/drumline/consumer'),
    // Up to five minutes late, and up to a minute ahead of this machine's clock.
    age: fc.integer({ min: -60_000, max: 240_000 }),
    message: fc.constantFrom('a', 'b', 'c'),
    logStreamName: fc.constantFrom('s', 't'),
  });
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.array(event, { maxLength: 12 }), { minLength: 1, maxLength: 40 }),
      fc.constantFrom('aws' as const, 'local' as const),
      async (readings, name) => {
        const groups: Record<string, Event[]> = { '/drumline/scheduler': [], '/drumline/consumer': [] };
        const reader = logsOf(groups, name, 5);
        const read: string[] = [];
        const written: string[] = [];
        for (const [at, found] of [...readings, ...Array<[]>(15).fill([])].entries()) {
          for (const [index, { group, age, message, logStreamName }] of found.entries()) {
            const eventId = name === 'aws' ? { eventId: `${at} ${index}` } : {};
            groups[group]?.push({ timestamp: NOW - age, message, logStreamName, ...eventId });
            written.push(`${group} ${message}`);
          }
          const lines = await reader.read(SIGNAL);
          read.push(...lines.map((line) => `/drumline/${line.function} ${line.text}`));
        }
        expect(read.sort()).toEqual(written.sort());
      },
    ),
    { numRuns: 60 },
  );
});

test('an emulator may use either log group; on AWS a missing group is an error', async () => {
  const event = { timestamp: NOW, message: 'hello', logStreamName: 's' };
  for (const group of ['/drumline/', '/aws/lambda/']) {
    const groups = { [`${group}scheduler`]: [event], [`${group}consumer`]: [] };
    const lines = await logsOf(groups, 'local', 5).read(SIGNAL);
    expect([group, lines.map(({ text }) => text)]).toEqual([group, ['hello']]);
  }
  await expect(logsOf({}, 'aws', 5).read(SIGNAL)).rejects.toThrow('no such group');
});

test('after a failed reading, the next one returns its lines', async () => {
  const events = [{ timestamp: NOW, message: 'hello', logStreamName: 's' }];
  const groups: Record<string, Event[]> = { '/drumline/scheduler': events };
  const reader = logsOf(groups, 'aws', 5);
  await expect(reader.read(SIGNAL)).rejects.toThrow('no such group');
  groups['/drumline/consumer'] = [];
  expect(await reader.read(SIGNAL)).toHaveLength(1);
});
