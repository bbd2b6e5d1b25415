import { Argument, type Command } from 'commander';
import { action, type Call } from '../cloud/call.ts';
import { type JobReport, readJob } from '../cloud/invoke.ts';
import { readJobLog } from '../cloud/job-log.ts';
import type { LogLine } from '../cloud/log-line.ts';
import { jobScreen } from '../runs/job-screen.ts';
import { int } from '../terminal/options.ts';

export function register(program: Command): void {
  program
    .command('job')
    .summary('show one job: item, state, attempts, document, log')
    .description(
      'Shows everything about one job: its item, its tick, its state, its failed attempts with the last reason, its ' +
        'document, and the log lines about it.',
    )
    .addArgument(new Argument('<id>', 'ID of the job').argParser(int(1, Number.MAX_SAFE_INTEGER)))
    .option('--no-log', 'without log lines')
    .addHelpText('after', '\nExamples:\n  npx drumline job 4711\n  npx drumline job 4711 --json | jq .item')
    .action(action(run));
}

async function run(call: Call, { log }: { log: boolean }, jobId: number): Promise<void> {
  const { output, signal } = call;
  const deployment = await call.deployment();
  const job = await readJob(deployment, signal, jobId);
  const lines = log ? await jobLog(call, job) : undefined;
  output.result({ ...job, ...(lines && { log: lines }) }, () => jobScreen(job, lines, output.colors));
}

/** Without a log, the rest is still worth showing. */
async function jobLog(call: Call, job: JobReport): Promise<LogLine[] | undefined> {
  try {
    return await readJobLog(await call.deployment(), job, call.signal);
  } catch (error) {
    call.signal.throwIfAborted();
    call.output.say(`The log could not be read: ${(error as Error).message}`);
    return undefined;
  }
}
