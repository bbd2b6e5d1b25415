import { expect, test } from 'vitest';
import { environmentFor, missingSecrets } from '../../../../cli/cloud/job-environment.ts';
import { differences, mappingConflict } from '../../../../cli/cloud/preflight.ts';
import { typeErrors } from '../../../../cli/job/check-types.ts';
import { itemAt } from '../../../../cli/job/item-at.ts';
import { projectFrames } from '../../../../cli/job/project-frames.ts';
import { MAX_PAGE_ITEMS } from '../../../../functions/core/items/source.ts';
import { mappingOf } from '../../../../functions/core/results/mapping.ts';
import { type ItemSource, list, pages } from '../../../../functions/drumline.ts';
import { PROJECT } from '../../../../infra-cdk/settings/settings.ts';

const { signal } = new AbortController();

test('a list is read only as far as the index', async () => {
  const read: number[] = [];
  const source = pages(async (cursor: number | undefined = 0) => {
    read.push(cursor);
    return { items: [`${cursor}a`, `${cursor}b`], next: cursor + 1 };
  });
  expect(await itemAt(source, 3, signal)).toEqual({ item: '1b' });
  expect(read).toEqual([0, 1]);
});

test('an item is what a pass would store', async () => {
  const source = list([{ at: new Date(0), none: undefined }, 1n]);
  expect(await itemAt(source, 0, signal)).toEqual({ item: { at: '1970-01-01T00:00:00.000Z' } });
  expect(await itemAt(source, 1, signal)).toEqual({ problem: expect.stringContaining('BigInt') });
});

test('an index outside of the list, and a source that fails, are reported', async () => {
  await expect(itemAt(list(['a', 'b']), 2, signal)).rejects.toMatchObject({
    code: 'no_such_item',
    message: 'The list has 2 items.',
    nextStep: expect.stringContaining('from 0 to 1'),
  });
  await expect(itemAt(list([]), 0, signal)).rejects.toMatchObject({ message: 'The list is empty.' });
  const failing = pages(async () => {
    throw new Error('no access');
  });
  await expect(itemAt(failing, 0, signal)).rejects.toMatchObject({
    code: 'list_not_read',
    message: 'The list cannot be read: no access',
  });
});

test('pages that a reader refuses are refused', async () => {
  for (const [page, reason] of [
    [{ rows: [1] }, 'a page has no array named items'],
    [{ items: Array(MAX_PAGE_ITEMS + 1).fill(1) }, 'a page has 10001 items, at most 10000'],
    [{ items: [], next: 10n }, 'a page cannot be used: its next cannot be written as JSON'],
    [{ items: [], next: () => 1 }, 'a page cannot be used: its next is not a JSON value'],
  ] as const) {
    const source = { read: async () => page } as unknown as ItemSource<unknown>;
    await expect(itemAt(source, 0, signal)).rejects.toThrow(reason);
  }
});

test('AWS calls go to the target only if the shell chooses no account, and the shell’s variables win', () => {
  const target = { name: 'local', environment: { AWS_ENDPOINT_URL: 'http://local', HOME: '/' } } as const;
  const needs = { environment: { TABLE: 'customers' } };
  expect(environmentFor(needs, target, {})).toEqual({ TABLE: 'customers', AWS_ENDPOINT_URL: 'http://local' });
  expect(environmentFor(needs, target, { AWS_PROFILE: 'mine', TABLE: 'other' })).toEqual({});
  expect(environmentFor({}, { ...target, name: 'aws' }, {})).toEqual({});
  expect(missingSecrets({ secrets: { TOKEN: 'a/b', KEY: 'c/d' } }, { KEY: 'x' })).toEqual(['TOKEN']);
});

test('a stack trace is trimmed to the user’s files', () => {
  const error = new Error('no');
  error.stack = [
    'Error: no',
    `    at score (file://${PROJECT}/examples/scores/job.ts?namespace=1:12:5)`,
    `    at async file://${PROJECT}/functions/job.ts:3:1`,
    `    at runJob (${PROJECT}/functions/core/consume/run-job.ts:9:9)`,
    `    at parse (${PROJECT}/node_modules/zod/index.js:1:1)`,
    '    at process.processTicksAndRejections (node:internal/process/task_queues:95:5)',
  ].join('\n');
  expect(projectFrames(error)).toEqual([
    { name: 'score', place: 'examples/scores/job.ts:12:5' },
    { name: '', place: 'functions/job.ts:3:1' },
  ]);
});

test('a type error is shown with file, line and column', () => {
  const text = "functions/job.ts(14,18): error TS2339: No 'foo'.\n  More.\nb.ts(1,2): error TS1: x.\n";
  const { code, message } = typeErrors(text);
  expect(code).toBe('type_errors');
  expect(message).toBe(
    "2 TypeScript errors. Nothing was deployed.\nfunctions/job.ts:14:18: TS2339: No 'foo'.\n  More.\nb.ts:1:2: TS1: x.",
  );
});

const jobOf = (list: boolean, output: 'long' | { a: 'float' | 'keyword'; b?: 'long' }) => ({
  list,
  mapping: mappingOf({ list, output }),
});

test('an active run that the new job does not fit is named', () => {
  const run = { runId: 'r', queuedJobs: 5, nextTickAt: null };
  const numbered = jobOf(false, 'long');
  expect(differences(run, numbered, numbered)).toEqual([]);
  expect(differences(run, jobOf(true, 'long'), numbered)[0]).toMatch(/its ticks will be missed/);
  expect(differences(run, numbered, jobOf(true, 'long'))[0]).toMatch(/numbers as items/);
  expect(differences(run, numbered, jobOf(false, { a: 'float' }))[0]).toMatch(/another output mapping/);
});

test('an index conflicts with a field of another type, and not with a missing field', () => {
  const before = jobOf(false, { a: 'float' }).mapping;
  expect(mappingConflict(before, jobOf(false, { a: 'float', b: 'long' }).mapping)).toBeUndefined();
  expect(mappingConflict(before, jobOf(false, { a: 'keyword' }).mapping)).toEqual({
    field: 'output.a',
    actual: 'float',
    expected: 'keyword',
  });
  expect(mappingConflict(before, jobOf(false, 'long').mapping)).toMatchObject({ field: 'output' });
  expect(mappingConflict(before, jobOf(true, { a: 'float' }).mapping)).toMatchObject({ field: 'item' });
});
