import { constants, existsSync } from 'node:fs';
import { access, mkdir, statfs } from 'node:fs/promises';
import { dirname } from 'node:path';
import { UserError } from './user-error.ts';

type FolderError = { readonly codes: readonly string[]; readonly message: string; readonly nextStep: string };

/** With less free space, a full disk is taken for the cause of any failure: not every server reports it. */
const MIN_FREE_BYTES = 4 * 1024 * 1024;

const DISK_FULL: FolderError = {
  codes: ['ENOSPC', 'EDQUOT'],
  message: 'there is no space left',
  nextStep: 'Free some space (a new local cloud needs about 150 MB)',
};

const FOLDER_ERRORS: readonly FolderError[] = [
  DISK_FULL,
  { codes: ['EROFS'], message: 'its file system is read-only', nextStep: 'Make it writable' },
  {
    codes: ['EACCES', 'EPERM'],
    message: 'this user has no write permission there',
    nextStep: 'Grant this user write permission',
  },
  { codes: ['ENOTDIR', 'EEXIST'], message: 'a file has the name of the folder', nextStep: 'Move that file' },
];

/** Creates the folder if it is missing. @throws an error whose code says why this is impossible */
export async function makeFolder(folder: string): Promise<void> {
  // On a read-only file system a recursive mkdir fails with the wrong code, ENOENT.
  let existing = folder;
  while (!existsSync(existing)) existing = dirname(existing);
  await access(existing, constants.W_OK);
  await mkdir(folder, { recursive: true });
}

/**
 * Does the work, which writes to the folder, directly or through a program.
 * @throws UserError in place of an error that a full, read-only or forbidden folder has caused
 */
export async function explainFolderErrors<T>(folder: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    const found = await folderErrorOf(error, folder);
    if (!found) throw error;
    throw new UserError(
      `The local cloud can't write to ${folder}: ${found.message}.`,
      `${found.nextStep}, or set DRUMLINE_HOME to another folder.`,
      { cause: error },
    );
  }
}

async function folderErrorOf(error: unknown, folder: string): Promise<FolderError | undefined> {
  const code = (error as NodeJS.ErrnoException).code ?? '';
  const found = FOLDER_ERRORS.find(({ codes }) => codes.includes(code));
  if (found || !existsSync(folder)) return found;
  const { bavail, bsize } = await statfs(folder);
  return bavail * bsize < MIN_FREE_BYTES ? DISK_FULL : undefined;
}
