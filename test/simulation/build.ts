import { mkdir, readFile, rm } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { build, type Plugin } from 'esbuild';
import type { System } from './system.ts';

/** A change of one source file of functions/core. `from` must occur exactly once. */
export interface Replacement {
  file: string;
  from: string;
  to: string;
}

const ROOT = resolve(import.meta.dirname, '../..');
const CORE = join(ROOT, 'functions/core');
const CACHE = join(ROOT, 'node_modules/.cache/drumline-simulation');

/** Limits of lists, as SMALL sets them. */
export const SEGMENT_ITEMS = 2;
export const MAX_STARTS = 2;
export const MAX_SHARED_MS = 3 * 60_000;

/**
 * Reduces the core's limits, so that a few jobs reach the limits of slices, batches and transactions. Only these numbers
 * differ from the deployed code.
 */
export const SMALL: Replacement[] = [
  { file: 'schedule/enqueue.ts', from: 'SLICE_MESSAGES = 500', to: 'SLICE_MESSAGES = 2' },
  {
    file: 'queue/queue.ts',
    from: 'export const MAX_BATCH_ENTRIES = 10',
    to: 'export const MAX_BATCH_ENTRIES = 3',
  },
  { file: 'queue/queue.ts', from: 'MAX_BATCH_BYTES = 1_048_576', to: 'MAX_BATCH_BYTES = 16_384' },
  // So that a tick with an even pace needs several firings. world.ts gives SQS the same limit.
  { file: 'queue/queue.ts', from: 'MAX_DELAY_MS = 900_000', to: 'MAX_DELAY_MS = 60_000' },
  { file: 'ledger/table.ts', from: 'MAX_TRANSACTION_WRITES = 100', to: 'MAX_TRANSACTION_WRITES = 8' },
  { file: 'ledger/counters.ts', from: 'RETIRED_AFTER_MS = 15 * 60_000', to: 'RETIRED_AFTER_MS = 30_000' },
  { file: 'ledger/counters.ts', from: 'COUNTER_SHARDS = 16', to: 'COUNTER_SHARDS = 2' },
  { file: 'ledger/counters.ts', from: 'WORKERS_PER_SHARD = 8', to: 'WORKERS_PER_SHARD = 1' },
  { file: 'model/message-record.ts', from: 'MAX_DEATHS = 3', to: 'MAX_DEATHS = 1' },
  { file: 'consume/progress.ts', from: 'PROGRESS_MS = 1_000', to: 'PROGRESS_MS = 200' },
  { file: 'consume/work-groups.ts', from: 'UNSUSPICIOUS_RETURNS = 1', to: 'UNSUSPICIOUS_RETURNS = 0' },
  { file: 'consume/tick-cache.ts', from: 'MAX_CACHED_TICKS = 1_000', to: 'MAX_CACHED_TICKS = 2' },
  {
    file: 'items/segment.ts',
    from: 'SEGMENT_LIMIT = { count: 500,',
    to: `SEGMENT_LIMIT = { count: ${SEGMENT_ITEMS},`,
  },
  { file: 'items/read-pass.ts', from: 'SEGMENTS_PER_STORE = 10', to: 'SEGMENTS_PER_STORE = 1' },
  { file: 'items/snapshot.ts', from: 'MAX_CACHED_BYTES = 32_000_000', to: 'MAX_CACHED_BYTES = 200' },
  { file: 'items/snapshot.ts', from: 'MAX_PLACES = 10_000', to: 'MAX_PLACES = 2' },
  { file: 'model/pass.ts', from: 'MAX_STARTS = 4', to: `MAX_STARTS = ${MAX_STARTS}` },
  { file: 'model/pass.ts', from: 'MAX_SHARED_MS = 365 * 86_400_000', to: `MAX_SHARED_MS = ${MAX_SHARED_MS}` },
  { file: 'verify/verify.ts', from: 'MAX_IDS_COMPARED = 5_000', to: 'MAX_IDS_COMPARED = 3' },
];

/**
 * Bundles the core with changes to its sources, and loads the bundle.
 * @throws when a replaced text does not occur exactly once; then the replacement must be updated
 */
export async function buildSystem(name: string, replacements: Replacement[]): Promise<System> {
  await mkdir(CACHE, { recursive: true });
  const outfile = join(CACHE, `${name}-${process.pid}.mjs`);
  await build({
    entryPoints: [join(import.meta.dirname, 'system.ts')],
    outfile,
    bundle: true,
    format: 'esm',
    platform: 'node',
    target: 'node20',
    packages: 'external',
    plugins: [replacing(replacements)],
    logLevel: 'silent',
  });
  try {
    return (await import(/* @vite-ignore */ pathToFileURL(outfile).href)) as System;
  } finally {
    await rm(outfile);
  }
}

function replacing(replacements: Replacement[]): Plugin {
  return {
    name: 'replacing',
    setup({ onLoad }) {
      onLoad({ filter: /functions[/\\]core[/\\].*\.ts$/ }, async ({ path }) => {
        let contents = await readFile(path, 'utf8');
        for (const { file, from, to } of replacements.filter(({ file }) => join(CORE, file) === path)) {
          if (contents.split(from).length !== 2)
            throw new Error(`${file} must contain «${from}» exactly once; update the replacement`);
          contents = contents.replace(from, () => to);
        }
        return { contents, loader: 'ts' };
      });
    },
  };
}
