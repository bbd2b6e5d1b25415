import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';

const NAMES = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable', 'microsoft-edge'];

/** Applications that are on no path: those of macOS. */
const APPLICATIONS = [
  '/Applications/Chromium.app/Contents/MacOS/Chromium',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
];

/**
 * Finds a browser of the Chromium family: the one that DRUMLINE_CHROMIUM names, else the first one that is installed.
 * @returns the path of its program; undefined if there is none
 * @throws Error if DRUMLINE_CHROMIUM names no program
 */
export function findChromium(environment: NodeJS.ProcessEnv = process.env): string | undefined {
  const { DRUMLINE_CHROMIUM: named, PATH = '' } = environment;
  if (named) {
    if (isProgram(named)) return named;
    throw new Error(`DRUMLINE_CHROMIUM names ${named}, which is not a program.`);
  }
  const folders = PATH.split(delimiter).filter((folder) => folder !== '');
  const installed = NAMES.flatMap((name) => folders.map((folder) => join(folder, name)));
  return [...installed, ...APPLICATIONS].find(isProgram);
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
