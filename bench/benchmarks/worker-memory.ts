import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build } from 'esbuild';
import { readDepth } from '../../functions/core/queue/queue.ts';
import type { readEnvironment } from '../../functions/runtime/environment.ts';
import { bundleFunctions } from '../../infra-cdk/bundling/bundle-functions.ts';
import { parseSettings } from '../../infra-cdk/settings/parse-settings.ts';
import { LEDGER_TTL_SECONDS, type Pipeline } from '../../test/fixtures/pipeline.ts';
import { chunksOf } from '../harness/chunks.ts';
import type { OwnCloud } from '../harness/own-cloud.ts';
import { stopProcess } from '../peers/worker-processes.ts';
import type { BatchesMessage, Memory } from './worker-memory-process.ts';

/** A worker's memory after this many jobs. */
export interface MemorySample extends Memory {
  jobs: number;
}

const SAMPLES = 20;

/**
 * Runs all messages in one worker process, batch after batch, and reads its memory at regular intervals.
 * @throws Error if the process ends early or a message returns to the queue
 */
export async function sampleMemory(
  { aws }: OwnCloud,
  pipeline: Pipeline,
  elasticsearchUrl: string,
  bodies: readonly string[],
  { batchSize, jobsPerMessage }: { batchSize: number; jobsPerMessage: number },
): Promise<MemorySample[]> {
  const folder = await mkdtemp(join(tmpdir(), 'drumline-bench-'));
  const bundle = join(folder, 'index.mjs');
  await writeFile(bundle, (await bundleFunctions('functions/job.ts')).consumer ?? '');
  // Compiled, because tsx would take memory in the measured process.
  const script = join(folder, 'worker-memory-process.mjs');
  await build({
    entryPoints: [join(import.meta.dirname, 'worker-memory-process.ts')],
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
      ...consumerEnvironment(pipeline, elasticsearchUrl),
    },
  });
  const ended = new Promise<never>((_, reject) =>
    worker.once('exit', (code) => reject(new Error(`the worker process ended with ${code}`))),
  );
  ended.catch(() => {});
  const answer = async () => (await Promise.race([once(worker, 'message'), ended]))[0];
  try {
    await answer();
    const samples: MemorySample[] = [];
    const batches = chunksOf(bodies, batchSize);
    let jobs = 0;
    for (const chunk of chunksOf(batches, Math.ceil(batches.length / SAMPLES))) {
      worker.send({ batches: chunk } satisfies BatchesMessage);
      const memory = (await answer()) as Memory;
      jobs += chunk.flat().length * jobsPerMessage;
      samples.push({ jobs, ...memory });
    }
    // The queue is empty unless the worker returned messages to it.
    const { visible, delayed } = await readDepth(pipeline.jobs);
    if (visible + delayed > 0) throw new Error(`${visible + delayed} messages returned to the queue`);
    return samples;
  } finally {
    await stopProcess(worker);
    await rm(folder, { recursive: true, force: true });
  }
}

/** Every variable that functions read, with the default settings. */
function consumerEnvironment({ table, jobs, deadLetters, results }: Pipeline, elasticsearchUrl: string) {
  const settings = parseSettings({});
  return {
    DRUMLINE_TABLE: table.name,
    DRUMLINE_JOBS_QUEUE: jobs.url,
    DRUMLINE_DEAD_LETTER_QUEUE: deadLetters.url,
    DRUMLINE_CONSUMER: 'consumer',
    DRUMLINE_SCHEDULER: 'scheduler',
    DRUMLINE_ELASTICSEARCH_URL: elasticsearchUrl,
    DRUMLINE_ELASTICSEARCH_API_KEY_SECRET: settings.elasticsearchApiKeySecret,
    DRUMLINE_ELASTICSEARCH_CA_FILE: settings.elasticsearchCaFile,
    DRUMLINE_INDEX: results.index,
    DRUMLINE_INDEX_MONTHLY: String(settings.indexMonthly),
    DRUMLINE_INDEX_SHARDS: String(settings.indexShards),
    DRUMLINE_INDEX_REPLICAS: String(settings.indexReplicas),
    DRUMLINE_INDEX_REFRESH_SECONDS: String(settings.indexRefreshSeconds ?? ''),
    DRUMLINE_JOBS_PER_MESSAGE: String(settings.jobsPerMessage),
    DRUMLINE_JOB_CONCURRENCY: String(settings.jobConcurrency),
    DRUMLINE_MAX_ATTEMPTS: String(settings.maxAttempts),
    DRUMLINE_RETRY_BASE_SECONDS: String(settings.retryBaseSeconds),
    DRUMLINE_RETRY_CAP_SECONDS: String(settings.retryCapSeconds),
    DRUMLINE_LEDGER_TTL_SECONDS: String(LEDGER_TTL_SECONDS),
  } satisfies Record<Parameters<typeof readEnvironment>[number], string>;
}
