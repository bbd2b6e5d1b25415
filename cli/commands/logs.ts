import { setTimeout } from 'node:timers/promises';
import { Argument, type Command, InvalidArgumentError, Option } from 'commander';
import { action, type Call, type GlobalOptions } from '../cloud/call.ts';
import { isUnreachable } from '../cloud/client-errors.ts';
import { FUNCTIONS, type FunctionName } from '../cloud/deployment.ts';
import { isMetricLine, isPlatformLine, type LogLine, renderLogLine } from '../cloud/log-line.ts';
import { LogMerger } from '../cloud/merge-logs.ts';
import { LogReader } from '../cloud/read-logs.ts';
import { cloudName } from '../cloud/target.ts';
import { duration } from '../terminal/options.ts';
import { UNCOLOURED } from '../terminal/output.ts';

const INTERVAL_MS = 2_000;

interface Options extends GlobalOptions {
  follow?: boolean;
  since: number;
  filter?: string;
  platform?: boolean;
}

export function register(program: Command): void {
  program
    .command('logs')
    .summary('show the logs of the functions')
    .description(
      'Shows the logs of one function, or of all functions in chronological order. On a terminal, each worker has its own colour.',
    )
    .addArgument(new Argument('[function]', FUNCTIONS.join(', ')).argParser(functionName))
    .option(
      '--follow',
      'then show new lines until Ctrl-C, each four seconds late; with --json one object per line',
    )
    .addOption(
      new Option('--since <duration>', 'start of the logs, such as 30s, 5m, 2h or 1d ago')
        .argParser(duration)
        .default(300_000, '5m'),
    )
    .option('--filter <text>', 'only lines with this text (case-sensitive)')
    .option('--platform', 'also show Lambda’s own lines about each invocation, and metrics')
    .addHelpText(
      'after',
      `
Examples:
  npx drumline logs consumer --follow
  npx drumline logs --since 1h --filter ERROR
  npx drumline logs --json | jq '.[] | select(.fields.failedAttempts > 0)'
  npx drumline logs --follow --json | jq --unbuffered 'select(.level == "ERROR")'`,
    )
    .action(action(run));
}

async function run(call: Call, options: Options, name?: FunctionName): Promise<number> {
  const { output, signal } = call;
  const deployment = await call.deployment();
  const since = Date.now() - options.since;
  const reader = new LogReader(deployment, name ? [name] : FUNCTIONS, since, { filter: options.filter });
  const read = async () => (await reader.read(signal)).filter((line) => isWanted(line, options));
  if (options.follow) return follow(call, read);
  const lines = await read();
  if (lines.length === 0) output.say('There are no log lines in this period.');
  if (lines.length > 0 || options.json) output.result(lines, () => textOf(lines, call));
  return 0;
}

/** Shows new lines until Ctrl-C, which is the normal end and not an error. @returns the exit code */
async function follow(call: Call, read: () => Promise<LogLine[]>): Promise<number> {
  const { output, signal, target } = call;
  const merger = new LogMerger();
  const show = (lines: LogLine[]) => output.stream(lines, () => textOf(lines, call));
  let isReachable: boolean | undefined;
  while (!signal.aborted) {
    try {
      merger.add(await read(), performance.now());
      isReachable = true;
    } catch (error) {
      if (signal.aborted) break;
      // The cloud may be restarting. The reader goes on where it was.
      if (!isUnreachable(error) || isReachable === undefined) throw error;
      if (isReachable) output.say(`${cloudName(target)} does not answer. Retrying …`);
      isReachable = false;
    }
    show(merger.release(performance.now()));
    await setTimeout(INTERVAL_MS, undefined, { signal }).catch(() => {});
  }
  show(merger.flush());
  return 130;
}

function textOf(lines: readonly LogLine[], { output }: Call): string {
  return lines.map((line) => renderLogLine(line, output.colors)).join('\n');
}

function isWanted(line: LogLine, { filter, platform }: Options): boolean {
  if (!platform && (isPlatformLine(line) || isMetricLine(line))) return false;
  return (
    filter === undefined || line.text.includes(filter) || renderLogLine(line, UNCOLOURED).includes(filter)
  );
}

/** Accepts `consumer` and `drumline-consumer`, also with a stage. */
function functionName(text: string): FunctionName {
  const name = FUNCTIONS.find(
    (each) => text === each || (text.startsWith('drumline-') && text.endsWith(`-${each}`)),
  );
  if (name) return name;
  throw new InvalidArgumentError(`The functions are ${FUNCTIONS.join(', ')}.`);
}
