import { Command, Option } from 'commander';
import { TARGETS } from './cloud/target.ts';
import * as deadLetters from './commands/dead-letters.ts';
import * as demo from './commands/demo.ts';
import * as deploy from './commands/deploy.ts';
import * as doctor from './commands/doctor.ts';
import * as down from './commands/down.ts';
import * as logs from './commands/logs.ts';
import * as plan from './commands/plan.ts';
import * as runs from './commands/runs.ts';
import * as scale from './commands/scale.ts';
import * as scalingTest from './commands/scaling-test.ts';
import * as start from './commands/start.ts';
import * as status from './commands/status.ts';
import * as stop from './commands/stop.ts';
import * as up from './commands/up.ts';
import * as update from './commands/update.ts';
import * as verify from './commands/verify.ts';
import { failureOf, helpHint, reportFailure } from './terminal/failure.ts';
import { stage } from './terminal/options.ts';
import { Output } from './terminal/output.ts';

const GROUPS = {
  'The local cloud:': [up, down, doctor],
  'The deployment:': [plan, deploy, scale],
  'Runs:': [start, update, stop, status, verify, runs],
  'Looking closer:': [logs, deadLetters, scalingTest, demo],
};

const program = new Command('drumline')
  .description(
    'Runs X jobs every Y minutes, each counted exactly once, and scales by one number. ' +
      'On the local cloud unless told otherwise; AWS is never touched without --target aws. --target localstack is ' +
      'LocalStack in containers, or the one that AWS_ENDPOINT_URL names.',
  )
  .option('--json', 'answer with one JSON document on stdout; messages go to stderr')
  .addOption(new Option('--target <cloud>', 'the cloud to work on').choices(TARGETS).default('local'))
  .addOption(
    new Option('--stage <name>', 'a second, independent stack: Drumline-NAME')
      .argParser(stage)
      .default('', 'none'),
  )
  .option('--debug', 'show where a bug of Drumline’s came from')
  .helpCommand(false)
  .configureHelp({ showGlobalOptions: true, sortSubcommands: false })
  .exitOverride()
  // Reported below, like every other failure.
  .configureOutput({ outputError: () => {} })
  .addHelpText(
    'after',
    `
npm start does all of it at once, verified and reported: see npx drumline demo --help.
Exit codes: 0; 1 it failed or did not hold; 2 wrong use.

Example: from nothing to 1,000 jobs every minute
  npx drumline up
  npx drumline deploy
  npx drumline start --x 1000 --y 1
  npx drumline status --watch`,
  );

for (const [heading, commands] of Object.entries(GROUPS)) {
  program.commandsGroup(heading);
  for (const { register } of commands) register(program);
}

try {
  await program.parseAsync();
} catch (error) {
  // What fails at work is reported there; this is the command line's own trouble.
  const output = new Output(process.argv.includes('--json'));
  reportFailure(failureOf(error, helpHint(meant(program, process.argv.slice(2)))), output);
}

/** The command that a command line is about, as far as its words name one. */
function meant(command: Command, words: string[]): Command {
  const next = words.map((word) => command.commands.find((each) => each.name() === word)).find(Boolean);
  return next ? meant(next, words) : command;
}
