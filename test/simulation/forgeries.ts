import type { Message } from '../../functions/core/model/message.ts';

/** A message that the scheduler did not send. */
export interface Forgery {
  what: string;
  /** Creates the body (or the message) from one that the scheduler sent. */
  from: (message: Message) => unknown;
  /** Whether it must become a dead letter. */
  invalid: boolean;
}

const invalid = (what: string, from: Forgery['from']): Forgery => ({ what, from, invalid: true });
const harmless = (what: string, from: Forgery['from']): Forgery => ({ what, from, invalid: false });

const FAR = 1_000_000;
/** Maximum size of a message, in bytes: SQS's 1 MiB, reduced. */
export const MAX_BYTES = 16_384;

/** All ways in which a message can be invalid, and valid messages that nobody has sent. */
export const FORGERIES: readonly Forgery[] = [
  invalid('not JSON', () => '{"v":1,'),
  invalid('blank', () => ' '),
  invalid('no object', () => 'null'),
  invalid('a list', () => '[1, 2]'),
  invalid('empty', () => ({})),
  invalid('as long as SQS takes', () => 'x'.repeat(MAX_BYTES)),
  invalid('unknown version', (message) => ({ ...message, v: 0 })),
  invalid('wrong types', (message) => ({ ...message, first: String(message.first) })),
  invalid('fractional job', (message) => ({ ...message, first: message.first + 0.5 })),
  invalid('negative job', (message) => ({ ...message, first: -1, last: -1 })),
  invalid('no run’s name', (message) => ({ ...message, runId: '../../etc/passwd' })),
  invalid('unknown run', (message) => ({ ...message, runId: '20000101-000000-zzzz' })),
  invalid('unknown tick', (message) => ({ ...message, tick: FAR })),
  invalid('last before first', (message) => ({ ...message, first: FAR, last: FAR - 1 })),
  invalid('too many jobs', (message) => ({ ...message, last: message.first + FAR })),
  invalid('out of the tick’s range', (message) => ({ ...message, first: FAR, last: FAR })),
  invalid('borders moved', (message) => ({ ...message, last: message.last + FAR / 2_500 })),
  invalid('part of a message', (message) => ({
    ...message,
    last: message.first === message.last ? FAR : message.first,
  })),
  invalid('retry of a job outside', (message) => ({ ...message, retry: { round: 1, jobs: [FAR] } })),
  invalid('retry of nothing', (message) => ({ ...message, retry: { round: 1, jobs: [] } })),
  harmless('the same message', (message) => message),
  harmless('later, the same', (message) => ({ ...message, enqueuedAt: message.enqueuedAt + 1 })),
  harmless('an unknown field', (message) => ({ ...message, more: true })),
  harmless('uncalled-for retry', ({ first, ...message }) => ({
    ...message,
    first,
    retry: { round: 1, jobs: [first] },
  })),
];
