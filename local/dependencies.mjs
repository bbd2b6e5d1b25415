import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { constants } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

// Plain JavaScript without dependencies, because it runs in a fresh clone before they are installed.

const PROJECT = resolve(import.meta.dirname, '..');
const MAX_LINES = 12; // npm prints the cause first, and then a long explanation of its options
const OTHER_INSTALL_DEADLINE_MS = 10 * 60_000;

/**
 * Runs `npm ci` if a dependency of package-lock.json is missing or has another version, with a message on standard error.
 * Exits this process if that fails or is interrupted.
 */
export async function ensureDependencies(project = PROJECT) {
  if (areInstalled(project)) return;
  const pidFile = join(project, '.drumline', 'npm-ci.pid');
  await waitForOtherInstall(pidFile);
  if (areInstalled(project)) return;
  process.stderr.write('Installing npm dependencies … ');
  const startedAt = Date.now();
  const { code, signal, output } = await npmCi(project, pidFile);
  if (code === 0 && areInstalled(project)) {
    process.stderr.write(`done (${Math.round((Date.now() - startedAt) / 1000)} s)\n`);
    return;
  }
  process.stderr.write(signal ? 'interrupted\n' : `failed\n${firstLines(output)}\n`);
  if (!signal) {
    process.stderr.write(
      'npm could not install the dependencies. Correct the cause and run the command again.\n',
    );
  }
  process.exit(signal ? 128 + constants.signals[signal] : 1);
}

/**
 * Compares npm's own record in node_modules with package-lock.json. npm writes this record last, so after an interrupted
 * `npm ci` it is missing. Times are not compared, because checking out another branch and back changes them.
 */
export function areInstalled(project = PROJECT) {
  const installed = packagesIn(join(project, 'node_modules', '.package-lock.json'));
  const wanted = packagesIn(join(project, 'package-lock.json'));
  if (!installed || !wanted) return false;
  return Object.entries(wanted).every(([path, { version, integrity, optional, link }]) => {
    const found = installed[path];
    // Packages for other platforms are optional and not installed.
    if (!found) return path === '' || optional === true || link === true;
    return found.version === version && found.integrity === integrity;
  });
}

function packagesIn(file) {
  try {
    return JSON.parse(readFileSync(file, 'utf8')).packages;
  } catch {
    return undefined;
  }
}

/** Runs `npm ci`. After a signal it still waits for npm to end, because two must not run in one folder at once. */
async function npmCi(project, pidFile) {
  // npm removes node_modules in no fixed order. The record of a complete installation must be removed first.
  rmSync(join(project, 'node_modules', '.package-lock.json'), { force: true });
  const child = spawn('npm', ['ci', '--include=dev', '--no-audit', '--no-fund', '--loglevel=error'], {
    cwd: project,
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  mkdirSync(dirname(pidFile), { recursive: true });
  writeFileSync(pidFile, String(child.pid));

  let received;
  const forward = (signal) => {
    received = signal;
    child.kill(signal);
  };
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'];
  for (const signal of signals) process.on(signal, forward);
  let output = '';
  child.stderr.setEncoding('utf8').on('data', (text) => {
    output += text;
  });
  try {
    const [code] = await once(child, 'close');
    return { code, signal: received, output };
  } catch (error) {
    return { code: 1, signal: received, output: `${error.message}\n` }; // npm is not installed
  } finally {
    for (const signal of signals) process.off(signal, forward);
    rmSync(pidFile, { force: true });
  }
}

function firstLines(output) {
  return output.trimEnd().split('\n').slice(0, MAX_LINES).join('\n');
}

/** Waits for the `npm ci` of another command, also of one that was killed while its npm continues. */
async function waitForOtherInstall(pidFile) {
  if (!isInstalling(pidFile)) return;
  process.stderr.write('Waiting for another npm ci in this folder … ');
  while (isInstalling(pidFile)) await sleep(250);
  process.stderr.write('done\n');
}

function isInstalling(pidFile) {
  try {
    // The pid in an old file may belong to another process now.
    if (Date.now() - statSync(pidFile).mtimeMs > OTHER_INSTALL_DEADLINE_MS) return false;
    process.kill(Number(readFileSync(pidFile, 'utf8')), 0);
    return true;
  } catch {
    return false;
  }
}
