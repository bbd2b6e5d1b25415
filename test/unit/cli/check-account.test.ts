import { expect, test } from 'vitest';
import {
  checkNames,
  concurrencyCheck,
  elasticsearchCheck,
  keyCheck,
  requireChecks,
  secretCheck,
} from '../../../cli/cloud/check-account.ts';
import type { Target } from '../../../cli/cloud/target.ts';

test('a deployment can reserve all but 100 of the unreserved workers, and those of its consumer', () => {
  for (const [limit, unreserved, reserved, wanted, ok] of [
    [1_000, 1_000, 0, 900, true],
    [1_000, 1_000, 0, 901, false],
    // Other functions have reserved 700.
    [1_000, 300, 0, 201, false],
    [1_000, 300, 100, 300, true],
    // A new account.
    [10, 10, 0, 1, false],
  ] as const)
    expect(
      concurrencyCheck({ limit, unreserved, reserved, wanted }),
      `${unreserved} ${wanted}`,
    ).toMatchObject({ ok });
});

test('a failed check says how many workers are possible, and what to ask AWS for', () => {
  expect(concurrencyCheck({ limit: 1_000, unreserved: 1_000, reserved: 0, wanted: 1_000 })).toEqual({
    name: 'Lambda concurrency',
    ok: false,
    found: '1,000 in the account, 1,000 unreserved: enough for 900 of 1,000 workers',
    advice:
      'Set concurrency=900 or less for now, or ask AWS (Service Quotas, Lambda) for at least 1,100 "Concurrent executions".',
  });
  expect(concurrencyCheck({ limit: 10, unreserved: 10, reserved: 0, wanted: 2 }).advice).toMatch(
    /^Do not deploy for now, .* at least 102 /,
  );
});

test('a deployment with a failed check ends before anything is created, and names each failure with what to do', () => {
  const ok = { name: 'Account', ok: true, found: '123456789012' };
  expect(() => requireChecks([ok])).not.toThrow();
  const failed = [
    { name: 'Secret key', ok: false, found: 'missing', advice: 'Create it.' },
    { name: 'Queue', ok: false, found: 'exists', advice: 'Delete it.' },
  ];
  expect(() => requireChecks([ok, ...failed])).toThrow(
    expect.objectContaining({
      code: 'account_not_ready',
      message: expect.stringMatching(/Nothing was deployed\.\n- Secret key: missing\n- Queue: exists$/),
      nextStep: 'Create it.\nDelete it.',
    }),
  );
});

test('an Elasticsearch that functions on AWS cannot reach is refused by its URL', () => {
  for (const [url, vpcId, ok] of [
    ['https://es.example.com', '', true],
    ['http://127.0.0.1:9200', '', false],
    ['http://localhost:9200', 'vpc-0a1b2c3d', false],
    ['http://[::1]:9200', 'vpc-0a1b2c3d', false],
    ['https://10.0.0.5:9200', '', false],
    ['https://search.internal', '', false],
    ['https://search.internal', 'vpc-0a1b2c3d', true],
  ] as const)
    expect(elasticsearchCheck({ elasticsearchUrl: url, vpcId }), `${url} ${vpcId}`).toMatchObject({ ok });
});

test('a secret must exist, and its key must be one that the functions may use', () => {
  const mine = 'arn:aws:kms:eu-west-1:123456789012:key/0a1b2c3d';
  for (const [seen, kmsKey, ok] of [
    [{}, '', true],
    ['ResourceNotFoundException', '', false],
    // Whoever may not read the secret's description cannot check it.
    ['AccessDeniedException', '', true],
    [{ DeletedDate: new Date() }, '', false],
    [{ KmsKeyId: 'arn:aws:kms:eu-west-1:123456789012:alias/aws/secretsmanager' }, '', true],
    [{ KmsKeyId: mine }, '', false],
    [{ KmsKeyId: mine }, mine, true],
    [{ KmsKeyId: '0a1b2c3d' }, mine, true],
    [{ KmsKeyId: 'ffffffff' }, mine, false],
    // An alias does not say which key it names.
    [{ KmsKeyId: 'alias/ours' }, '', true],
  ] as const) {
    const check = secretCheck('search-key', seen, kmsKey);
    expect(check, JSON.stringify([seen, kmsKey])).toMatchObject({ name: 'Secret search-key', ok });
    expect(check.advice !== undefined).toBe(!ok);
  }
});

test('a key of another region is refused', () => {
  const key = 'arn:aws:kms:eu-west-1:123456789012:key/0a1b2c3d';
  expect(keyCheck(key, { region: 'eu-west-1' })).toMatchObject({ ok: true });
  expect(keyCheck(key, { region: 'us-east-1' })).toMatchObject({
    ok: false,
    advice: expect.stringContaining('eu-west-1'),
  });
});

test('a name that another resource has is reported, whatever way a service says that it knows no such name', async () => {
  const answers: Record<string, unknown> = {
    'drumline-new': named('ResourceNotFoundException'),
    'drumline-taken': {},
    'drumline-jobs': named('QueueDoesNotExist'),
    'drumline-secret': named('AccessDeniedException'),
    '/drumline/a': { logGroups: [{ logGroupName: '/drumline/abc' }] },
    '/drumline/b': { logGroups: [{ logGroupName: '/drumline/b' }] },
  };
  const send = async ({ input }: { input: Record<string, string> }) => {
    const answer = answers[input.FunctionName ?? input.QueueName ?? input.logGroupNamePrefix ?? ''];
    if (answer instanceof Error) throw answer;
    return answer;
  };
  const target = { clients: { lambda: { send }, sqs: { send }, logs: { send } } } as unknown as Target;
  const names = [
    { type: 'AWS::Lambda::Function', name: 'drumline-new' },
    { type: 'AWS::Lambda::Function', name: 'drumline-taken' },
    { type: 'AWS::SQS::Queue', name: 'drumline-jobs' },
    { type: 'AWS::SQS::Queue', name: 'drumline-secret' },
    { type: 'AWS::Logs::LogGroup', name: '/drumline/a' },
    { type: 'AWS::Logs::LogGroup', name: '/drumline/b' },
  ] as const;
  const checks = await checkNames(target, names, new AbortController().signal);
  expect(checks.map(({ ok, found }) => [ok, found.split(' ')[0]])).toEqual([
    [false, 'drumline-taken'],
    [false, '/drumline/b'],
  ]);
});

function named(name: string): Error {
  return Object.assign(new Error(name), { name });
}
