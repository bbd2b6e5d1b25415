import { setTimeout } from 'node:timers/promises';
import { Argument, type Command, InvalidArgumentError, Option } from 'commander';
import { action, type Call, type GlobalOptions } from '../cloud/call.ts';
import { FUNCTIONS, type FunctionName } from '../cloud/deployment.ts';
import { isPlatformLine, type LogLine, renderLogLine } from '../cloud/log-line.ts';
import { LogReader } from '../cloud/read-logs.ts';
import { UsageError } from '../terminal/errors.ts';
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
    .description('Shows the logs of one function, or of all functions in chronological order.')
    .addArgument(new Argument('[function]', FUNCTIONS.join(', ')).argParser(functionName))
    .option('--follow', 'show new lines until Ctrl-C')
    .addOption(
      new Option('--since <duration>', 'start of the logs, such as 30s, 5m, 2h or 1d ago')
        .argParser(duration)
        .default(300_000, '5m'),
    )
    .option('--filter <text>', 'only lines with this text (case-sensitive)')
    .option('--platform', 'also show Lambda’s START, END and REPORT lines')
    .addHelpText(
      'after',
      `
Examples:
  npx drumline logs consumer --follow
  npx drumline logs --since 1h --filter ERROR
  npx drumline logs --json | jq '.[] | select(.fields.failedAttempts > 0)'`,
    )
    .action(action(run));
}

async function run(call: Call, options: Options, name?: FunctionName): Promise<number> {
  const { output, signal } = call;
  if (options.follow && options.json) {
    throw new UsageError('--follow and --json cannot be combined.', 'Omit one of them.');
  }
  const deployment = await call.deployment();
  const since = Date.now() - options.since;
  const reader = new LogReader(deployment, name ? [name] : FUNCTIONS, since, options.filter);
  const read = async () => (await reader.read(signal)).filter((line) => isWanted(line, options));
  const text = (lines: LogLine[]) => lines.map((line) => renderLogLine(line, output.colors)).join('\n');
  const lines = await read();
  if (!options.follow) {
    if (lines.length === 0) output.say('There are no log lines in this period.');
    if (lines.length > 0 || options.json) output.result(lines, () => text(lines));
    return 0;
  }
  for (let next = lines; ; next = await read()) {
    if (next.length > 0) output.print(text(next));
    const goesOn = await setTimeout(INTERVAL_MS, undefined, { signal }).then(
      () => true,
      () => false,
    );
    // Ctrl-C is the normal end of --follow, not an error.
    if (!goesOn) return 130;
  }
}

function isWanted(line: LogLine, { filter, platform }: Options): boolean {
  if (!platform && isPlatformLine(line)) return false;
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
