import { expect, test } from 'vitest';
import { ruleAfterDeploy } from '../../../cli/cloud/deploy.ts';

test('a deployment keeps the rule of the running system, unless an option or a new setting sets another', () => {
  const manual = { setting: '', rule: { min: 1, max: 6 } };
  const bySetting = { setting: '1:20', rule: { min: 1, max: 20 } };
  const fixed = { min: 3, max: 3 };
  for (const [given, autoscale, before, rule] of [
    // The first deployment, and a system without a rule.
    [{}, '', undefined, fixed],
    [{}, '1:20', undefined, { min: 1, max: 20 }],
    [{}, '', { setting: '', rule: null }, fixed],
    // The running system's rule stays, also if its setting came from an option of an earlier deployment.
    [{}, '', manual, manual.rule],
    [{}, '', bySetting, bySetting.rule],
    [{}, '1:20', { setting: '1:20', rule: { min: 4, max: 4 } }, { min: 4, max: 4 }],
    // A setting in cdk.json that is new.
    [{}, '2:8', manual, { min: 2, max: 8 }],
    // Options.
    [{ concurrency: '3' }, '', manual, fixed],
    [{ concurrency: '3' }, '1:20', bySetting, fixed],
    [{ autoscale: '2:8' }, '2:8', manual, { min: 2, max: 8 }],
    [{ autoscale: '2:8', concurrency: '3' }, '2:8', manual, { min: 2, max: 8 }],
    [{ autoscale: '' }, '', bySetting, fixed],
  ] as const)
    expect(
      ruleAfterDeploy(given, { autoscale, concurrency: 3 }, before),
      JSON.stringify([given, autoscale]),
    ).toEqual(rule);
});
