import { expect, test } from 'vitest';
import type { Deployment } from '../../../cli/cloud/deployment.ts';
import { readSizing } from '../../../cli/cloud/sizing.ts';

/** A deployment whose functions have these variables. */
function deployment(scheduler: Record<string, string>): { deployment: Deployment; calls: () => number } {
  let calls = 0;
  const configurations: Record<string, object> = {
    consumer: { MemorySize: 512, Environment: { Variables: { DRUMLINE_JOB_CONCURRENCY: '20' } } },
    scheduler: { MemorySize: 1_024, Environment: { Variables: scheduler } },
  };
  const send = async ({ input }: { input: { FunctionName: string } }) => {
    calls++;
    return configurations[input.FunctionName];
  };
  const target = { clients: { lambda: { send } }, stackName: 'Drumline', command: (words: string) => words };
  const functions = { consumer: 'consumer', scheduler: 'scheduler' };
  return { deployment: { target, functions } as unknown as Deployment, calls: () => calls };
}

const packing = { batchSize: 10, jobConcurrency: 20, timeoutMs: 30_000, workers: 4 };
const VARIABLES = { DRUMLINE_JOBS_PER_MESSAGE: 'auto', DRUMLINE_PACKING: JSON.stringify(packing) };
const signal = new AbortController().signal;

test('the sizing of a deployment is read with two calls', async () => {
  const { deployment: deployed, calls } = deployment(VARIABLES);
  expect(await readSizing(deployed, signal)).toEqual({
    ...{ concurrency: 4, batchSize: 10, jobsPerMessage: 'auto', jobConcurrency: 20 },
    ...{ consumerTimeoutSeconds: 30, consumerMemoryMb: 512 },
    ...{ minimumPollers: undefined, maximumPollers: undefined },
  });
  expect(calls()).toBe(2);
  const fixed = deployment({ ...VARIABLES, DRUMLINE_JOBS_PER_MESSAGE: '25' });
  expect((await readSizing(fixed.deployment, signal)).jobsPerMessage).toBe(25);
});

test.each([
  ['no packing', { DRUMLINE_PACKING: '' }, 'packing'],
  ['a packing of another form', { DRUMLINE_PACKING: '{"batchSize": 10}' }, 'packing.timeoutMs'],
  ['no jobs per message', { DRUMLINE_JOBS_PER_MESSAGE: '' }, 'jobsPerMessage'],
])('functions of another version have %s', async (_what, change, lacks) => {
  await expect(readSizing(deployment({ ...VARIABLES, ...change }).deployment, signal)).rejects.toMatchObject({
    code: 'deployment_differs',
    message: expect.stringContaining(lacks),
  });
});
