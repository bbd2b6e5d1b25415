import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build } from 'esbuild';
import { readDepth } from '../../functions/core/queue/queue.ts';
import type { Results } from '../../functions/core/results/client.ts';
import { bundleFunctions } from '../../infra-cdk/bundling/bundle-functions.ts';
import { ENVIRONMENT } from '../environment.ts';
import type { OwnCloud } from '../own-cloud.ts';
import { piecesOf } from '../pieces.ts';
import type { Place } from '../place.ts';
import type { Order, Size } from './worker-process.ts';

/** A worker's size after so many jobs. */
export interface Sample extends Size {
  jobs: number;
}

/** How often its size is read. */
const SAMPLES = 20;

/**
 * Has one worker process do all these messages, batch after batch.
 * @throws Error when it ends early, or a message comes back
 */
export async function growthOf(
  { aws, home }: OwnCloud,
  place: Place,
  results: Results,
  bodies: readonly string[],
  { batchSize, jobsPerMessage }: { batchSize: number; jobsPerMessage: number },
): Promise<Sample[]> {
  const folder = await mkdtemp(join(tmpdir(), 'drumline-bench-'));
  const bundle = join(folder, 'index.mjs');
  await writeFile(bundle, (await bundleFunctions('functions/job.ts')).consumer ?? '');
  // Not run by tsx, which would be a part of its size.
  const script = join(folder, 'worker-process.mjs');
  await build({
    entryPoints: [join(import.meta.dirname, 'worker-process.ts')],
    outfile: script,
    platform: 'node',
    format: 'esm',
  });
  const worker = fork(script, [bundle], {
    execArgv: ['--expose-gc', '--no-warnings'],
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    env: {
      PATH: process.env.PATH,
      AWS_ENDPOINT_URL: aws.endpoint,
      AWS_REGION: aws.region,
      AWS_ACCESS_KEY_ID: aws.credentials.accessKeyId,
      AWS_SECRET_ACCESS_KEY: aws.credentials.secretAccessKey,
      ...ENVIRONMENT,
      DRUMLINE_TABLE: place.table.name,
      DRUMLINE_JOBS_QUEUE: place.jobs.url,
      DRUMLINE_DEAD_LETTER_QUEUE: place.deadLetters.url,
      DRUMLINE_ELASTICSEARCH_URL: home.elasticsearchUrl,
      DRUMLINE_INDEX: results.index,
    },
  });
  const ended = new Promise<never>((_, reject) =>
    worker.once('exit', (code) => reject(new Error(`the worker process ended with ${code}`))),
  );
  ended.catch(() => {});
  const answer = async () => (await Promise.race([once(worker, 'message'), ended]))[0];
  try {
    await answer();
    const samples: Sample[] = [];
    const batches = [...piecesOf(bodies, batchSize)];
    let jobs = 0;
    for (const some of piecesOf(batches, Math.ceil(batches.length / SAMPLES))) {
      worker.send({ batches: some } satisfies Order);
      const size = (await answer()) as Size;
      jobs += some.flat().length * jobsPerMessage;
      samples.push({ jobs, ...size });
    }
    // What is not done is sent back to the queue, which plays no other part here.
    const { visible, delayed } = await readDepth(place.jobs);
    if (visible + delayed > 0) throw new Error(`${visible + delayed} messages came back from the worker`);
    return samples;
  } finally {
    if (worker.exitCode === null) {
      const gone = once(worker, 'exit');
      worker.kill();
      await gone;
    }
    await rm(folder, { recursive: true, force: true });
  }
}
