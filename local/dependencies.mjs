import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { constants } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

// Plain JavaScript without dependencies, since it runs in a fresh clone, where there are none.

const PROJECT = resolve(import.meta.dirname, '..');
const OUTPUT_LINES = 12; // npm says first what is wrong, and then explains its options at length
const OTHER_INSTALL_DEADLINE_MS = 10 * 60_000;

/**
 * Has the npm dependencies of package-lock.json in place: runs `npm ci` if any is missing or of another version, and says
 * so on standard error. Exits this process if that fails or is interrupted.
 */
export async function ensureDependencies(project = PROJECT) {
  if (areInstalled(project)) return;
  const pidFile = join(project, '.drumline', 'npm-ci.pid');
  await otherInstall(pidFile);
  if (areInstalled(project)) return;
  process.stderr.write('Installing npm dependencies … ');
  const begin = Date.now();
  const { code, signal, output } = await npmCi(project, pidFile);
  if (code === 0 && areInstalled(project)) {
    process.stderr.write(`done (${Math.round((Date.now() - begin) / 1000)} s)\n`);
    return;
  }
  process.stderr.write(signal ? 'interrupted\n' : `failed\n${firstLines(output)}\n`);
  if (!signal) {
    process.stderr.write('npm could not install the dependencies; mend that and run the command again.\n');
  }
  process.exit(signal ? 128 + constants.signals[signal] : 1);
}

/**
 * npm writes down what it has put into node_modules, as the last thing it does; an interrupted `npm ci` has no such file.
 * The contents are compared, not the times: checking out another branch and coming back changes only the latter.
 */
export function areInstalled(project = PROJECT) {
  const installed = packagesIn(join(project, 'node_modules', '.package-lock.json'));
  const wanted = packagesIn(join(project, 'package-lock.json'));
  if (!installed || !wanted) return false;
  return Object.entries(wanted).every(([path, { version, integrity, optional, link }]) => {
    const found = installed[path];
    // Packages for other platforms are optional, and rightly not there.
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

/** Runs `npm ci` to its end, even if we are told to stop: two of them in one folder would spoil each other's work. */
async function npmCi(project, pidFile) {
  // npm removes node_modules in no certain order; what says that it is whole has to go first.
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
    return { code: 1, signal: received, output: `${error.message}\n` }; // there is no npm
  } finally {
    for (const signal of signals) process.off(signal, forward);
    rmSync(pidFile, { force: true });
  }
}

function firstLines(output) {
  return output.trimEnd().split('\n').slice(0, OUTPUT_LINES).join('\n');
}

/** Waits for an `npm ci` of another command, or of one that was killed and has left its npm behind. */
async function otherInstall(pidFile) {
  if (!isInstalling(pidFile)) return;
  process.stderr.write('Waiting for another npm ci in this folder … ');
  while (isInstalling(pidFile)) await sleep(250);
  process.stderr.write('done\n');
}

function isInstalling(pidFile) {
  try {
    // An old file may name a pid that has been given to someone else since.
    if (Date.now() - statSync(pidFile).mtimeMs > OTHER_INSTALL_DEADLINE_MS) return false;
    process.kill(Number(readFileSync(pidFile, 'utf8')), 0);
    return true;
  } catch {
    return false;
  }
}
