import { mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openPage } from '../../../../cli/dashboard/open-page.ts';

const SECRET = 'http://127.0.0.1:4000/#token=secret-1_';

let folder: string;
let opened: string[];
const openInBrowser = async (address: string) => void opened.push(address);

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'drumline-test-'));
  opened = [];
});

afterEach(() => rm(folder, { recursive: true }));

test('opens an address without a token directly', async () => {
  await openPage('http://127.0.0.1:4000/', folder, openInBrowser);
  expect(opened).toEqual(['http://127.0.0.1:4000/']);
  expect(await readdir(folder)).toEqual([]);
});

test('keeps a token out of the command line, in a file that only the user can read', async () => {
  const remove = await openPage(SECRET, folder, openInBrowser);
  expect(opened.join()).not.toContain('secret');
  const file = fileURLToPath(opened[0] as string);
  expect(await readFile(file, 'utf8')).toContain(`url=${SECRET}"`);
  expect((await stat(file)).mode & 0o777).toBe(0o600);
  expect((await stat(dirname(file))).mode & 0o777).toBe(0o700);
  await remove?.();
  expect(await readdir(folder)).toEqual([]);
});

test('leaves nothing behind where no browser can be opened', async () => {
  const fails = () => Promise.reject(new Error('spawn xdg-open ENOENT'));
  expect(await openPage(SECRET, folder, fails)).toBeUndefined();
  expect(await readdir(folder)).toEqual([]);
});
