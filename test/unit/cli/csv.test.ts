import { readdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { Writable } from 'node:stream';
import { expect, test } from 'vitest';
import { writeCsv } from '../../../cli/terminal/csv.ts';

async function csvOf(...records: Record<string, unknown>[]): Promise<string> {
  let text = '';
  const destination = new Writable({
    write(chunk, _encoding, done) {
      text += chunk;
      done();
    },
  });
  const all = async function* () {
    yield* records;
  };
  await writeCsv(all(), destination);
  return text;
}

test('CSV has a column for each field of any record, and quotes what needs quotes', async () => {
  expect(
    await csvOf(
      { jobId: 1, output: { label: 'a,"b"\nc', tags: ['x', 'y'], sure: true } },
      { jobId: 2, output: { score: -0.5, none: null, 'dotted.key': 'z' } },
    ),
  ).toBe(
    'jobId,output.label,output.tags,output.sure,output.score,output.none,output.dotted.key\n' +
      '1,"a,""b""\nc","[""x"",""y""]",true,,,\n' +
      '2,,,,-0.5,,z\n',
  );
  expect(await csvOf()).toBe('');
});

test('a text that a spreadsheet would run as a formula is marked as text', async () => {
  const cells = ['=1+1', '+x', '@x', '-x', '-5', '+49', 'a=b'];
  expect((await csvOf(...cells.map((text) => ({ text })))).split('\n')).toEqual([
    'text',
    "'=1+1",
    "'+x",
    "'@x",
    "'-x",
    '-5',
    '+49',
    'a=b',
    '',
  ]);
});

test('no temporary file is left', async () => {
  const own = () => readdirSync(tmpdir()).filter((name) => name.startsWith('drumline-csv-')).length;
  const before = own();
  const failing = async function* () {
    yield { jobId: 1 };
    throw new Error('no more');
  };
  await expect(writeCsv(failing(), process.stdout)).rejects.toThrow('no more');
  expect(own()).toBe(before);
});
