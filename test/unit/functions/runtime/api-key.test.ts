import { expect, test } from 'vitest';
import { ApiKey } from '../../../../functions/runtime/api-key.ts';

/** A key whose secret is read when the test answers, and a clock that the test advances. */
function secret() {
  const reads: { answer: (key: string) => void; fail: (error: Error) => void }[] = [];
  let now = 0;
  const key = new ApiKey(
    () => new Promise((answer, fail) => reads.push({ answer, fail })),
    () => now,
  );
  const answer = (at: number, value: string) => reads[at]?.answer(value);
  return { key, reads, answer, later: (ms: number) => (now += ms) };
}

/** A key that was read a minute ago and is now rejected. */
async function refused() {
  const all = secret();
  const reading = all.key.current();
  all.answer(0, 'old');
  await reading;
  all.later(60_000);
  return all;
}

test('the key is read once, even if several calls need it', async () => {
  const { key, reads, answer } = secret();
  const all = Promise.all([key.current(), key.current()]);
  answer(0, 'key');
  expect(await all).toEqual(['key', 'key']);
  expect(await key.current()).toBe('key');
  expect(reads).toHaveLength(1);
});

test('a new key is read once for all requests that were refused', async () => {
  const { key, reads, answer } = await refused();
  const all = Promise.all([key.insteadOf('old'), key.insteadOf('old'), key.insteadOf('old')]);
  await new Promise(setImmediate);
  expect(reads).toHaveLength(2);
  answer(1, 'new');
  expect(await all).toEqual(['new', 'new', 'new']);
  // A slow request that was sent with the old key.
  expect(await key.insteadOf('old')).toBe('new');
  expect(reads).toHaveLength(2);
});

test('a wrong key is not read again with every request', async () => {
  const { key, reads, answer, later } = await refused();
  const again = key.insteadOf('old');
  await new Promise(setImmediate);
  answer(1, 'old');
  expect(await again).toBe('old');
  expect(await key.insteadOf('old')).toBe('old');
  expect(reads).toHaveLength(2);
  later(60_000);
  const replaced = key.insteadOf('old');
  await new Promise(setImmediate);
  answer(2, 'new');
  expect(await replaced).toBe('new');
});

test('a key that could not be read is read again by the next call', async () => {
  const { key, reads, answer } = secret();
  const first = key.current();
  reads[0]?.fail(new Error('throttled'));
  await expect(first).rejects.toThrow('throttled');
  const second = key.current();
  answer(1, 'key');
  expect(await second).toBe('key');
});
