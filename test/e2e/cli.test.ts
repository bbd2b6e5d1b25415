import { DescribeTableCommand, DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { GetFunctionConcurrencyCommand, ListEventSourceMappingsCommand } from '@aws-sdk/client-lambda';
import { describe, expect, test } from 'vitest';
import type { RunStatus, Status } from '../../functions/status.ts';
import { deployWith } from './stages.ts';
import {
  aws,
  deployed,
  drained,
  functionName,
  invoke,
  lambda,
  run,
  runJson,
  start,
  status,
  stop,
  target,
} from './system.ts';
import { testIf } from './test-if.ts';

async function limits(): Promise<{ reserved: number | undefined; mapping: number | undefined }> {
  const FunctionName = functionName('consumer');
  const [{ ReservedConcurrentExecutions: reserved }, { EventSourceMappings }] = await Promise.all([
    lambda.send(new GetFunctionConcurrencyCommand({ FunctionName })),
    lambda.send(new ListEventSourceMappingsCommand({ FunctionName })),
  ]);
  return { reserved, mapping: EventSourceMappings?.[0]?.ScalingConfig?.MaximumConcurrency };
}

// test/unit/cli/program.test.ts has the other ways to get a command line wrong.
test.concurrent.each([
  ['an unknown command', ['explode']],
  ['an unknown setting', ['deploy', '-c', 'concurency=3']],
  ['a start without times', ['start', '--x', '5', '--timezone', 'Europe/Berlin']],
  ['a setting out of its range', ['deploy', '-c', 'batchSize=0']],
])('%s ends the process with exit code 2 and one sentence', async (_what, parameters) => {
  const { code, stdout, stderr } = await run(...parameters);
  expect(code).toBe(2);
  expect(stdout).toBe('');
  expect(stderr).toMatch(/^drumline: \S/);
  expect(stderr).not.toMatch(/\n\s+at /);
  const asJson = await run(...parameters, '--json');
  expect(JSON.parse(asJson.stdout)).toMatchObject({ error: { message: expect.any(String) } });
  expect(asJson.code).toBe(2);
});

test('a stopped local cloud is reported in one sentence, with the command that starts it', async () => {
  const { drumline } = await import('./command.ts');
  const elsewhere = { DRUMLINE_EMULATOR_PORT: '1', DRUMLINE_ELASTICSEARCH_PORT: '2' };
  const { code, stderr } = await drumline(elsewhere, ['status']);
  expect(code).toBe(1);
  expect(stderr).toMatch(/not running.*\n.*npx drumline up/);
});

testIf(target.isManaged, 'it is the user’s to start')(
  'up again does nothing and takes no time worth speaking of',
  async () => {
    expect(await runJson('up')).toMatchObject({ emulator: 'running', elasticsearch: 'running' });
  },
);

describe('the command and the functions report the same', () => {
  test('as status', async () => {
    await start(300);
    await drained(300);
    await stop();
    const told = await runJson<Status>('status');
    const seen = await status();
    expect({ ...told, queue: seen.queue }).toMatchObject({ ...seen });
    const runs = await runJson<RunStatus[]>('runs');
    expect(runs[0]).toMatchObject({ runId: seen.runId, enqueued: 300, processed: 300 });
    expect(await runJson('verify')).toMatchObject({ ok: true, documents: 300 });
    expect((await run('verify')).code).toBe(0);
  });

  test('as log lines', async () => {
    const lines = await runJson<{ function: string; fields: Record<string, unknown> }[]>(
      'logs',
      'consumer',
      '--since',
      '30m',
      '--filter',
      'batch',
    );
    expect(lines.length).toBeGreaterThan(0);
    expect(new Set(lines.map((line) => line.function))).toEqual(new Set(['consumer']));
  });

  test('when a run starts, changes and stops', async () => {
    expect((await run('start', '--x', '50', '--y', '7')).code).toBe(0);
    const again = await run('start', '--x', '50', '--y', '7');
    expect(again.code).toBe(1);
    expect(again.stderr).toMatch(/active/);
    expect((await run('update', '--x', '60', '--y', '9')).code).toBe(0);
    expect(await status()).toMatchObject({ running: true, x: 60, y: 9 });
    expect((await run('stop', '--wait')).code).toBe(0);
    expect(await status()).toMatchObject({ running: false, enqueued: 50, processed: 50 });
    expect((await run('stop')).code).toBe(1);
  });
});

test('scale takes effect at once; a later deploy names the active run, and keeps the number unless it sets another', async () => {
  expect((await run('scale', '1')).code).toBe(0);
  // AWS's minimum for the mapping is 2. The reserved concurrency is the actual limit.
  expect(await limits()).toEqual({ reserved: 1, mapping: 2 });
  expect((await run('scale', '5')).code).toBe(0);
  expect(await limits()).toEqual({ reserved: 5, mapping: 5 });
  const { runId } = await start(50);
  const deployed = await runJson<{ activeRun: unknown; warnings: string[] }>(...deployWith());
  expect(deployed).toMatchObject({ activeRun: { runId, nextTickAt: expect.any(String) }, warnings: [] });
  await stop();
  expect(await limits()).toEqual({ reserved: 5, mapping: 5 });
  expect((await run(...deployWith(), '--concurrency', '2')).code).toBe(0);
  expect(await limits()).toEqual({ reserved: 2, mapping: 2 });
  expect(await invoke<Status>('status')).toMatchObject({ concurrency: 2 });
});

test('the scaling test runs the same jobs with one worker and with two, none of them twice', async () => {
  const report = await runJson<{ rows: { workers: number; failed: number; duplicates: number }[] }>(
    'scaling-test',
    '--workers',
    '1,2',
    '--x',
    '400',
    '--work-ms',
    '20',
  );
  expect(report.rows.map(({ workers }) => workers)).toEqual([1, 2]);
  for (const row of report.rows) expect(row).toMatchObject({ failed: 0, duplicates: 0 });
  expect(await limits()).toEqual({ reserved: 2, mapping: 2 });
});

describe('destroy', () => {
  const onOwnStack = testIf(target.name === 'local', 'other files use the same stack');
  const jobs = { enqueued: 20, processed: 20 };
  let kept: { table: string; itemsBucket: string; index: string };

  onOwnStack('refuses while a run is active, and changes nothing', async () => {
    const { runId } = await start(20);
    const { code, stderr } = await run('destroy', '--yes');
    expect([code, stderr]).toEqual([1, expect.stringContaining(`The run ${runId} is active.`)]);
    expect(await status()).toMatchObject({ running: true, runId });
    expect((await run('stop', '--wait')).code).toBe(0);
  });

  onOwnStack('deletes the stack and keeps the ledger, with which the printed command continues', async () => {
    const { runId } = await status();
    const { code, stderr } = await run('destroy');
    expect([code, stderr]).toEqual([2, expect.stringContaining('Confirm with --yes.')]);
    const answer = await runJson<{ destroyed: boolean; kept: typeof kept; redeploy: string }>(
      'destroy',
      '--yes',
    );
    expect(answer).toMatchObject({ destroyed: true, deleted: { function: 7, queue: 3, 'log group': 7 } });
    kept = answer.kept;
    expect((await run('status')).stderr).toContain('is not deployed');
    await expect(
      lambda.send(new GetFunctionConcurrencyCommand({ FunctionName: functionName('consumer') })),
    ).rejects.toThrow();
    expect(answer.redeploy).toContain(
      `deploy -c ledgerTable=${kept.table} -c itemsBucket=${kept.itemsBucket}`,
    );
    await deployed({ ledgerTable: kept.table, itemsBucket: kept.itemsBucket });
    expect(await status()).toMatchObject({ runId, running: false, ...jobs });
  });

  onOwnStack('deletes the ledger only when told to', async () => {
    expect(await runJson('destroy', '--yes', '--ledger')).toMatchObject({
      ledgerDeleted: true,
      redeploy: null,
    });
    const client = new DynamoDBClient(aws);
    await expect(client.send(new DescribeTableCommand({ TableName: kept.table }))).rejects.toThrow(
      expect.objectContaining({ name: 'ResourceNotFoundException' }),
    );
  });
});
