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
    'consume/run-group.ts',
    'const stored = await storeDocuments(',
    `await ledger.commit(runnable, ({ record, requested, message }) =>
       applyOutcomes(endLease(record), requested, jobResults.flatMap(({ kind, task }) => kind === 'worked' && task.message === message ? [{ kind: 'done', jobId: task.jobId }] : []), clock()));
     const stored = await storeDocuments(`,
  ]),
  mutation('a message is counted without a condition', [
    'ledger/message-records.ts',
    "? { ConditionExpression: 'attribute_not_exists(pk)' }",
    '? {}',
  ]),
  themed(
    'failures',
    mutation('a changed message is counted without a condition', [
      'ledger/message-records.ts',
      "ConditionExpression: 'version = :before',",
      "ConditionExpression: 'version <= :before OR version > :before',",
    ]),
  ),
  mutation(
    'no checkpoint: counted as enqueued after the sending',
    ['ledger/ticks.ts', "':jobs': slice.to - slice.from,", "':jobs': tick.claimed - tick.sent,"],
    [
      'ledger/ticks.ts',
      'closeTickWrite(table, tick.runId, tick.tick),',
      `closeTickWrite(table, tick.runId, tick.tick),
      { Update: { TableName: table.name, Key: runKey(tick.runId), UpdateExpression: 'ADD enqueued :jobs', ExpressionAttributeValues: { ':jobs': tick.claimed - tick.sent } } },`,
    ],
  ),
  themed(
    'failures',
    mutation('what could not be sent back is acknowledged', [
      'consume/return-to-queue.ts',
      'accepted[index] ? [] : deliveries',
      'accepted[index] === undefined ? deliveries : []',
    ]),
  ),
  mutation('a message is done with while jobs of it are open', [
    'consume/return-to-queue.ts',
    'if (jobs.length === 0) return [];',
    'if (jobs.length === 0 || record.version > 0) return [];',
  ]),
  themed(
    'commands',
    mutation(
      'a tick is claimed without a condition',
      [
        'ledger/ticks.ts',
        'active = :true AND nextTick = :tick AND nextTickAt = :due AND',
        'active = :true AND nextTick >= :tick AND nextTickAt >= :due AND',
      ],
      [
        'ledger/ticks.ts',
        "leaseUntil: lease.until },\n        ConditionExpression: 'attribute_not_exists(pk)',",
        'leaseUntil: lease.until },',
      ],
      [
        'ledger/runs.ts',
        "'nextJobId = :read AND activeRunId = :run'",
        "'nextJobId >= :read AND activeRunId = :run'",
      ],
    ),
  ),
  themed(
    'rhythm',
    mutation('how late a tick is goes by its event', [
      'schedule/fire.ts',
      'nextStep(run, now, eventTime)',
      'nextStep(run, Math.min(now, eventTime))',
    ]),
  ),
  themed(
    'anything',
    mutation('jobIds are given out without a condition', [
      'ledger/runs.ts',
      "'nextJobId = :read AND activeRunId = :run'",
      "'nextJobId >= :read AND activeRunId = :run'",
    ]),
  ),
  mutation('documents have names by chance', [
    'results/documents.ts',
    '{ create: { _id: String(jobId) } }',
    '{ create: {} }',
  ]),
  mutation(
    'a document’s index follows from the clock',
    [
      'consume/read-batch.ts',
      "import type { ResultsIndex } from '../model/index-name.ts';",
      "import { indexAt, type ResultsIndex } from '../model/index-name.ts';",
    ],
    [
      'consume/read-batch.ts',
      'index: tick.index,',
      "index: indexAt({ index: 'results', monthly: true }, worker.clock()),",
    ],
  ),
  themed(
    'outages',
    mutation('what Elasticsearch had no room for counts as written', [
      'results/documents.ts',
      'if (status < 300 || status === 409) return',
      'if (status < 300 || status === 409 || status === 429) return',
    ]),
  ),
  themed(
    'rhythm',
    mutation('an outage burns attempts', [
      'consume/documents.ts',
      'if (!document) return [];',
      "if (!document) return result.kind === 'worked' ? [{ kind: 'failed', jobId, reason: 'gone', permanent: false }] : [];",
    ]),
  ),
  themed(
    'commands',
    mutation('a status reads the run before the counters', [
      'ledger/totals.ts',
      'const workers = await listCounters(table, runId);\n  const run = await readRun(table, runId);',
      'const run = await readRun(table, runId);\n  const workers = await listCounters(table, runId);',
    ]),
  ),
  themed(
    'turnover',
    mutation('a counter is taken over that has grown meanwhile', [
      'ledger/counters.ts',
      "'holder = :holder AND lastSeenAt = :seen AND jobsProcessed = :readProcessed AND jobsFailed = :readFailed'",
      "'holder = :holder AND lastSeenAt >= :seen AND jobsProcessed >= :readProcessed AND jobsFailed >= :readFailed'",
    ]),
  ),
  themed(
    'turnover',
    mutation('a counter that is taken over forgets its holder’s jobs', [
      'ledger/counters.ts',
      "':retiredProcessed': retired.processed + processed,",
      "':retiredProcessed': retired.processed,",
    ]),
  ),
  themed(
    'turnover',
    mutation('a counter is moved to another item, by two writes of a transaction', [
      'ledger/message-records.ts',
      '? [] : [await this.counters.incrementWrite(runId, delta, now)]',
      `? [] : await (async () => {
          const write = await this.counters.incrementWrite(runId, { processed, failed }, now);
          const { Key, ExpressionAttributeValues: values } = write.Update as never as { Key: Key; ExpressionAttributeValues: Record<string, number> };
          if (values[':retiredProcessed'] === undefined) return [write];
          this.counters.loseCounter(runId);
          const own = { ...Key, sk: \`COUNTER#\${this.counters.worker}\` };
          return [
            { Delete: { TableName: this.table.name, Key, ConditionExpression: 'holder = :holder AND lastSeenAt = :seen AND jobsProcessed = :readProcessed AND jobsFailed = :readFailed', ExpressionAttributeValues: { ':holder': values[':holder'], ':seen': values[':seen'], ':readProcessed': values[':readProcessed'], ':readFailed': values[':readFailed'] } } },
            { Update: { TableName: this.table.name, Key: own, UpdateExpression: 'SET holder = :me, lastSeenAt = :now ADD jobsProcessed :processed, jobsFailed :failed, retiredProcessed :retiredProcessed, retiredFailed :retiredFailed', ExpressionAttributeValues: { ':me': values[':me'], ':now': values[':now'], ':processed': values[':processed'], ':failed': values[':failed'], ':retiredProcessed': values[':retiredProcessed'], ':retiredFailed': values[':retiredFailed'] } } },
          ];
        })()`,
    ]),
  ),
  themed(
    'failures',
    mutation(
      'given up before the dead letter is kept',
      [
        'consume/give-up.ts',
        `    await send(
      deadLetters,
      failed.map(({ job, round }) => deadLetterFor(state.message, job, round)),
    );
`,
        '',
      ],
      [
        'consume/give-up.ts',
        'return ledger.commit(kept, ({ record, requested, outcomes }) =>\n    applyOutcomes(record, requested, outcomes, clock()),\n  );',
        `const after = await ledger.commit(kept, ({ record, requested, outcomes }) =>
        applyOutcomes(record, requested, outcomes, clock()));
      for (const [index, state] of kept.entries())
        await send(worker.deadLetters, state.outcomes.flatMap((outcome) => {
          const job = exhausted(found[index] as MessageOutcomes).find(({ jobId }) => jobId === outcome.jobId);
          return outcome.kind === 'deadLettered' && job ? [deadLetterFor(state.message, job, outcome.round)] : [];
        })).catch(() => {});
      return after;`,
      ],
    ),
  ),
  mutation('given up without a look for what another delivery has done', [
    'consume/give-up.ts',
    'exhausted(state).map(({ jobId }) => jobId),\n  );',
    'exhausted(state).map(({ jobId }) => jobId).slice(0, 0),\n  );',
  ]),
  themed(
    'failures',
    mutation('a dead letter asks for a retry that it has answered itself', [
      'model/message-record.ts',
      'return Math.max(now, round + 1);',
      'return Math.max(1, round);',
    ]),
  ),
  mutation('two schedulers may hold a tick', [
    'ledger/ticks.ts',
    "ConditionExpression: 'holder = :me AND claimed = :claimed AND sent = :sent'",
    "ConditionExpression: '(holder = :me OR claimed >= :claimed) AND sent >= :sent'",
  ]),
  mutation('a tick is carried on with from what was claimed, not sent', [
    'schedule/fire.ts',
    '? { ...openTick, lease }',
    '? { ...openTick, sent: openTick.claimed, lease }',
  ]),
  mutation(
    'marked as sent before the sending',
    ['ledger/ticks.ts', "':toSent': tick.claimed,", "':toSent': toClaimed,"],
    [
      'ledger/ticks.ts',
      "'holder = :me AND claimed = :claimed AND sent = :sent'",
      "'holder = :me AND claimed = :claimed AND sent >= :sent'",
    ],
  ),
  mutation('a slice is never marked as sent, and so sent again', [
    'ledger/ticks.ts',
    "':toSent': tick.claimed,",
    "':toSent': tick.sent,",
  ]),
  mutation('a slice that is sent again looks new', [
    'schedule/enqueue.ts',
    'return messagesToSend(tick).map(',
    'return messagesToSend({ ...tick, sliceClaimedAt: now }).map(',
  ]),
  mutation('the jobs of a tick that is spread over its minutes come at once', [
    'schedule/enqueue.ts',
    '...(waitMs > 0 && { DelaySeconds: toDelaySeconds(waitMs) }),',
    '',
  ]),
  mutation('a tick that is spread over its minutes ends where SQS delays no longer', [
    'schedule/enqueue.ts',
    'if (!slice && tick.claimed < tick.count &&',
    'if (!slice && tick.claimed > tick.count &&',
  ]),
  mutation('a stopped run’s tick waits for its time', [
    'schedule/fire.ts',
    'if (!tick || (active && isEarly(tick, clock())))',
    'if (!tick || isEarly(tick, clock()))',
  ]),
  themed(
    'commands',
    mutation(
      'nobody minds that the pace has changed',
      ['ledger/runs.ts', 'y = :readY AND pace = :pace', 'y = :readY AND (pace = :pace OR pace <> :pace)'],
      ['ledger/ticks.ts', 'y = :y AND pace = :pace', 'y = :y AND (pace = :pace OR pace <> :pace)'],
    ),
  ),
  mutation('a recovered job stays counted as failed', [
    'model/message-record.ts',
    'failed: after.failed.length - before.failed.length,',
    'failed: Math.max(0, after.failed.length - before.failed.length),',
  ]),
  themed(
    'anything',
    mutation('a made-up range of jobs is believed', [
      'model/tick.ts',
      'return first === message.first && last === message.last;',
      'return first <= message.last && last >= message.first;',
    ]),
  ),
  mutation('the ledger is read without asking for its newest state', [
    'ledger/table.ts',
    'Key: key, ConsistentRead: true',
    'Key: key',
  ]),
  themed(
    'rhythm',
    mutation('a transaction that was cancelled for another one’s sake is not tried again', [
      'ledger/table.ts',
      'shouldRetry: ({ error }) => error instanceof Unavailable && error.momentary,',
      'shouldRetry: () => false,',
    ]),
  ),
  themed(
    'outages',
    mutation('what SQS did not take is forgotten', [
      'queue/queue.ts',
      'if (refused.length === 0) return;',
      'if (refused.length < unsent.length) return;',
    ]),
  ),
  themed(
    'commands',
    mutation('an update does not mind what it has not seen', [
      'ledger/runs.ts',
      'AND x = :readX AND y = :readY',
      'AND (x = :readX OR x <> :readX) AND (y = :readY OR y <> :readY)',
    ]),
  ),
  themed(
    'failures',
    mutation(
      'retries of a dead letter take turns',
      [
        'model/message-record.ts',
        '(earlier.round ?? 0) >= round ? earlier',
        '(earlier.round ?? 0) === round ? earlier',
      ],
      [
        'model/message-record.ts',
        '(attempts.round ?? 0) < (requested.rounds.get(jobId) ?? 0)',
        '(attempts.round ?? 0) !== (requested.rounds.get(jobId) ?? 0)',
      ],
    ),
  ),
  mutation('a death is not held against the job that was alone at it', [
    'model/message-record.ts',
    '...(isOpen && {',
    '...(job === 0 && {',
  ]),
  mutation('after a death, jobs are done together again', [
    'consume/work-groups.ts',
    "if (record.isolated) return 'alone';",
    '',
  ]),
  themed(
    'outages',
    mutation('what is sent back on purpose is suspect', [
      'consume/read-batch.ts',
      '...returns.map(({ unexplained = 0 }) => unexplained)',
      '...returns.map(({ times }) => times)',
    ]),
  ),
];
