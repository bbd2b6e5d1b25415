import { spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { PROJECT } from '../../infra-cdk/settings/settings.ts';
import { CommandError } from '../terminal/errors.ts';
import { counted } from '../terminal/format.ts';

const MAX_ERRORS = 20;

/**
 * Checks the TypeScript types of the job file and of what it imports, with the project's tsconfig.json. JavaScript is not
 * checked.
 * @param jobFile relative to the project folder
 * @throws CommandError `type_errors`, with file, line and column of each
 */
export async function checkTypes(jobFile: string, signal?: AbortSignal): Promise<void> {
  if (!/\.[cm]?tsx?$/.test(jobFile)) return;
  const folder = await mkdtemp(join(tmpdir(), 'drumline-types-'));
  try {
    const config = {
      extends: join(PROJECT, 'tsconfig.json'),
      // Not found from a folder outside of the project.
      compilerOptions: { typeRoots: [join(PROJECT, 'node_modules', '@types')], noEmit: true },
      include: [],
      files: [resolve(PROJECT, jobFile)],
    };
    await writeFile(join(folder, 'tsconfig.json'), JSON.stringify(config));
    const { code, text } = await compile(folder, signal);
    if (code !== 0) throw typeErrors(text);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function compile(folder: string, signal?: AbortSignal): Promise<{ code: number | null; text: string }> {
  const compiler = fileURLToPath(new URL('../bin/tsc', import.meta.resolve('typescript')));
  const child = spawn(process.execPath, [compiler, '-p', folder, '--pretty', 'false'], {
    cwd: PROJECT,
    stdio: ['ignore', 'pipe', 'pipe'],
    ...(signal && { signal }),
  });
  let text = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (part: string) => {
      text += part;
    });
  }
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code) => resolve({ code, text }));
  });
}

/** Reads the compiler's output. @param text `file(line,column): error TS2322: …`, and indented lines that explain it */
export function typeErrors(text: string): CommandError {
  const errors = text
    .trimEnd()
    .split(/\n(?!\s)/)
    .map((error) => error.replace(/^(.+?)\((\d+),(\d+)\): error /, '$1:$2:$3: '));
  const shown = errors.slice(0, MAX_ERRORS);
  const omitted = errors.length - shown.length;
  return new CommandError(
    'type_errors',
    [
      `${counted(errors.length, 'TypeScript error')}. Nothing was deployed.`,
      ...shown,
      ...(omitted > 0 ? [`… and ${omitted} more`] : []),
    ].join('\n'),
    'Correct the types, and run the command again.',
  );
}
