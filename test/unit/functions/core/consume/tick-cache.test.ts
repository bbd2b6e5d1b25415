import { expect, test, vi } from 'vitest';
import { TickCache } from '../../../../../functions/core/consume/tick-cache.ts';
import type { RunId } from '../../../../../functions/core/model/ids.ts';
import type { Message } from '../../../../../functions/core/model/message.ts';
import type { Tick } from '../../../../../functions/core/model/tick.ts';
import { message, messageFrom, RUN, tick } from '../../../../fixtures/ledger.ts';

/** A cache, and a ledger that answers with these ticks one after the other, and then with the last one again. */
function cached(...ticks: (Tick | undefined)[]) {
  const read = vi.fn(async (_run: RunId, _tick: number) => (ticks.length > 1 ? ticks.shift() : ticks[0]));
  const cache = new TickCache();
  const owns = (...messages: Message[]) =>
    Promise.all(messages.map(async (one) => (await cache.ownerOf(one, read)) !== undefined));
  return { cache, read, owns };
}

const [first, second, third] = [1, 11, 21].map((at) => messageFrom(at)) as [Message, Message, Message];
const all = tick({ claimed: 100 });

test('the ledger is read once for a tick, whether its messages come one after the other or together', async () => {
  const { cache, read, owns } = cached(all);
  expect(await owns(first, second, first)).toEqual([true, true, true]);
  for (let at = 1; at <= 100; at += 10) expect(await owns(messageFrom(at))).toEqual([true]);
  expect(await cache.ownerOf(third, read)).toEqual(all);
  expect(read).toHaveBeenCalledExactlyOnceWith(RUN, 1);
});

test('the ledger is read once more for messages that the tick claimed after it was cached', async () => {
  const { read, owns } = cached(tick({ claimed: 10 }), all);
  expect(await owns(first)).toEqual([true]);
  expect(await owns(second, third)).toEqual([true, true]);
  expect(read).toHaveBeenCalledTimes(2);
});

test('a message that the tick did not claim has no owner, however often it comes', async () => {
  const { owns } = cached(all);
  const forged = messageFrom(2);
  expect([await owns(forged), await owns(forged), await owns(first)]).toEqual([[false], [false], [true]]);
});

test('neither a missing tick nor a failed read is cached', async () => {
  const missing = cached(undefined, all);
  expect([await missing.owns(first), await missing.owns(first)]).toEqual([[false], [true]]);
  const failed = cached(all);
  failed.read.mockRejectedValueOnce(new Error('throttled'));
  const together = await Promise.allSettled([first, second].map((one) => failed.owns(one)));
  expect(together.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
  expect(await failed.owns(first)).toEqual([true]);
});

test('ticks of other runs and numbers are other ticks', async () => {
  const { read, owns } = cached();
  read.mockImplementation(async (run, number) => (run === RUN && number === 1 ? all : undefined));
  const others = [message({ runId: '20261123-214512-aaaa' as RunId }), message({ tick: 2 })];
  expect(await owns(first, ...others)).toEqual([true, false, false]);
});

test('the cache keeps the 1,000 newest ticks', async () => {
  const { read, owns } = cached();
  read.mockImplementation(async (_run, number) => tick({ tick: number, claimed: 100 }));
  for (let number = 1; number <= 1_001; number++) await owns(message({ tick: number }));
  await owns(message({ tick: 2 }));
  expect(read).toHaveBeenCalledTimes(1_001);
  await owns(message({ tick: 1 }));
  expect(read).toHaveBeenCalledTimes(1_002);
});
