import { UserError } from './user-error.ts';

type Trouble = {
  readonly code: readonly string[];
  readonly said: RegExp;
  readonly says: string;
  readonly next: string;
};

const TROUBLES: readonly Trouble[] = [
  {
    code: ['ENOSPC', 'EDQUOT'],
    said: /No space left on device|Disk quota exceeded|ENOSPC/i,
    says: 'there is no space left',
    next: 'Make room (a new local cloud takes about 200 MB)',
  },
  {
    code: ['EROFS'],
    said: /Read-only file system|EROFS/i,
    says: 'its file system is read-only',
    next: 'Make it writable',
  },
  {
    code: ['EACCES', 'EPERM'],
    said: /Permission denied|EACCES/i,
    says: 'this user may not write there',
    next: 'Give yourself the right to write there',
  },
  {
    code: ['ENOTDIR', 'EEXIST'],
    said: /Not a directory|ENOTDIR/i,
    says: 'a file is where a folder must be',
    next: 'Move that file away',
  },
];

/**
 * Does the work; if it fails because of the folder it writes to, here or in a program it runs, says so in clear words.
 * @throws UserError instead of the errors that a full, read-only or forbidden folder causes
 */
export async function explainFolderTrouble<T>(folder: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    const trouble = error instanceof Error ? troubleOf(error) : undefined;
    if (!trouble) throw error;
    throw new UserError(
      `The local cloud can't keep its files in ${folder}: ${trouble.says}.`,
      `${trouble.next}, or set DRUMLINE_HOME to another folder.`,
      { cause: error },
    );
  }
}

function troubleOf(error: Error): Trouble | undefined {
  const code = (error as NodeJS.ErrnoException).code ?? '';
  return TROUBLES.find((trouble) => trouble.code.includes(code) || trouble.said.test(error.message));
}
