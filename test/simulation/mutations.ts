import type { Replacement } from './build.ts';
import type { ThemeName } from './scenario.ts';

/** A fault put into the core on purpose, which the simulation must find. */
export interface Mutation {
  name: string;
  replacements: Replacement[];
  /** What has to happen for it to show, where schedules of all kinds would seldom meet it. */
  theme?: ThemeName;
}

const mutation = (name: string, ...replacements: [file: string, from: string, to: string][]): Mutation => ({
  name,
  replacements: replacements.map(([file, from, to]) => ({ file, from, to })),
});

const themed = (theme: ThemeName, one: Mutation): Mutation => ({ ...one, theme });

export const MUTATIONS: Mutation[] = [
  mutation('counted before the documents are written', [
    'perform.ts',
    'const stored = await store(worker, ended, limits);',
    `await finish(worker, entries, ended.flatMap((end) => end.kind === 'worked' ? [{ kind: 'done', jobId: end.task.jobId }] : []), givenUp);
     const stored = await store(worker, ended, limits);`,
  ]),
  mutation('a message is counted without a condition', [
    'ledger/message.ts',
    "...(before.version === 0\n        ? { ConditionExpression: 'attribute_not_exists(pk)' }\n        :",
    '...(before.version === 0\n        ? {}\n        :',
  ]),
  mutation('a changed message is counted without a condition', [
    'ledger/message.ts',
    "ConditionExpression: 'version = :before',",
    "ConditionExpression: 'version <= :before OR version > :before',",
  ]),
  mutation(
    'no checkpoint: counted as enqueued after the sending',
    ['ledger/tick.ts', "':jobs': slice.to - slice.from,", "':jobs': tick.claimed - tick.sent,"],
    [
      'ledger/tick.ts',
      'closeInSchedule(table, tick.runId, tick.tick),',
      `closeInSchedule(table, tick.runId, tick.tick),
      { Update: { TableName: table.name, Key: runKey(tick.runId), UpdateExpression: 'ADD enqueued :jobs', ExpressionAttributeValues: { ':jobs': tick.claimed - tick.sent } } },`,
    ],
  ),
  mutation('partial failures are acknowledged', [
    'consume.ts',
    'batch.failed = undone.map(({ delivery }) => delivery.id);',
    'batch.failed = [];',
  ]),
  mutation('a message is done with while jobs of it are open', [
    'consume.ts',
    'isOpen(entry, givenUp.get(entry)) ? [{',
    'isOpen(entry, givenUp.get(entry)) && batch.outage ? [{',
  ]),
  themed(
    'commands',
    mutation(
      'a tick is claimed without a condition',
      [
        'ledger/tick.ts',
        'active = :true AND nextTick = :tick AND nextTickAt = :due AND',
        'active = :true AND nextTick >= :tick AND nextTickAt >= :due AND',
      ],
      [
        'ledger/tick.ts',
        "leaseUntil: lease.until },\n        ConditionExpression: 'attribute_not_exists(pk)',",
        'leaseUntil: lease.until },',
      ],
      [
        'ledger/run.ts',
        "'nextJobId = :read AND activeRunId = :run'",
        "'nextJobId >= :read AND activeRunId = :run'",
      ],
    ),
  ),
  themed(
    'rhythm',
    mutation('how late a tick is goes by its event', [
      'fire.ts',
      'due(run, now, asked)',
      'due(run, Math.min(now, asked))',
    ]),
  ),
  themed(
    'rhythm',
    mutation('jobIds are given out without a condition', [
      'ledger/run.ts',
      "'nextJobId = :read AND activeRunId = :run'",
      "'nextJobId >= :read AND activeRunId = :run'",
    ]),
  ),
  mutation('documents have names by chance', [
    'results/document.ts',
    '{ create: { _id: String(jobId) } }',
    '{ create: {} }',
  ]),
  mutation(
    'a document’s index follows from the clock',
    [
      'identify.ts',
      "import { readTick } from './ledger/tick.ts';",
      "import { readTick } from './ledger/tick.ts';\nimport { indexAt } from './results/indexing.ts';",
    ],
    [
      'identify.ts',
      'const index = tick.index ?? { name: worker.results.index };',
      "const index = indexAt({ index: 'results', monthly: true }, worker.clock());",
    ],
  ),
  mutation('what Elasticsearch had no room for counts as written', [
    'results/document.ts',
    'if (status < 300 || status === 409) return',
    'if (status < 300 || status === 409 || status === 429) return',
  ]),
  themed(
    'rhythm',
    mutation('an outage burns attempts', [
      'perform.ts',
      'return { outcomes: [...failed, ...decided],',
      `const missing = documents.filter(({ document: { jobId } }) => !written.some((one) => one.jobId === jobId));
      const burnt = missing.map(({ document: { jobId } }): Outcome => ({ kind: 'failed', jobId, reason: 'gone', permanent: false }));
      return { outcomes: [...failed, ...decided, ...burnt],`,
    ]),
  ),
  mutation('a status reads the run before the workers', [
    'ledger/totals.ts',
    'const run = await readRun(table, runId);',
    'const run = before;',
  ]),
  themed(
    'rhythm',
    mutation('a status does not mind that workers were folded', [
      'ledger/totals.ts',
      'if (run.retired.workers === before.retired.workers) {',
      'if (before) {',
    ]),
  ),
  themed(
    'rhythm',
    mutation('workers are folded without a condition', [
      'ledger/worker.ts',
      "'lastSeenAt = :seen AND jobsProcessed = :processed AND jobsFailed = :failed'",
      "'lastSeenAt >= :seen AND jobsProcessed >= :processed AND jobsFailed >= :failed'",
    ]),
  ),
  mutation('given up before the dead letter is kept', [
    'finish.ts',
    `    await send(
      worker.deadLetters,
      letters.map((job) => deadLetterOf(message, job, counting.now)),
    );
    const jobs = letters.map(({ jobId }) => jobId);
    await count(counting, [entry], ({ record }) => giveUp(record, jobs));`,
    `    const jobs = letters.map(({ jobId }) => jobId);
    await count(counting, [entry], ({ record }) => giveUp(record, jobs));
    await send(
      worker.deadLetters,
      letters.map((job) => deadLetterOf(message, job, counting.now)),
    );`,
  ]),
  mutation('given up without a look for what another delivery has done', [
    'finish.ts',
    `const done = await present(
    worker.results,
    entry.index.name,
    doomed.map(({ jobId }) => jobId),
  );`,
    'const done = new Set<JobId>();',
  ]),
  mutation('two schedulers may hold a tick', [
    'ledger/tick.ts',
    "ConditionExpression: 'holder = :me AND claimed = :claimed AND sent = :sent'",
    "ConditionExpression: '(holder = :me OR claimed >= :claimed) AND sent >= :sent'",
  ]),
  mutation('a tick is carried on with from what was claimed, not sent', [
    'fire.ts',
    '? { ...held, lease }',
    '? { ...held, sent: held.claimed, lease }',
  ]),
  mutation(
    'marked as sent before the sending',
    ['ledger/tick.ts', "':toSent': tick.claimed,", "':toSent': toClaimed,"],
    [
      'ledger/tick.ts',
      "'holder = :me AND claimed = :claimed AND sent = :sent'",
      "'holder = :me AND claimed = :claimed AND sent >= :sent'",
    ],
  ),
  mutation('a slice is never marked as sent, and so sent again', [
    'ledger/tick.ts',
    "':toSent': tick.claimed,",
    "':toSent': tick.sent,",
  ]),
  mutation('a slice that is sent again looks new', [
    'tick.ts',
    'const { sent, claimed, sliceClaimedAt: enqueuedAt } = tick;',
    'const { sent, claimed } = tick;\n  const enqueuedAt = Date.now();',
  ]),
  mutation('the jobs of a tick that is spread over its minutes come at once', [
    'enqueue.ts',
    '...(wait > 0 && { DelaySeconds: Math.ceil(wait / 1_000) }),',
    '',
  ]),
  mutation('a tick that is spread over its minutes ends where SQS delays no longer', [
    'enqueue.ts',
    'if (!slice && tick.claimed < tick.count &&',
    'if (!slice && tick.claimed > tick.count &&',
  ]),
  mutation('a stopped run’s tick waits for its time', [
    'fire.ts',
    'if (!tick || (active && waits(tick, clock())))',
    'if (!tick || waits(tick, clock()))',
  ]),
  themed(
    'commands',
    mutation('nobody minds that the pace has changed', [
      'ledger/run.ts',
      "'(attribute_not_exists(pace) OR pace = :pace)'",
      "'(attribute_not_exists(pace) OR pace = :pace OR pace <> :pace)'",
    ]),
  ),
  mutation('a recovered job stays counted as failed', [
    'settlement.ts',
    'failed: 0 - recovered.length,',
    'failed: 0,',
  ]),
  themed(
    'anything',
    mutation(
      'a made-up range of jobs is believed',
      ['tick.ts', 'from % tick.jobsPerMessage === 0 &&', ''],
      ['tick.ts', 'message.last === tick.firstJob + to - 1', 'message.last >= message.first'],
    ),
  ),
  mutation('the ledger is read without asking for its newest state', [
    'ledger/table.ts',
    'Key: key, ConsistentRead: true',
    'Key: key',
  ]),
  themed(
    'rhythm',
    mutation('what SQS did not take is forgotten', [
      'queue.ts',
      'if (refused.length === 0) return;',
      'if (refused.length < left.length) return;',
    ]),
  ),
  themed(
    'commands',
    mutation('an update does not mind what it has not seen', [
      'ledger/run.ts',
      'AND x = :readX AND y = :readY',
      'AND (x = :readX OR x <> :readX) AND (y = :readY OR y <> :readY)',
    ]),
  ),
  themed(
    'failures',
    mutation('sendings of a dead letter take turns', [
      'settlement.ts',
      'return sending === undefined || sending === retry || (overtaken?.includes(sending) ?? false);',
      'return sending === retry;',
    ]),
  ),
  mutation('a death is not held against the job that was alone at it', [
    'caution.ts',
    'if (job !== undefined && [...before.pending, ...before.failed].includes(job))',
    'if (job === 0)',
  ]),
  mutation('after a death, jobs are done together again', [
    'caution.ts',
    "if (record.alone) return 'alone';",
    '',
  ]),
  themed(
    'overlaps',
    mutation('what another delivery is at is taken for what it died of', [
      'caution.ts',
      'return underWay !== undefined && underWay.until > now;',
      'return false;',
    ]),
  ),
];
