import { expect, test } from 'vitest';
import {
  type ScaleForm,
  scaleFormOf,
  scaleOf,
  stepped,
} from '../../../../dashboard/page/src/controls/scale-form.ts';
import type { ScalingRule } from '../../../../functions/core/model/scaling.ts';
import { sampleStatus } from '../../cli/fixtures.ts';

const formOf = (rule: ScalingRule | undefined, concurrency: number | null = 3) =>
  scaleFormOf({ concurrency, scaling: { ...sampleStatus().scaling, rule: rule as ScalingRule } });

test.each<[ScalingRule | undefined, number | null, ScaleForm]>([
  [{ min: 4, max: 4 }, 3, { kind: 'fixed', workers: '4', min: '1', max: '4', drainWithinSeconds: '' }],
  [{ min: 1, max: 1 }, 1, { kind: 'fixed', workers: '1', min: '1', max: '2', drainWithinSeconds: '' }],
  [
    { min: 2, max: 20, drainWithinSeconds: 90 },
    3,
    { kind: 'range', workers: '3', min: '2', max: '20', drainWithinSeconds: '90' },
  ],
  [undefined, null, { kind: 'fixed', workers: '1', min: '1', max: '2', drainWithinSeconds: '' }],
])('the form of the rule %o', (rule, concurrency, form) => {
  expect(formOf(rule, concurrency)).toEqual(form);
});

test.each<[Partial<ScaleForm>, object]>([
  [{ workers: '7' }, { min: 7, max: 7 }],
  [
    { kind: 'range', min: '2', max: '9' },
    { min: 2, max: 9 },
  ],
  [
    { kind: 'range', drainWithinSeconds: '60' },
    { min: 1, max: 4, drainWithinSeconds: 60 },
  ],
  // A fixed number of workers has no time to drain.
  [
    { workers: '7', drainWithinSeconds: '60' },
    { min: 7, max: 7 },
  ],
])('the form with %o asks for %o', (edited, rule) => {
  expect(scaleOf({ ...formOf({ min: 4, max: 4 }), ...edited })).toEqual({ action: 'scale', ...rule });
});

test('− and + stay within the limits', () => {
  const steps = [stepped('4', 1, 10), stepped('4', -1, 10), stepped('1', -1, 10), stepped('10', 1, 10)];
  expect([...steps, stepped('', 1, 10)]).toEqual(['5', '3', '1', '10', '1']);
});
