import { afterAll, expect, test } from 'vitest';
import { deployWith } from './deployed.ts';
import { drained, elasticsearch, output, run, start, stop, verify } from './system.ts';

interface Mappings {
  [index: string]: { mappings: { properties: Record<string, { type: string }> } };
}

afterAll(async () => {
  await run(...deployWith());
});

test('an index that is removed in mid-run is missed by verify, and made anew with its mapping', async () => {
  const { runId } = await start(100);
  await drained(100);
  const index = await output('Index');
  await elasticsearch(index, undefined, 'DELETE');
  expect(await verify()).toMatchObject({ ok: false, documents: 0, missing: { count: 100 } });

  // As a worker's write would: nobody is asked first whether the index is there.
  await elasticsearch(`${index}/_create/1`, { jobId: 1, runId }, 'PUT');
  const made = await elasticsearch<Mappings>(`${index}/_mapping`);
  expect(made[index]?.mappings.properties).toMatchObject({
    jobId: { type: 'long' },
    runId: { type: 'keyword' },
  });
  await stop();
});

test('a deployment does not move the results away from under an active run', async () => {
  await start(10);
  await drained(10);
  const refused = await run(...deployWith({ index: 'elsewhere' }));
  expect(refused.code).toBe(1);
  expect(refused.stderr).toMatch(/run .* is active.*index.*stop/s);
  expect((await verify()).ok).toBe(true);
  await stop();
  expect((await run(...deployWith({ index: 'elsewhere' }))).code).toBe(0);
  expect(await output('Index')).toBe('elsewhere');
});
