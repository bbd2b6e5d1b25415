#!/usr/bin/env node
// `npm test` runs every check and every test from a fresh clone. Its last line counts them.
// Plain JavaScript, because it installs what TypeScript needs. Arguments go to vitest: `npm test -- --project unit`.
import { spawn } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { ensureDependencies } from '../local/dependencies.mjs';

const project = resolve(import.meta.dirname, '..');
const bin = (name) => join(project, 'node_modules', '.bin', name);
const counts = { passed: 0, failed: 0, skipped: 0 };
let interrupted = false;

process.stdout.write(
  'The whole run takes about 10 minutes on two cores. `npm test -- --project unit` takes about 20 seconds.\n',
);
await ensureDependencies();

const scratch = await mkdtemp(join(tmpdir(), 'drumline-test-'));
try {
  await check('lint and format', bin('biome'), ['check', '--error-on-warnings', '.']);
  await check('types', bin('tsc'), ['--noEmit']);
  await check('types of the page', bin('tsc'), ['--noEmit', '-p', 'dashboard/page']);
  const report = join(scratch, 'vitest.json');
  const arguments_ = ['run', '--reporter=default', '--reporter=json', `--outputFile.json=${report}`];
  const passed = await run(bin('vitest'), [...arguments_, ...process.argv.slice(2)]);
  const { numPassedTests, numFailedTests, numPendingTests, numTodoTests, success } = await read(report);
  counts.passed += numPassedTests;
  counts.failed += numFailedTests;
  counts.skipped += numPendingTests + numTodoTests;
  // A broken test file or set-up fails the run without failing any test.
  if ((!passed || !success) && numFailedTests === 0) counts.failed += 1;
} finally {
  await rm(scratch, { recursive: true, force: true });
}

const { passed, failed, skipped } = counts;
process.stdout.write(`${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}\n`);
process.exitCode = failed === 0 ? 0 : 1;

async function check(name, command, parameters) {
  const begun = Date.now();
  process.stdout.write(`${name} …\n`);
  const passed = await run(command, parameters);
  counts[passed ? 'passed' : 'failed'] += 1;
  process.stdout.write(`${passed ? '✓' : '✗'} ${name} (${((Date.now() - begun) / 1000).toFixed(1)} s)\n`);
}

async function read(report) {
  try {
    return JSON.parse(await readFile(report, 'utf8'));
  } catch {
    return { numPassedTests: 0, numFailedTests: 0, numPendingTests: 0, numTodoTests: 0, success: false };
  }
}

function run(command, parameters) {
  if (interrupted) return Promise.resolve(false);
  return new Promise((done) => {
    const child = spawn(command, parameters, {
      cwd: project,
      // Every process would print the AWS SDK's warning about Node 20, which hides the results.
      env: { ...process.env, AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: 'true' },
      stdio: ['ignore', 'inherit', 'inherit'],
    });
    // Ctrl-C also reaches the child, which stops the servers that it started. Wait for it.
    const wait = () => {
      interrupted = true;
    };
    process.on('SIGINT', wait);
    child.on('error', () => done(false));
    child.on('close', (code) => {
      process.off('SIGINT', wait);
      done(code === 0);
    });
  });
}
