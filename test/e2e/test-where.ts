import { test } from 'vitest';
import { target } from './system.ts';

/** A test that is not for everywhere. */
interface LimitedTest {
  (name: string, body: () => void | Promise<void>, timeoutMs?: number): void;
  each<Case extends unknown[]>(
    cases: readonly Case[],
  ): (name: string, body: (...of: Case) => void | Promise<void>) => void;
}

/**
 * `test`, where the suite's place has what it needs; elsewhere the test is skipped, and its name says why.
 * @param lacks what a place that can't hold the test does otherwise
 */
export function testWhere(holds: boolean, lacks: string): LimitedTest {
  const limited = holds ? test : test.skip;
  const named = (name: string) => (holds ? name : `${name} [not on ${target.name}: ${lacks}]`);
  return Object.assign(
    (name: string, body: () => void | Promise<void>, timeoutMs?: number) =>
      limited(named(name), body, timeoutMs),
    {
      each:
        <Case extends unknown[]>(cases: readonly Case[]) =>
        (name: string, body: (...of: Case) => void | Promise<void>) =>
          limited.each(cases)(named(name), body),
    },
  );
}
