import type { Replacement } from './build.ts';
import type { ThemeName } from './scenario.ts';

/** A deliberate fault in the core, which the simulation must find. */
export interface Mutation {
  name: string;
  replacements: Replacement[];
  /** The theme of the schedules, if few schedules of all themes show the fault. */
  theme: ThemeName | undefined;
}

const mutation = (
  theme: ThemeName | 'all',
  name: string,
  ...replacements: [file: string, from: string, to: string][]
): Mutation => ({
  name,
  replacements: replacements.map(([file, from, to]) => ({ file, from, to })),
  theme: theme === 'all' ? undefined : theme,
});

export const MUTATIONS: Mutation[] = [
  mutation('all', 'jobs are counted before their documents are written', [
    'consume/run-group.ts',
    'const stored = await storeDocuments(',
    `await worker.ledger.commit(runnable, ({ record, requested, message }) =>
       applyOutcomes(endLease(record), requested, jobResults.flatMap(({ kind, task }) => kind === 'worked' && task.message === message ? [{ kind: 'done', jobId: task.jobId }] : []), clock()));
     const stored = await storeDocuments(`,
  ]),
  mutation('progress', 'a batch’s last write does not wait for the one in progress', [
    'consume/progress.ts',
    'await this.#writing;',
    '',
  ]),
  mutation('all', 'a message record is created without a condition', [
    'ledger/message-records.ts',
    "? { ConditionExpression: 'attribute_not_exists(pk)' }",
    '? {}',
  ]),
  mutation('failures', 'a message record is changed without a condition', [
    'ledger/message-records.ts',
    "ConditionExpression: 'version = :before',",
    "ConditionExpression: 'version <= :before OR version > :before',",
  ]),
  mutation(
    'all',
    'jobs are counted as enqueued after they are sent',
    ['ledger/ticks.ts', "':jobs': slice.to - slice.from,", "':jobs': tick.claimed - tick.sent,"],
    [
      'ledger/ticks.ts',
      'closeTickWrite(table, tick.runId, tick.tick),',
      `closeTickWrite(table, tick.runId, tick.tick),
      { Update: { TableName: table.name, Key: runKey(tick.runId), UpdateExpression: 'ADD enqueued :jobs', ExpressionAttributeValues: { ':jobs': tick.claimed - tick.sent } } },`,
    ],
  ),
  mutation('failures', 'messages that could not be returned to the queue are deleted', [
    'consume/return-to-queue.ts',
    'accepted[index] ? [] : deliveries',
    'accepted[index] === undefined ? deliveries : []',
  ]),
  mutation('all', 'a message is deleted while some of its jobs are open', [
    'consume/return-to-queue.ts',
    'if (jobs.length === 0) return [];',
    'if (jobs.length === 0 || record.version > 0) return [];',
  ]),
  mutation(
    'commands',
    'a tick is claimed without a condition',
    [
      'ledger/ticks.ts',
      'active = :true AND nextTick = :tick AND nextTickAt = :due AND',
      'active = :true AND nextTick >= :tick AND nextTickAt >= :due AND',
    ],
    [
      'ledger/ticks.ts',
      "Item: tickItem(tick),\n        ConditionExpression: 'attribute_not_exists(pk)',",
      'Item: tickItem(tick),',
    ],
    [
      'ledger/runs.ts',
      "'nextJobId = :read AND activeRunId = :run'",
      "'nextJobId >= :read AND activeRunId = :run'",
    ],
  ),
  mutation('ticks', 'the lateness of a tick is measured by the time of its event', [
    'schedule/fire.ts',
    'nextStep({ ...run, ...patience }, now, eventTime)',
    'nextStep({ ...run, ...patience }, Math.min(now, eventTime))',
  ]),
  mutation('anything', 'jobIds are allocated without a condition', [
    'ledger/runs.ts',
    "'nextJobId = :read AND activeRunId = :run'",
    "'nextJobId >= :read AND activeRunId = :run'",
  ]),
  mutation('all', 'documents have random ids', [
    'results/bulk.ts',
    '{ [action]: { _id: String(jobId) } }',
    "{ [action]: action === 'create' ? {} : { _id: String(jobId) } }",
  ]),
  mutation(
    'all',
    'a document’s index depends on the clock',
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
  mutation('outages', 'documents that Elasticsearch rejected are counted as written', [
    'results/documents.ts',
    'if (status < 300 || status === 409) return',
    'if (status < 300 || status === 409 || status === 429) return',
  ]),
  mutation('ticks', 'an outage counts as a failed attempt', [
    'consume/batch-documents.ts',
    'if (!document) return [];',
    "if (!document) return result.kind === 'worked' ? [{ kind: 'failed', jobId, reason: 'gone', permanent: false }] : [];",
  ]),
  mutation('commands', 'a status reads the run before the counters', [
    'ledger/totals.ts',
    'const workers = await listCounters(table, runId);\n  const run = await readRun(table, runId);',
    'const run = await readRun(table, runId);\n  const workers = await listCounters(table, runId);',
  ]),
  mutation('turnover', 'a counter is taken over although it has changed since it was read', [
    'ledger/counters.ts',
    "'holder = :holder AND lastSeenAt = :seen AND jobsProcessed = :readProcessed AND jobsFailed = :readFailed'",
    "'holder = :holder AND lastSeenAt >= :seen AND jobsProcessed >= :readProcessed AND jobsFailed >= :readFailed'",
  ]),
  mutation('turnover', 'a counter that is taken over loses its holder’s jobs', [
    'ledger/counters.ts',
    "':retiredProcessed': retired.processed + processed,",
    "':retiredProcessed': retired.processed,",
  ]),
  mutation('turnover', 'a counter is moved to another item by two writes of a transaction', [
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
  mutation(
    'failures',
    'a job is counted as failed before its dead letter is sent',
    [
      'consume/give-up.ts',
      `    await send(
      deadLetters,
      letters.map(({ job, round }) => deadLetterFor(message, job, round, entryOf(state, job.jobId))),
    );
`,
      '',
    ],
    [
      'consume/give-up.ts',
      `return commitOutcomes(worker, kept, budget.storeUntil, ({ record, requested, outcomes }) =>
    applyOutcomes(record, requested, outcomes, clock()),
  );`,
      `const after = await commitOutcomes(worker, kept, budget.storeUntil, ({ record, requested, outcomes }) =>
        applyOutcomes(record, requested, outcomes, clock()));
      for (const { message, letters, problem } of kept)
        if (!problem)
          await send(worker.deadLetters, letters.map(({ job, round }) => deadLetterFor(message, job, round))).catch(() => {});
      return after;`,
    ],
  ),
  mutation('failures', 'a dead letter has no document', [
    'consume/give-up.ts',
    'const documented = await documentDeadLetters(worker, loaded, budget.storeUntil - clock());',
    'const documented = loaded;',
  ]),
  mutation(
    'failures',
    'the document of a dead letter is written after its job is counted as failed',
    [
      'consume/give-up.ts',
      'const documented = await documentDeadLetters(worker, loaded, budget.storeUntil - clock());',
      'const documented = loaded;',
    ],
    [
      'consume/give-up.ts',
      `return commitOutcomes(worker, kept, budget.storeUntil, ({ record, requested, outcomes }) =>
    applyOutcomes(record, requested, outcomes, clock()),
  );`,
      `const after = await commitOutcomes(worker, kept, budget.storeUntil, ({ record, requested, outcomes }) =>
        applyOutcomes(record, requested, outcomes, clock()));
      await documentDeadLetters(worker, kept, budget.storeUntil - clock());
      return after;`,
    ],
  ),
  mutation('failures', 'the document of a dead letter stays when its job is processed', [
    'consume/commit-outcomes.ts',
    'return worker.ledger.commit(states, transition, (changing) =>\n    deleteProcessed(worker, changing, Math.max(1, until - worker.clock())),\n  );',
    'return worker.ledger.commit(states, transition);',
  ]),
  mutation('failures', 'only documents of jobs that are counted as failed are deleted', [
    'model/message-record.ts',
    'return own.round !== undefined || areExhausted(own, maxAttempts) || failed.includes(jobId);',
    'return failed.includes(jobId);',
  ]),
  mutation('failures', 'documents of dead letters that could not be deleted are forgotten', [
    'consume/dead-letter-documents.ts',
    '...(problem && { problem }),',
    '',
  ]),
  mutation('anything', 'a job whose dead letter Elasticsearch refuses waits for ever', [
    'results/dead-letters.ts',
    'if (isRefusal(status)) refusal',
    "if (isRefusal(status) && action === 'delete') refusal",
  ]),
  mutation('all', 'a job is given up without a lookup of its document', [
    'consume/give-up.ts',
    'exhausted(state).map(({ jobId }) => jobId),\n  );',
    'exhausted(state).map(({ jobId }) => jobId).slice(0, 0),\n  );',
  ]),
  mutation('failures', 'a dead letter has the round of the retry that it answers', [
    'model/message-record.ts',
    'return Math.max(now, round + 1);',
    'return Math.max(1, round);',
  ]),
  mutation('all', 'two schedulers may hold a tick’s lease', [
    'ledger/ticks.ts',
    "ConditionExpression: 'holder = :me AND claimed = :claimed AND sent = :sent'",
    "ConditionExpression: '(holder = :me OR claimed >= :claimed) AND sent >= :sent'",
  ]),
  mutation('all', 'a tick is resumed after its claimed jobs, not after its sent jobs', [
    'schedule/fire.ts',
    '? { ...openTick, lease }',
    '? { ...openTick, sent: openTick.claimed, lease }',
  ]),
  mutation(
    'all',
    'a slice is marked as sent before it is sent',
    ['ledger/ticks.ts', "':toSent': tick.claimed,", "':toSent': toClaimed,"],
    [
      'ledger/ticks.ts',
      "'holder = :me AND claimed = :claimed AND sent = :sent'",
      "'holder = :me AND claimed = :claimed AND sent >= :sent'",
    ],
  ),
  mutation('all', 'a slice is never marked as sent', [
    'ledger/ticks.ts',
    "':toSent': tick.claimed,",
    "':toSent': tick.sent,",
  ]),
  mutation('all', 'a slice that is sent again has another time', [
    'schedule/enqueue.ts',
    'return messagesToSend(tick).map(',
    'return messagesToSend({ ...tick, sliceClaimedAt: now }).map(',
  ]),
  mutation('all', 'the jobs of an evenly paced tick have no delay', [
    'schedule/enqueue.ts',
    '...(waitMs > 0 && { DelaySeconds: toDelaySeconds(waitMs) }),',
    '',
  ]),
  mutation('all', 'an evenly paced tick ends at the maximum delay of SQS', [
    'schedule/enqueue.ts',
    'if (!slice && tick.claimed < tick.count &&',
    'if (!slice && tick.claimed > tick.count &&',
  ]),
  mutation('all', 'the open tick of a stopped run waits for its due jobs', [
    'schedule/fire.ts',
    'if (!tick || (active && isEarly(tick, clock())))',
    'if (!tick || isEarly(tick, clock()))',
  ]),
  mutation(
    'commands',
    'a changed pace is not noticed',
    ['ledger/runs.ts', 'y = :readY AND pace = :pace', 'y = :readY AND (pace = :pace OR pace <> :pace)'],
    ['ledger/ticks.ts', 'y = :y AND pace = :pace', 'y = :y AND (pace = :pace OR pace <> :pace)'],
  ),
  mutation('all', 'a recovered job stays counted as failed', [
    'model/message-record.ts',
    'failed: after.failed.length - before.failed.length,',
    'failed: Math.max(0, after.failed.length - before.failed.length),',
  ]),
  mutation('anything', 'a forged range of jobs is accepted', [
    'model/tick.ts',
    'return first === message.first && last === message.last;',
    'return first <= message.last && last >= message.first;',
  ]),
  mutation('all', 'the ledger is read with eventual consistency', [
    'ledger/table.ts',
    'Key: key, ConsistentRead: true',
    'Key: key',
  ]),
  mutation('ticks', 'a transaction that conflicts with another one is not tried again', [
    'ledger/table.ts',
    'shouldRetry: ({ error }) => error instanceof Unavailable && error.momentary,',
    'shouldRetry: () => false,',
  ]),
  mutation('outages', 'entries that SQS refused are not sent again', [
    'queue/queue.ts',
    'if (refused.length === 0) return;',
    'if (refused.length < unsent.length) return;',
  ]),
  mutation('commands', 'an update overwrites changes that it has not read', [
    'ledger/runs.ts',
    'AND x = :readX AND y = :readY',
    'AND (x = :readX OR x <> :readX) AND (y = :readY OR y <> :readY)',
  ]),
  mutation(
    'failures',
    'retries of a dead letter reset each other’s attempts',
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
  mutation('all', 'a death is not held against the isolated job', [
    'model/message-record.ts',
    '...(isOpen && {',
    '...(job === 0 && {',
  ]),
  mutation('all', 'after a death, jobs are not isolated', [
    'consume/work-groups.ts',
    "if (record.isolated) return 'alone';",
    '',
  ]),
  mutation('outages', 'messages that were returned on purpose are suspect', [
    'consume/read-batch.ts',
    '...returns.map(({ unexplained = 0 }) => unexplained)',
    '...returns.map(({ times }) => times)',
  ]),
  mutation('readers', 'items are added to a pass without a condition', [
    'ledger/passes.ts',
    'ConditionExpression: STILL_HELD,\n        ExpressionAttributeValues',
    "ConditionExpression: 'attribute_exists(pk) OR passState = :reading OR holder = :holder OR itemCount = :count',\n        ExpressionAttributeValues",
  ]),
  mutation('readers', 'the next page is not stored with the items', [
    'items/read-pass.ts',
    ': { cursor: JSON.stringify(cursor) }),',
    ': pass.cursor !== undefined && { cursor: pass.cursor }),',
  ]),
  mutation(
    'lists',
    'items are added to a pass before they are in the bucket',
    [
      'items/read-pass.ts',
      `    await pMap(segments, ({ segment, body }) => bucket.put(segment.key, body), {
      concurrency: WRITES_AT_ONCE,
    });
`,
      '',
    ],
    [
      'items/read-pass.ts',
      '    this.#pass = next;\n    this.#lines = [];\n    this.#storedAt = clock();',
      `    await pMap(segments, ({ segment, body }) => bucket.put(segment.key, body), { concurrency: WRITES_AT_ONCE });
    this.#pass = next;
    this.#lines = [];
    this.#storedAt = clock();`,
    ],
  ),
  mutation('lists', 'a pass is complete before its last items are added', [
    'items/read-pass.ts',
    'segments.map(({ segment }) => segment),',
    'segments.map(({ segment }) => segment).slice(0, cursor === undefined ? -1 : undefined),',
  ]),
  mutation(
    'lists',
    'a pass is opened twice',
    [
      'ledger/runs.ts',
      "'active = :true AND nextTick = :tick AND pass = :read AND x = :x'",
      "'active = :true AND nextTick = :tick AND pass >= :read AND x = :x'",
    ],
    ['ledger/passes.ts', "ConditionExpression: 'attribute_not_exists(pk)',", ''],
  ),
  mutation('lists', 'a tick takes items of a pass that is being read', [
    'model/pass.ts',
    "const isComplete = pass.state === 'complete';",
    "const isComplete = pass.state === 'complete' || pass.count > 0;",
  ]),
  mutation('lists', 'a tick takes more items than there are', [
    'model/pass.ts',
    ': Math.min(x, remaining),',
    ': x,',
  ]),
  mutation('longPasses', 'a job has the item of another tick', [
    'items/snapshot.ts',
    'indices.map((index) => first + index)',
    'indices.map((index) => index)',
  ]),
  mutation('lists', 'the place of an item is cached for all passes', [
    'items/snapshot.ts',
    'place.runId === runId && place.pass === pass && contains(place, item)',
    'place.runId === runId && contains(place, item)',
  ]),
  mutation('lists', 'items that could not be loaded count as a failed attempt', [
    'consume/load-items.ts',
    'return { ...state, problem: error as Error };',
    'return { ...state, entries: new Map([...(known ?? []), ...jobs.map((job) => [job, { problem: String(error) }] as const)]) };',
  ]),
  mutation('misfits', 'a document has the job’s id instead of its item', [
    'consume/run-job.ts',
    'task, item: entry.item,',
    'task, item: jobId,',
  ]),
  mutation('failingSources', 'a list that could not be read is read again for the same tick', [
    'model/pass.ts',
    "if (pass.state === 'failed') return { kind: 'missed', reason: pass.reason ?? 'the list could not be read' };",
    "if (pass.state === 'failed') return open;",
  ]),
  mutation('failingSources', 'a page is read until that succeeds', [
    'items/read-pass.ts',
    'if (attempt === PAGE_ATTEMPTS)',
    'if (attempt === Number.POSITIVE_INFINITY)',
  ]),
  mutation('failingSources', 'a pass whose readers die is read for ever', [
    'ledger/passes.ts',
    "':next': pass.starts + 1,",
    "':next': pass.starts,",
  ]),
  mutation('readers', 'a reader takes over from one whose claim holds', [
    'ledger/passes.ts',
    'holder = :me OR leaseUntil <= :now)`',
    'holder = :me OR leaseUntil <= :now OR leaseUntil > :now)`',
  ]),
  mutation('readers', 'two schedulers invoke a reader at the same time', [
    'ledger/passes.ts',
    'condition: CLAIM_IS_AS_READ,',
    "condition: '(leaseUntil = :leased OR starts >= :starts)',",
  ]),
  mutation('readers', 'a tick that waits for its items is missed when it is late', [
    'schedule/fire.ts',
    'isAwaited(run, pass) ?',
    'isAwaited(run, pass) && run.nextTick === 0 ?',
  ]),
];
