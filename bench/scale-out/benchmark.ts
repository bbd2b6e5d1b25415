import type { Command } from 'commander';
import { effectiveSettings } from '../../cli/cloud/settings.ts';
import { int, intList } from '../../cli/terminal/options.ts';
import { COUNTER_SHARDS } from '../../functions/core/ledger/counters.ts';
import { POLLER_RAMP } from '../../plan/aws-limits.ts';
import type { Sizing } from '../../plan/packing.ts';
import type { Benchmark, Row } from '../benchmark.ts';
import { section } from './section.ts';
import { type Limit, type Outcome, type Part, type Scenario, simulate } from './simulation.ts';

export interface Options {
  jobs: number;
  workers: number[];
  workMs: number[];
  seed: number;
}

export interface ScaleOutRow extends Row {
  system: 'drumline';
  workers: number;
  workMs: number;
  variation: string;
  settings: {
    jobs: number;
    batchSize: number;
    jobsPerMessage: number;
    jobConcurrency: number;
    minimumPollers: number;
    partitions: number;
    nodes: number;
  };
  seconds: number;
  jobsPerMinute: number;
  /** Workers that came to do anything before it was over. */
  took: number;
  limit: Limit;
  load: Outcome['load'];
  share: Record<Part, number>;
}

/** What a deployment, and what it stands on, would be given as it grows: each on top of those before it. */
interface Variation {
  name: string;
  sizing: (workers: number) => Partial<Sizing>;
  /** Of Elasticsearch. */
  nodes: number;
  /** Of the ledger's table. */
  partitions: number;
}

/** Enough pollers for all workers to be there at once, as far as AWS goes. */
const polled = (workers: number) => ({
  minimumPollers: Math.max(POLLER_RAMP.min, Math.ceil(workers / POLLER_RAMP.batches)),
});
const packed = (workers: number) => ({ ...polled(workers), jobsPerMessage: 50, jobConcurrency: 50 });

/** A new on-demand table's: 4,000 write units a second, 1,000 for each. */
const NEW = 4;

const VARIATIONS: readonly Variation[] = [
  { name: 'as by default', sizing: () => ({}), nodes: 1, partitions: NEW },
  { name: '+ pollers', sizing: polled, nodes: 1, partitions: NEW },
  { name: '+ 50 jobs a message, 50 at a time', sizing: packed, nodes: 1, partitions: NEW },
  { name: '+ Elasticsearch on 4 nodes', sizing: packed, nodes: 4, partitions: NEW },
  { name: '+ a table of 16 partitions', sizing: packed, nodes: 4, partitions: 16 },
];

export const scaleOut: Benchmark<Options, ScaleOutRow> = {
  name: 'scale-out',
  title: 'Past one machine: a simulation',
  about: `No measurement: a tick of X jobs in virtual time (\`bench/scale-out/simulation.ts\`), with the plan's overheads, measured on one
machine, and AWS's limits as its documentation has them. Workers come as Lambda brings them, take batches, and wait in line for what they
share: the scheduler's sending, Elasticsearch (each node as fast as the one that was measured), the partitions of the ledger's
table (${NEW} of 1,000 write units a second, as a new table has; a run’s counters lie in up to ${COUNTER_SHARDS} of them). Times vary by a fifth, by chance, the same for the
same \`--seed\`. It shows where a limit is met, not what AWS will do to the percent.`,

  register(command: Command) {
    command
      .option('--jobs <n>', 'jobs of the tick', int(1_000, 1_000_000), 1_000_000)
      .option('--workers <list>', 'workers at a time', intList(1, 1_000), [10, 100, 1_000])
      .option('--work-ms <list>', 'how long a job waits', intList(0, 60_000), [0, 100])
      .option('--seed <n>', 'what the chance goes by', int(0, 2 ** 32 - 1), 1);
  },

  async run({ options }) {
    const defaults: Sizing = effectiveSettings({});
    return options.workMs.flatMap((workMs) =>
      VARIATIONS.flatMap((variation) =>
        options.workers.map((workers) =>
          rowOf(variation, {
            x: options.jobs,
            workMs,
            sizing: { ...defaults, ...variation.sizing(workers), concurrency: workers },
            partitions: variation.partitions,
            nodes: variation.nodes,
            seed: options.seed,
          }),
        ),
      ),
    );
  },

  section,
};

function rowOf({ name }: Variation, scenario: Scenario): ScaleOutRow {
  const { sizing, workMs, x: jobs, partitions, nodes } = scenario;
  const { ms, workers: took, load, limit, share } = simulate(scenario);
  const { concurrency: workers, batchSize, jobsPerMessage, jobConcurrency, minimumPollers = 0 } = sizing;
  return {
    ...{ benchmark: 'scale-out', system: 'drumline', workers, workMs, variation: name },
    settings: { jobs, batchSize, jobsPerMessage, jobConcurrency, minimumPollers, partitions, nodes },
    seconds: ms / 1_000,
    jobsPerMinute: Math.round((jobs / ms) * 60_000),
    ...{ took, limit, load, share },
  };
}
