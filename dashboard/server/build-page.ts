import { existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { CommandError } from '../../cli/terminal/errors.ts';

const PAGE = join(import.meta.dirname, '..', 'page');

/** The folder of the built page. */
export const PAGE_FOLDER = join(PAGE, 'dist');

/** Builds the page with Vite, unless it is built and newer than its sources. @throws CommandError `not_built` */
export async function buildPage(): Promise<void> {
  if (isBuilt()) return;
  const vite = await import('vite').catch((cause) => {
    throw new CommandError(
      'not_built',
      'The dashboard’s page has to be built, but Vite is not installed.',
      'Install all dependencies: npm ci',
      { cause },
    );
  });
  await vite.build({ root: PAGE, configFile: join(PAGE, 'vite.config.ts'), logLevel: 'warn' });
}

function isBuilt(): boolean {
  const index = join(PAGE_FOLDER, 'index.html');
  if (!existsSync(index)) return false;
  const builtAt = statSync(index).mtimeMs;
  const sources = [
    ...['index.html', 'vite.config.ts'].map((file) => join(PAGE, file)),
    ...readdirSync(join(PAGE, 'src'), { recursive: true, withFileTypes: true }).map(({ parentPath, name }) =>
      join(parentPath, name),
    ),
  ];
  return sources.every((file) => statSync(file).mtimeMs <= builtAt);
}
