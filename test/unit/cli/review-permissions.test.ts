import { diffTemplate } from '@aws-cdk/cloudformation-diff';
import { expect, test } from 'vitest';
import type { Call } from '../../../cli/cloud/call.ts';
import { permissionsByPrincipal, reviewPermissions } from '../../../cli/cloud/review-permissions.ts';
import { addedNames, type Template } from '../../../cli/cloud/template.ts';

const READ = { Effect: 'Allow', Action: 'sqs:ReceiveMessage', Resource: { 'Fn::GetAtt': ['Jobs', 'Arn'] } };
const ANY_OBJECT = { Effect: 'Allow', Action: 's3:GetObject', Resource: '*' };
const DENIED = { Effect: 'Deny', Action: 'ec2:CreateNetworkInterface', Resource: '*' };

/** A stack with one role, whose policy has these statements. */
function stackWith(...statements: object[]): Template {
  const Statement = [
    { Effect: 'Allow', Action: 'sts:AssumeRole', Principal: { Service: 'lambda.amazonaws.com' } },
  ];
  return {
    Resources: {
      ConsumerRoleE2904DDD: {
        Type: 'AWS::IAM::Role',
        Properties: { AssumeRolePolicyDocument: { Version: '2012-10-17', Statement } },
      },
      Policy: {
        Type: 'AWS::IAM::Policy',
        Properties: {
          PolicyDocument: { Version: '2012-10-17', Statement: statements },
          PolicyName: 'Policy',
          Roles: [{ Ref: 'ConsumerRoleE2904DDD' }],
        },
      },
    },
  };
}

/** What a deployment asks without a terminal, and how it ends. */
async function review(deployed: Template | undefined, next: Template, yes = false) {
  const said: string[] = [];
  const output = { say: (text: string) => said.push(text) };
  const target = { stackName: 'Drumline', command: (words: string) => `npx drumline ${words}` };
  const call = { output, target, signal: new AbortController().signal } as unknown as Call;
  const error = await reviewPermissions(call, deployed, next, yes).then(
    () => undefined,
    (reason: Error & { nextStep?: string }) => reason,
  );
  return { said: said.join('\n'), message: error?.message, nextStep: error?.nextStep };
}

test('the first deployment lists what each role may do; without a terminal it needs --yes', async () => {
  const next = stackWith(READ, ANY_OBJECT, DENIED);
  expect(permissionsByPrincipal(diffTemplate({}, next))).toBe(
    '  ConsumerRole: s3:GetObject on *, sqs:ReceiveMessage',
  );
  const { said, message, nextStep } = await review(undefined, next);
  expect(said).toContain('ConsumerRole: s3:GetObject on *');
  expect([message, nextStep]).toEqual([expect.stringContaining('no terminal'), 'Confirm with --yes.']);
  expect(await review(undefined, next, true)).toMatchObject({
    said: expect.stringContaining('ConsumerRole'),
  });
  expect((await review(undefined, next, true)).message).toBeUndefined();
});

test.each([
  ['a new statement', stackWith(READ), stackWith(READ, ANY_OBJECT), 's3:GetObject'],
  ['a denial that is gone', stackWith(READ, DENIED), stackWith(READ), 'ec2:CreateNetworkInterface'],
])('a later deployment shows %s, and asks', async (_what, deployed, next, shown) => {
  const { said, message } = await review(deployed, next);
  expect(said).toContain(shown);
  expect(message).toContain('no terminal');
  expect((await review(deployed, next, true)).message).toBeUndefined();
});

test.each([
  ['the same permissions', stackWith(READ), stackWith(READ)],
  ['fewer permissions', stackWith(READ, ANY_OBJECT), stackWith(READ)],
  ['another denial', stackWith(READ), stackWith(READ, DENIED)],
])('a later deployment does not ask about %s', async (_what, deployed, next) => {
  expect(await review(deployed, next)).toEqual({ said: '', message: undefined, nextStep: undefined });
});

test('only names that the deployed stack does not have must be free', () => {
  const named = (name: unknown) => ({ Type: 'AWS::SQS::Queue', Properties: { QueueName: name } });
  const deployed = { Resources: { One: named('drumline-jobs') } };
  const next = {
    Resources: { Two: named('drumline-jobs'), New: named('drumline-new'), Ref: named({ Ref: 'X' }) },
  };
  expect(addedNames(deployed, next)).toEqual([{ type: 'AWS::SQS::Queue', name: 'drumline-new' }]);
  expect(addedNames(undefined, deployed)).toHaveLength(1);
});
