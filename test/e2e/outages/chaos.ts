import { setTimeout as sleep } from 'node:timers/promises';
import { SendMessageBatchCommand } from '@aws-sdk/client-sqs';
import { beforeAll, describe, expect } from 'vitest';
import { inspect } from '../../../local/cloud.ts';
import { killFunction } from '../kill-function.ts';
import { VISIBILITY_SECONDS } from '../stages.ts';
import {
  drained,
  home,
  messagesOfFirstTick,
  output,
  run,
  sqs,
  start,
  status,
  stop,
  target,
  until,
  verify,
} from '../system.ts';
import { testIf } from '../test-if.ts';

const test = testIf(target.name === 'local', 'it kills processes of the local cloud');

/** `npm run chaos` sets more jobs, three repetitions and a longer outage of Elasticsearch. */
const JOBS = Number(process.env.DRUMLINE_CHAOS_JOBS ?? 6_000);
const TIMES = Number(process.env.DRUMLINE_CHAOS_TIMES ?? 1);
const OUTAGE_SECONDS = Number(process.env.DRUMLINE_CHAOS_OUTAGE_SECONDS ?? 10);

/** Maximum time that a fault may cost beyond its unavoidable time, in seconds. */
const GRACE_SECONDS = 10;

beforeAll(async () => {
  await run('dead-letters', 'purge', '--yes');
});

describe.each(Array.from({ length: TIMES }, (_, at) => at + 1))('chaos, time %i', () => {
  test('the batch of a killed worker is processed soon after its visibility timeout', async () => {
    await run('scale', '1');
    await start(200);
    await until(status, ({ queue }) => queue.inFlight > 0);
    await sleep(300);
    const killed = killFunction('consumer');
    const at = Date.now();
    expect(killed).toBeGreaterThan(0);
    await drained(200);
    const seconds = (Date.now() - at) / 1000;
    say(
      `killed the worker in mid-batch: all 200 jobs done ${seconds.toFixed(1)} s later (visibility timeout ${VISIBILITY_SECONDS} s)`,
    );
    expect(seconds).toBeLessThan(VISIBILITY_SECONDS + GRACE_SECONDS);
    await stop();
    expect(await verify()).toMatchObject({ ok: true, documents: 200 });
  });

  test(`${JOBS} jobs survive all faults together: none is lost, duplicated or counted twice`, async () => {
    await run('scale', '8');
    const { runId } = await start(JOBS);
    await progressed(JOBS * 0.1);

    for (let times = 0; times < 3; times++) {
      say(`killed ${killFunction('consumer')} workers`);
      await sleep(1_000);
    }
    say(`sent ${await duplicate(runId, 100)} messages a second time`);
    await progressed(JOBS * 0.3);

    const { elasticsearch: server } = await inspect(home);
    if (!server.running) throw new Error('Elasticsearch does not run');
    process.kill(server.pid, 'SIGKILL');
    say(`killed Elasticsearch for ${OUTAGE_SECONDS} s`);
    await sleep(OUTAGE_SECONDS * 1000);
    const before = (await status()).processed;
    expect((await run('up')).code).toBe(0);
    const back = Date.now();
    await until(status, ({ processed }) => processed > before, 60);
    const recovery = (Date.now() - back) / 1000;
    say(`Elasticsearch is back: work went on ${recovery.toFixed(1)} s later`);
    expect(recovery).toBeLessThan(GRACE_SECONDS);

    await run('scale', '1');
    say('scaled from 8 to 1');
    await progressed(JOBS * 0.5);
    await stopAndStartEmulator();
    say('stopped and started the emulator');
    await run('scale', '4');
    say('scaled from 1 to 4');

    const end = await drained(JOBS, 600);
    await stop();
    expect(end).toMatchObject({ enqueued: JOBS, processed: JOBS, failed: 0, queue: { deadLetters: 0 } });
    expect(await verify()).toMatchObject({ ok: true, documents: JOBS, duplicates: 0, missing: { count: 0 } });
    say(`all ${JOBS} jobs are there once`);
  }, 900_000);
});

function say(what: string): void {
  process.stderr.write(`  ${new Date().toISOString().slice(11, 19)} ${what}\n`);
}

function progressed(jobs: number) {
  return until(status, ({ processed }) => processed >= jobs, 300);
}

/** Sends messages of the run's first jobs again, as SQS itself may. @returns how many */
async function duplicate(runId: string, messages: number): Promise<number> {
  const QueueUrl = await output('JobsQueueUrl');
  const bodies = (await messagesOfFirstTick(runId)).slice(0, messages).map((one) => JSON.stringify(one));
  for (let at = 0; at < bodies.length; at += 10) {
    const Entries = bodies.slice(at, at + 10).map((MessageBody, i) => ({ Id: String(i), MessageBody }));
    await sqs.send(new SendMessageBatchCommand({ QueueUrl, Entries }));
  }
  return bodies.length;
}

/** A clean stop, which keeps the emulator's state, and a start. */
async function stopAndStartEmulator(): Promise<void> {
  const { emulator } = await inspect(home);
  if (!emulator.running) throw new Error('the emulator does not run');
  expect((await run('down')).code).toBe(0);
  expect((await run('up')).code).toBe(0);
}
