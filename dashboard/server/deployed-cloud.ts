import type { Call } from '../../cli/cloud/call.ts';
import { explainError } from '../../cli/cloud/client-errors.ts';
import { retryDeadLetters } from '../../cli/cloud/dead-letters.ts';
import { type Deployment, FUNCTIONS } from '../../cli/cloud/deployment.ts';
import { control, readJob, readRunsPage, readStatus, searchResults, verify } from '../../cli/cloud/invoke.ts';
import { readJobLog } from '../../cli/cloud/job-log.ts';
import { LogReader } from '../../cli/cloud/read-logs.ts';
import { scale } from '../../cli/cloud/scale.ts';
import { CommandError } from '../../cli/terminal/errors.ts';
import { counted } from '../../cli/terminal/format.ts';
import type { Change, RetrySelection } from '../protocol.ts';
import type { Cloud, Search } from './cloud.ts';

/** Asks the functions of a deployment, with the user's credentials. */
export class DeployedCloud implements Cloud {
  readonly about: Cloud['about'];

  constructor(
    readonly call: Pick<Call, 'signal'>,
    readonly deployment: Deployment,
  ) {
    const { name, stage, stackName, options } = deployment.target;
    this.about = { target: name, stage, stackName, commandOptions: options };
  }

  status(signal: AbortSignal, runId?: string) {
    return readStatus(this.deployment, signal, runId);
  }

  logs(since: number) {
    return new LogReader(this.deployment, FUNCTIONS, since);
  }

  async runs(signal: AbortSignal, limit: number) {
    return (await readRunsPage(this.deployment, signal, { size: limit })).runs;
  }

  async job(signal: AbortSignal, jobId: number) {
    const report = await readJob(this.deployment, signal, jobId);
    return { ...report, log: await readJobLog(this.deployment, report, signal) };
  }

  async results(signal: AbortSignal, { size, ...search }: Search) {
    for await (const page of searchResults(this.deployment, signal, { ...search, limit: size })) return page;
    return { total: 0, documents: [] };
  }

  async deadLetters(): Promise<never> {
    throw notSearchable();
  }

  async retryDeadLetters(
    signal: AbortSignal,
    selection: RetrySelection,
    onProgress: (message: string) => void,
  ) {
    if ('query' in selection) throw notSearchable();
    const wanted = 'all' in selection ? { all: true as const, malformed: false } : selection;
    return retryDeadLetters(this.deployment, wanted, signal, ({ sent, kept }) =>
      onProgress(`${counted(sent + kept, 'dead letter')} sent again`),
    );
  }

  async purgeDeadLetters(): Promise<never> {
    throw notSearchable();
  }

  change(signal: AbortSignal, change: Change): Promise<unknown> {
    if (change.action !== 'scale') return control(this.deployment, signal, change);
    const { action: _, ...rule } = change;
    return scale(this.deployment, signal, rule);
  }

  verify(signal: AbortSignal, runId?: string) {
    return verify(this.deployment, signal, runId);
  }

  explain(error: unknown) {
    return explainError(error, this.deployment.target, this.call.signal);
  }
}

function notSearchable(): CommandError {
  return new CommandError('not_searchable', 'This deployment keeps no documents of dead letters.', '');
}
