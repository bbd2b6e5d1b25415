import { test } from 'vitest';
import { target } from './system.ts';

type Body<Case extends unknown[]> = (...values: Case) => void | Promise<void>;

/** `test` where a condition holds. Elsewhere the test is skipped, and its name gives the reason. */
export function testIf(condition: boolean, reason: string) {
  const limited = condition ? test : test.skip;
  const named = (name: string) => (condition ? name : `${name} [not on ${target.name}: ${reason}]`);
  return Object.assign(
    (name: string, body: Body<[]>, timeoutMs?: number) => limited(named(name), body, timeoutMs),
    {
      each:
        <Case extends unknown[]>(cases: readonly Case[]) =>
        (name: string, body: Body<Case>) =>
          limited.each(cases)(named(name), body),
    },
  );
}
