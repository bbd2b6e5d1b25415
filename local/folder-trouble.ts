import { constants, existsSync } from 'node:fs';
import { access, mkdir, statfs } from 'node:fs/promises';
import { dirname } from 'node:path';
import { UserError } from './base/user-error.ts';

type Trouble = { readonly codes: readonly string[]; readonly says: string; readonly next: string };

/** With less free, whatever failed did so because of that: a server that can't write does not always say so. */
const FULL_BELOW_BYTES = 4 * 1024 * 1024;

const FULL: Trouble = {
  codes: ['ENOSPC', 'EDQUOT'],
  says: 'there is no space left',
  next: 'Make room (a new local cloud takes about 150 MB)',
};

const TROUBLES: readonly Trouble[] = [
  FULL,
  { codes: ['EROFS'], says: 'its file system is read-only', next: 'Make it writable' },
  {
    codes: ['EACCES', 'EPERM'],
    says: 'this user may not write there',
    next: 'Give yourself the right to write there',
  },
  { codes: ['ENOTDIR', 'EEXIST'], says: 'a file is where a folder must be', next: 'Move that file away' },
];

/** Makes the folder if it is not there, or fails with the error code that says why it can't be. */
export async function makeFolder(folder: string): Promise<void> {
  // On a read-only file system, a recursive mkdir says that there is no such file.
  let existing = folder;
  while (!existsSync(existing)) existing = dirname(existing);
  await access(existing, constants.W_OK);
  await mkdir(folder, { recursive: true });
}

/**
 * Does the work; if it fails because of the folder it writes to, here or in a program it runs, says so in clear words.
 * @throws UserError instead of the errors that a full, read-only or forbidden folder causes
 */
export async function explainFolderTrouble<T>(folder: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    const trouble = await troubleOf(error, folder);
    if (!trouble) throw error;
    throw new UserError(
      `The local cloud can't keep its files in ${folder}: ${trouble.says}.`,
      `${trouble.next}, or set DRUMLINE_HOME to another folder.`,
      { cause: error },
    );
  }
}

async function troubleOf(error: unknown, folder: string): Promise<Trouble | undefined> {
  const code = (error as NodeJS.ErrnoException).code ?? '';
  const named = TROUBLES.find(({ codes }) => codes.includes(code));
  if (named || !existsSync(folder)) return named;
  const { bavail, bsize } = await statfs(folder);
  return bavail * bsize < FULL_BELOW_BYTES ? FULL : undefined;
}
