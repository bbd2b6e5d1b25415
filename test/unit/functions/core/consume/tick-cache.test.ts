import { describe, expect, test, vi } from 'vitest';
import { TickCache } from '../../../../../functions/core/consume/tick-cache.ts';
import type { RunId } from '../../../../../functions/core/model/ids.ts';
import type { Message } from '../../../../../functions/core/model/message.ts';
import type { Tick } from '../../../../../functions/core/model/tick.ts';
import { job, message, RUN, tick } from '../../samples.ts';

/** A ledger that has these ticks, and is asked through a spy. */
function ledger(...found: (Tick | undefined)[]) {
  let asked = 0;
  return vi.fn(async (_run: RunId, _tick: number) => found[Math.min(asked++, found.length - 1)]);
}

/** Whether the cache knows, or finds, the tick that has claimed a message. */
async function owns(
  cache: TickCache,
  asked: Message,
  read: Parameters<TickCache['ownerOf']>[1],
): Promise<boolean> {
  return (await cache.ownerOf(asked, read)) !== undefined;
}

const second = message({ first: job(11), last: job(20) });

describe('TickCache', () => {
  test('asks the ledger once a tick and not once a message', async () => {
    const read = ledger(tick({ claimed: 100 }));
    const cache = new TickCache();
    for (let first = 1; first <= 100; first += 10)
      expect(await owns(cache, message({ first: job(first), last: job(first + 9) }), read)).toBe(true);
    expect(read).toHaveBeenCalledExactlyOnceWith(RUN, 1);
  });

  test('says which tick it is', async () => {
    const owner = tick({ claimed: 100 });
    expect(await new TickCache().ownerOf(message(), ledger(owner))).toEqual(owner);
  });

  test('asks once for messages of a tick that come together', async () => {
    const read = ledger(tick({ claimed: 100 }));
    const cache = new TickCache();
    expect(await Promise.all([message(), second, message()].map((each) => owns(cache, each, read)))).toEqual([
      ...[true, true, true],
    ]);
    expect(read).toHaveBeenCalledTimes(1);
  });

  test('asks again when it remembers a tick that had not claimed the message yet', async () => {
    const read = ledger(tick({ claimed: 10 }), tick({ claimed: 20 }));
    const cache = new TickCache();
    expect(await owns(cache, message(), read)).toBe(true);
    expect(await owns(cache, second, read)).toBe(true);
    expect(read).toHaveBeenCalledTimes(2);
  });

  test('asks again only once for messages that come together and are newer than what it remembers', async () => {
    const read = ledger(tick({ claimed: 10 }), tick({ claimed: 100 }));
    const cache = new TickCache();
    await owns(cache, message(), read);
    const third = message({ first: job(21), last: job(30) });
    expect(await Promise.all([second, third].map((each) => owns(cache, each, read)))).toEqual([true, true]);
    expect(read).toHaveBeenCalledTimes(2);
  });

  test('owns no message that the ledger does not know of, however often it comes', async () => {
    const read = ledger(tick({ claimed: 100 }));
    const cache = new TickCache();
    const madeUp = message({ first: job(2), last: job(11) });
    expect(await owns(cache, madeUp, read)).toBe(false);
    expect(await owns(cache, madeUp, read)).toBe(false);
    // And still knows its own.
    expect(await owns(cache, message(), read)).toBe(true);
  });

  test('does not remember that a tick was not there', async () => {
    const read = ledger(undefined, tick({ claimed: 100 }));
    const cache = new TickCache();
    expect(await owns(cache, message(), read)).toBe(false);
    expect(await owns(cache, message(), read)).toBe(true);
  });

  test('does not remember that the ledger did not answer', async () => {
    const read = vi
      .fn<(runId: RunId, tick: number) => Promise<Tick | undefined>>()
      .mockRejectedValueOnce(new Error('throttled'))
      .mockResolvedValue(tick({ claimed: 100 }));
    const cache = new TickCache();
    const together = await Promise.allSettled([message(), second].map((each) => owns(cache, each, read)));
    expect(together.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    expect(await owns(cache, message(), read)).toBe(true);
  });

  test('keeps the ticks of different runs and numbers apart', async () => {
    const other = '20261123-214512-aaaa' as RunId;
    const read = vi.fn(async (runId: RunId, number: number) =>
      runId === RUN && number === 1 ? tick({ claimed: 100 }) : undefined,
    );
    const cache = new TickCache();
    expect(await owns(cache, message(), read)).toBe(true);
    expect(await owns(cache, message({ runId: other }), read)).toBe(false);
    expect(await owns(cache, message({ tick: 2 }), read)).toBe(false);
  });

  test('forgets old ticks, so that a worker’s memory stays bounded', async () => {
    const read = vi.fn(async (_runId: RunId, number: number) => tick({ tick: number, claimed: 100 }));
    const cache = new TickCache();
    for (let number = 1; number <= 1_001; number++) await owns(cache, message({ tick: number }), read);
    expect(read).toHaveBeenCalledTimes(1_001);
    await owns(cache, message({ tick: 2 }), read);
    expect(read).toHaveBeenCalledTimes(1_001);
    await owns(cache, message({ tick: 1 }), read);
    expect(read).toHaveBeenCalledTimes(1_002);
  });
});
