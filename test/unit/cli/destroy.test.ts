import { expect, test } from 'vitest';
import { type RemainingWork, reasonsToKeep, requireNoWork } from '../../../cli/cloud/destroy.ts';
import type { Target } from '../../../cli/cloud/target.ts';

const NONE: RemainingWork = { activeRun: null, pendingJobs: 0, queuedMessages: 0, deadLetters: 0 };
const command = (words: string) => `npx drumline ${words}`;
const target = { command } as Target;

test('a stack is deleted only if no work is lost', () => {
  expect(() => requireNoWork(target, NONE)).not.toThrow();
  for (const [work, reason] of [
    [{ activeRun: '20261123-214512-k3f9' }, 'The run 20261123-214512-k3f9 is active.'],
    [{ pendingJobs: 1 }, '1 job of the last run is not done yet.'],
    [{ pendingJobs: 1_200, queuedMessages: 24 }, '1,200 jobs of the last run are not done yet.'],
    // Retried dead letters of an earlier run, or messages that were forged.
    [{ queuedMessages: 2 }, 'The jobs queue has 2 messages.'],
    [{ deadLetters: 3 }, '3 dead letters are kept.'],
    [{ unknown: 'the function failed' }, 'It is not known whether a run is active: The function failed.'],
  ] as const) {
    const [found, ...others] = reasonsToKeep({ ...NONE, ...work }, command);
    expect([found?.reason, others]).toEqual([reason, []]);
    expect(() => requireNoWork(target, { ...NONE, ...work })).toThrow(
      expect.objectContaining({
        code: 'work_remains',
        message: `${reason} Nothing was deleted.`,
        nextStep: expect.stringMatching(/npx drumline destroy --discard-jobs$/),
      }),
    );
  }
});
