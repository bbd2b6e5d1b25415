import {
  GetFunctionConfigurationCommand,
  UpdateFunctionConfigurationCommand,
  waitUntilFunctionUpdatedV2,
} from '@aws-sdk/client-lambda';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Bundler, updateCode } from '../../cli/cloud/code-update.ts';
import { readDeployment } from '../../cli/cloud/deployment.ts';
import { isPlatformLine } from '../../cli/cloud/log-line.ts';
import { STAGES } from './stages.ts';
import {
  deployDefaults,
  deployOwnSettings,
  documentsOf,
  drained,
  functionName,
  lambda,
  logLines,
  run,
  start,
  status,
  stop,
  target,
  until,
  verify,
} from './system.ts';
import { testIf } from './test-if.ts';

/**
 * What an operator does to a system under load. A batch that came back through its visibility timeout would come too late
 * for the test: the timeout of this stage is longer than the test waits for the last job.
 */
const { concurrency, jobsPerMessage, visibilityTimeoutSeconds } = STAGES['under-load'];
const MAX_SECONDS = Number(visibilityTimeoutSeconds) / 2;
const JOBS = 3_600;

const testHere = testIf(target.name === 'local', 'it leaves the function different from its template');

beforeAll(async () => {
  await deployOwnSettings();
});

afterAll(async () => {
  await deployDefaults();
});

test('scaling down loses nothing and returns no batch', async () => {
  const runId = await loaded();
  expect((await run('scale', '1')).code).toBe(0);
  expect((await status()).processed).toBeLessThan(JOBS);
  await expectEachMessageOnce(runId);
  expect((await run('scale', concurrency)).code).toBe(0);
});

test('stopping loses nothing and returns no batch, and a second stop waits for the last job', async () => {
  const runId = await loaded();
  expect(await stop()).toMatchObject({ runId, running: false });
  expect((await status()).processed).toBeLessThan(JOBS);
  const { code, stdout } = await run('stop', '--wait');
  expect([code, stdout]).toEqual([0, expect.stringContaining('Done: 3,600 enqueued, 3,600 processed')]);
  expect((await run('stop')).stderr).toContain('No run is active.');
  await expectEachMessageOnce(runId);
});

testHere('new code and new settings lose nothing and return no batch', async () => {
  const signal = new AbortController().signal;
  const deployment = await readDeployment(target, signal);
  const FunctionName = functionName('consumer');
  const { Environment } = await lambda.send(new GetFunctionConfigurationCommand({ FunctionName }));
  const Variables = { ...Environment?.Variables, DRUMLINE_CODE_VERSION: 'the-next' };
  const updated = () => waitUntilFunctionUpdatedV2({ client: lambda, maxWaitTime: 60 }, { FunctionName });
  const bundler = await Bundler.open('functions/job.ts');
  const { bundles } = await bundler.build();
  await bundler.close();
  const runId = await loaded();
  // The two calls that CloudFormation makes in a deployment. Its other steps could take longer than the load.
  await updateCode(deployment, bundles, signal);
  await updated();
  await lambda.send(new UpdateFunctionConfigurationCommand({ FunctionName, Environment: { Variables } }));
  await updated();
  expect((await status()).processed).toBeLessThan(JOBS);
  await expectEachMessageOnce(runId);
  const versions = new Set((await documentsOf(runId)).map(({ version }) => version));
  expect(versions.size).toBe(2);
  expect(versions).toContain('the-next');
});

/** Starts a run, and waits until all its workers are in the middle of it. @returns its id */
async function loaded(): Promise<string> {
  const { runId } = await start(JOBS);
  await until(status, ({ processed, queue }) => processed > JOBS / 8 && queue.inFlight > 10, 60);
  return runId;
}

/** Waits for the last job, and looks at each batch: every message came once, and each of its jobs ran once. */
async function expectEachMessageOnce(runId: string): Promise<void> {
  await drained(JOBS, MAX_SECONDS);
  if ((await status()).running) await stop();
  // A worker counts its last jobs shortly before its invocation ends and its line appears.
  await until(status, ({ queue }) => queue.inFlight === 0, MAX_SECONDS);
  expect(await verify()).toMatchObject({ ok: true, runId, processed: JOBS, documents: JOBS, duplicates: 0 });
  expect((await status()).queue).toMatchObject({ visible: 0, inFlight: 0, delayed: 0, deadLetters: 0 });
  const lines = (await logLines('consumer')).filter((line) => !isPlatformLine(line));
  const ofRun = lines.filter(({ fields }) => fields.runId === runId);
  const sum = (field: string) => ofRun.reduce((total, { fields }) => total + Number(fields[field]), 0);
  const fields = ['messages', 'processed', 'skipped', 'failedAttempts', 'returned'];
  expect(Object.fromEntries(fields.map((field) => [field, sum(field)]))).toEqual({
    ...{ messages: JOBS / Number(jobsPerMessage), processed: JOBS },
    ...{ skipped: 0, failedAttempts: 0, returned: 0 },
  });
  expect(lines.filter(({ level }) => level !== 'INFO').map(({ text }) => text)).toEqual([]);
}
