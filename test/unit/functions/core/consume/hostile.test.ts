import { spawnSync } from 'node:child_process';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { reasonFrom } from '../../../../../functions/core/model/errors.ts';
import { jobsToRun, parseMessage } from '../../../../../functions/core/model/message.ts';
import { malformedDeadLetter, readDeadLetter } from '../../../../../functions/core/queue/dead-letter.ts';
import { MAX_BATCH_BYTES } from '../../../../../functions/core/queue/queue.ts';
import { PROJECT } from '../../../../../infra-cdk/settings/settings.ts';
import { message, NOW } from '../../../../fixtures/ledger.ts';

/** What an attacker could do who may send messages to the queue. docs/security.md lists the purposes. */

const sent = JSON.stringify(message());
const withField = (field: string) => sent.replace('{', `{${field},`);
const parsed = (change: object) => parseMessage(JSON.stringify({ ...message(), ...change }));

describe('a hostile message', () => {
  test('pollutes no prototype, and is what its known fields say', () => {
    for (const field of [
      '"__proto__":{"polluted":true,"retry":{"round":1,"jobs":[1]}}',
      '"constructor":{"prototype":{"polluted":true}}',
      '"prototype":{"polluted":true}',
      '"retry":{"round":1,"jobs":[1],"__proto__":{"polluted":true}}',
    ]) {
      const { message: read } = parseMessage(withField(field)) as { message: object };
      expect(({} as { polluted?: boolean }).polluted).toBeUndefined();
      expect(Object.getPrototypeOf(read)).toBe(Object.prototype);
      expect(read).not.toHaveProperty('polluted');
      expect(read).toMatchObject(message());
      expect('retry' in read).toBe(field.startsWith('"retry"'));
      expect('retry' in read && read.retry).not.toHaveProperty('polluted');
    }
    // Fields of the prototype are not fields of the message.
    expect(parseMessage(`{"__proto__":${sent}}`)).toHaveProperty('malformed');
  });

  test('is malformed for a short reason if it is nested deeply, or as long as SQS allows', () => {
    for (const body of [
      '['.repeat(MAX_BATCH_BYTES),
      '{"v":'.repeat(100_000),
      `${'['.repeat(100_000)}${']'.repeat(100_000)}`,
      'x'.repeat(MAX_BATCH_BYTES),
      withField(`"x":${'9'.repeat(1_000_000)}`).replace('"v":1', '"v":0'),
      withField(`"${'x'.repeat(1_000_000)}":1`).replace('"v":1', '"v":0'),
    ])
      expect((parseMessage(body) as { malformed: string }).malformed).toMatch(/^.{1,200}$/);
  });

  test('has none of its text in the reason', () => {
    const fields = fc.constantFrom('v', 'runId', 'tick', 'first', 'last', 'enqueuedAt', 'retry', 'other');
    fc.assert(
      fc.property(fields, fc.string({ maxLength: 20 }), (field, rest) => {
        const text = `SPOKEN\n${rest}`;
        expect(JSON.stringify(parsed({ v: 0, [field]: text, [text]: text }))).not.toContain('SPOKEN');
      }),
    );
  });

  test('cannot ask for more jobs than a message may have', () => {
    expect(parsed({ last: Number.MAX_SAFE_INTEGER })).toHaveProperty('malformed');
    const repeated = parsed({ retry: { round: 1, jobs: Array(500).fill(1) } });
    expect('message' in repeated && jobsToRun(repeated.message)).toEqual([1]);
  });

  test('has no time that JavaScript cannot format, which would fail its all batch again and again', () => {
    expect(parsed({ enqueuedAt: 8.64e15 + 1 })).toHaveProperty('malformed');
    const last = parsed({ enqueuedAt: 8.64e15 });
    expect('message' in last && new Date(last.message.enqueuedAt).toISOString()).toMatch(/^\+275760/);
  });

  test('names no lease that a worker could not have acquired', () => {
    for (const lease of ['\ud800', '\0', 'a b', '', 'ü', 'x'.repeat(65), 'a\n'])
      expect(parsed({ returned: { times: 1, notBefore: 0, survived: [lease] } })).toEqual({
        malformed: expect.stringMatching(/^returned\.survived\.0: /),
      });
  });

  test('is kept as a dead deadLetter whose reason is one line', () => {
    const deadLetter = malformedDeadLetter('{"jobId":"\u001b[2J"}', 'a\nb\u0085c\u2028d\u001b[31m', NOW);
    expect(readDeadLetter(deadLetter.MessageBody ?? '', deadLetter.MessageAttributes, 1)).toMatchObject({
      reason: 'malformed: a b c d [31m',
      jobs: 0,
    });
  });
});

describe('what a job throws', () => {
  test('cannot forge log lines', () => {
    const forged = 'x"}\n{"level":"INFO","message":"all is well"}\r\u2028\u001b[2K';
    const program = `
      const { log } = await import('./functions/runtime/logger.ts');
      log.warn('batch returned', { raw: process.env.FORGED });`;
    // A process of its own: its output is what CloudWatch would receive.
    const { stdout, stderr } = spawnSync(
      process.execPath,
      ['--import', 'tsx', '--input-type=module', '-e', program],
      { cwd: PROJECT, encoding: 'utf8', env: { ...process.env, FORGED: forged } },
    );
    const line = `${stdout}${stderr}`.trimEnd();
    expect(line).toMatch(/^\P{Cc}+$/u);
    expect(JSON.parse(line)).toMatchObject({ level: 'WARN', message: 'batch returned', raw: forged });
  });

  test('becomes a reason of one short line, whatever it is', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string({ unit: 'binary', maxLength: 2_000 }), fc.anything()), (thrown) => {
        for (const one of [thrown, new Error(typeof thrown === 'string' ? thrown : '')])
          expect(reasonFrom(one)).toMatch(/^[^\p{Cc}\p{Zl}\p{Zp}]{1,200}$/u);
      }),
    );
  });
});
