import type { Command } from 'commander';
import { int, intList } from '../../cli/terminal/options.ts';
import { counted, rate } from '../../text/format.ts';
import type { Benchmark, System, ThroughputRow } from '../benchmark.ts';
import type { Contender, Load, Outcome } from '../contender.ts';
import { type Figure, figureOf } from '../figure.ts';
import { inTurn } from '../rounds.ts';
import { measureThroughput, paceOf, type Size, unevennessOf } from '../throughput.ts';
import { openContenders } from './contenders.ts';
import { section } from './section.ts';
import { nameOf, SYSTEMS, systems } from './systems.ts';

export interface Options {
  systems: System[];
  workers: number[];
  workMs: number[];
  jobsPerMessage: number[];
  jobs?: number;
  seconds: number;
  rabbitmq?: string;
  redis?: string;
}

/** A system's speed. */
export interface PeerRow extends ThroughputRow {
  /** How many times the smallest share of a worker the largest is. */
  unevenness: Figure;
}

interface Case {
  contender: Contender;
  load: Load;
}

export const peers: Benchmark<Options, PeerRow> = {
  name: 'peers',
  title: 'Against its peers',
  about: `Jobs a minute of four systems that do the same jobs (the work of \`functions/job.ts\`), in turn, with the same Elasticsearch and
the same index settings:

- *drumline*: the stack as it is deployed, with its defaults, and with more jobs a message.
- *seed*: the old system rebuilt. RabbitMQ (a durable queue, persistent messages), a Node process for each worker with prefetch 10, one index
  request a job, \`INCR\` in Redis, ack.
- *bullmq*: BullMQ, a Node process for each worker with concurrency 10, one index request a job, \`INCR\`; jobs that are done are not kept.
- *powertools*: what an AWS engineer would write first (\`bench/peers/powertools/handler.ts\`): Powertools' batch processing and
  idempotency, one index request and one DynamoDB \`ADD\` a job, on the same emulator as ours.

Every measurement begins with a warm-up that is not counted, and has as many jobs as take some seconds (\`--seconds\`) at its pace (of jobs that
wait: at the ideal one). A figure counts only when afterwards there is one document for each job and the system's own counter says as many. Our
time runs from the tick's claim to the last job's count, so that enqueueing is a part of it; the peers' jobs are in their queues
beforehand, and their time runs from the first job's beginning to the last one's end.

RabbitMQ and Redis (without persistence) are those of Debian's packages \`rabbitmq-server\` and \`redis-server\`, started for this on 127.0.0.1
and stopped afterwards, or others by \`--rabbitmq URL\` and \`--redis URL\`. A peer whose server is missing is left out by name.`,

  register(command: Command) {
    command
      .option('--systems <list>', 'which systems', systems, Object.keys(SYSTEMS) as System[])
      .option('--workers <list>', 'how many workers', intList(1, 100), [1, 2, 4])
      .option('--work-ms <list>', 'how long a job waits', intList(0, 10_000), [0, 100])
      .option(
        '--jobs-per-message <list>',
        'settings of ours, besides the default one',
        intList(1, 500),
        [25, 50],
      )
      .option('--seconds <n>', 'how long a measurement takes, about', int(1, 600), 10)
      .option('--jobs <n>', 'jobs of each measurement, instead', int(1, 1_000_000))
      .option('--rabbitmq <url>', 'a RabbitMQ of your own')
      .option('--redis <url>', 'a Redis of your own');
  },

  async run(context) {
    const { options, rounds, progress, signal } = context;
    const contenders = await openContenders(context);
    const cases = options.workMs.flatMap((workMs) =>
      options.workers.flatMap((workers) =>
        contenders.map((contender): Case => ({ contender, load: { workers, workMs } })),
      ),
    );
    const size: Size = options.jobs === undefined ? { seconds: options.seconds } : { jobs: options.jobs };
    const measured = await inTurn(cases, rounds, async ({ contender, load }) => {
      signal.throwIfAborted();
      const outcome = await measureThroughput(contender, load, size);
      progress(
        `${nameOf(contender)}, ${counted(load.workers, 'worker')}, ${load.workMs} ms: ${rate(paceOf(outcome))} (${counted(outcome.jobs, 'job')})`,
      );
      return outcome;
    });
    return [...measured].map(([one, outcomes]) => rowOf(one, outcomes));
  },

  section,
};

function rowOf({ contender: { system, settings }, load }: Case, outcomes: Outcome[]): PeerRow {
  return {
    benchmark: 'peers',
    system,
    workers: load.workers,
    workMs: load.workMs,
    settings,
    jobsPerMinute: figureOf(outcomes.map(paceOf)),
    unevenness: figureOf(outcomes.map(unevennessOf)),
  };
}
