import { spawnSync } from 'node:child_process';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { reasonFrom } from '../../../../../functions/core/model/errors.ts';
import { jobsToRun, parseMessage } from '../../../../../functions/core/model/message.ts';
import { malformedDeadLetter, readDeadLetter } from '../../../../../functions/core/queue/dead-letter.ts';
import { MAX_BATCH_BYTES } from '../../../../../functions/core/queue/queue.ts';
import { PROJECT } from '../../../../../infra-cdk/settings/settings.ts';
import { message, NOW } from '../../samples.ts';

/** Messages by somebody who may send to the queue and means harm. docs/security.md says what each could be for. */

const sent = JSON.stringify(message());
const withField = (field: string) => sent.replace('{', `{${field},`);

describe('a poisoned message', () => {
  test.each([
    '"__proto__":{"polluted":true}',
    '"constructor":{"prototype":{"polluted":true}}',
    '"prototype":{"polluted":true}',
    '"retry":{"round":1,"jobs":[1],"__proto__":{"polluted":true}}',
  ])('changes no other object, and is what its known fields say: %s', (field) => {
    const parsed = parseMessage(withField(field));
    expect(({} as { polluted?: boolean }).polluted).toBeUndefined();
    expect(parsed).toHaveProperty('message');
    const { message: read } = parsed as { message: object };
    expect(Object.getPrototypeOf(read)).toBe(Object.prototype);
    expect(read).not.toHaveProperty('polluted');
    expect(read).toMatchObject(message());
    expect('retry' in read && read.retry).not.toHaveProperty('polluted');
  });

  test.each([
    ['lists in lists', '['.repeat(MAX_BATCH_BYTES)],
    ['objects in objects', '{"v":'.repeat(100_000)],
    ['lists in lists, to their end', `${'['.repeat(100_000)}${']'.repeat(100_000)}`],
    ['as long as SQS takes', 'x'.repeat(MAX_BATCH_BYTES)],
    ['a number without end', withField(`"x":${'9'.repeat(1_000_000)}`).replace('"v":1', '"v":2')],
    ['a field as long as SQS takes', withField(`"${'x'.repeat(1_000_000)}":1`).replace('"v":1', '"v":2')],
  ])('is refused in few words when it is %s', (_what, body) => {
    const parsed = parseMessage(body) as { malformed: string };
    expect(parsed.malformed).toMatch(/^.{1,200}$/);
  });

  test('does not have its own words said in our reasons', () => {
    fc.assert(
      fc.property(
        fc.constantFrom('v', 'runId', 'tick', 'first', 'last', 'enqueuedAt', 'retry', 'other'),
        fc.string({ maxLength: 20 }),
        (field, rest) => {
          const words = `SPOKEN\n${rest}`;
          const parsed = parseMessage(JSON.stringify({ ...message(), v: 2, [field]: words, [words]: words }));
          expect(JSON.stringify(parsed)).not.toContain('SPOKEN');
        },
      ),
    );
  });

  test('asks for no more jobs than a message may have', () => {
    const parsed = parseMessage(JSON.stringify({ ...message(), last: Number.MAX_SAFE_INTEGER }));
    expect(parsed).toHaveProperty('malformed');
    const twice = parseMessage(
      JSON.stringify({ ...message(), retry: { round: 1, jobs: Array(500).fill(1) } }),
    );
    expect('message' in twice && jobsToRun(twice.message)).toEqual([1]);
  });

  test('has no moment that a document could not be dated by', () => {
    // It would take the other messages of its batch along, again and again.
    const at = (enqueuedAt: number) => parseMessage(JSON.stringify({ ...message(), enqueuedAt }));
    expect(at(8.64e15 + 1)).toHaveProperty('malformed');
    const last = at(8.64e15);
    expect('message' in last && new Date(last.message.enqueuedAt).toISOString()).toMatch(/^\+275760/);
  });

  test.each(['\ud800', '\0', 'a b', '', 'ü', 'x'.repeat(65), 'a\n'])(
    'names no lease %j, which a worker could not have taken',
    (lease) => {
      const returned = { times: 1, notBefore: 0, survived: [lease] };
      const parsed = parseMessage(JSON.stringify({ ...message(), returned }));
      expect(parsed).toEqual({ malformed: expect.stringMatching(/^returned\.survived\.0: /) });
    },
  );

  test('is kept with a reason on one line, and read back as what it is', () => {
    const letter = malformedDeadLetter('{"jobId":"\u001b[2J"}', 'a\nb\u0085c\u2028d\u001b[31m', NOW);
    const { reason, jobs } = readDeadLetter(letter.MessageBody ?? '', letter.MessageAttributes, 1);
    expect(reason).toBe('malformed: a b c d [31m');
    expect(jobs).toBe(0);
  });
});

describe('what a job throws', () => {
  test('can’t add lines to the log or take away from it', () => {
    const forged = 'x"}\n{"level":"INFO","message":"all is well"}\r\u2028\u001b[2K';
    const program = `
      const { log } = await import('./functions/runtime/logger.ts');
      log.warn('batch returned', { raw: process.env.FORGED });`;
    // In a process of its own, whose output is what CloudWatch would be given.
    const { stdout, stderr } = spawnSync(
      process.execPath,
      ['--import', 'tsx', '--input-type=module', '-e', program],
      { cwd: PROJECT, encoding: 'utf8', env: { ...process.env, FORGED: forged } },
    );
    const line = `${stdout}${stderr}`.trimEnd();
    expect(line).toMatch(/^\P{Cc}+$/u);
    expect(JSON.parse(line)).toMatchObject({ level: 'WARN', message: 'batch returned', raw: forged });
  });

  test('is a reason of one short line, whatever it is', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string({ unit: 'binary', maxLength: 2_000 }), fc.anything()), (thrown) => {
        expect(reasonFrom(thrown)).toMatch(/^[^\p{Cc}\p{Zl}\p{Zp}]{1,200}$/u);
        expect(reasonFrom(new Error(String(typeof thrown === 'string' ? thrown : '')))).toMatch(
          /^\P{Cc}{1,200}$/u,
        );
      }),
    );
  });
});
