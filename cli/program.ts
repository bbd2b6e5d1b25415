import { Command, Option } from 'commander';
import { TARGETS } from './cloud/target.ts';
import * as dashboard from './commands/dashboard.ts';
import * as deadLetters from './commands/dead-letters.ts';
import * as demo from './commands/demo.ts';
import * as deploy from './commands/deploy.ts';
import * as destroy from './commands/destroy.ts';
import * as doctor from './commands/doctor.ts';
import * as down from './commands/down.ts';
import * as job from './commands/job.ts';
import * as logs from './commands/logs.ts';
import * as plan from './commands/plan.ts';
import * as results from './commands/results.ts';
import * as runs from './commands/runs.ts';
import * as scale from './commands/scale.ts';
import * as scalingTest from './commands/scaling-test.ts';
import * as start from './commands/start.ts';
import * as status from './commands/status.ts';
import * as stop from './commands/stop.ts';
import * as tryJob from './commands/try.ts';
import * as up from './commands/up.ts';
import * as update from './commands/update.ts';
import * as verify from './commands/verify.ts';
import { failureOf, helpHint, reportFailure } from './terminal/failure.ts';
import { stage } from './terminal/options.ts';
import { Output } from './terminal/output.ts';
import { VERSION } from './terminal/version.ts';

// To add a command: write cli/commands/NAME.ts with a `register` function, and list it here.
const GROUPS = {
  'The local cloud:': [up, down, doctor],
  'Your job:': [tryJob],
  'The deployment:': [plan, deploy, scale, destroy],
  'Runs:': [start, update, stop, status, dashboard, verify, runs, job, results],
  'Troubleshooting and measuring:': [logs, deadLetters, scalingTest, demo],
};

/** Creates the `drumline` program with all commands. */
export function createProgram(): Command {
  const program = new Command('drumline')
    .description(
      'Runs X jobs every Y minutes, counts each job exactly once, and scales with one number. ' +
        'Commands use the local cloud by default, and AWS only with --target aws. --target localstack uses LocalStack ' +
        'in containers, or the LocalStack at AWS_ENDPOINT_URL.',
    )
    .version(VERSION, '-V, --version', 'print the version')
    .option('--json', 'print the result as one JSON document on stdout; messages go to stderr')
    .addOption(new Option('--target <cloud>', 'the cloud to use').choices(TARGETS).default('local'))
    .addOption(
      new Option('--stage <name>', 'use a separate stack, Drumline-NAME')
        .argParser(stage)
        .default('', 'none'),
    )
    .option('--debug', 'print the stack trace of internal errors')
    .helpCommand(false)
    .configureHelp({ showGlobalOptions: true, sortSubcommands: false })
    .exitOverride()
    // `runCommandLine` reports errors.
    .configureOutput({ outputError: () => {} })
    .addHelpText(
      'after',
      `
npm start does the following with one command and verifies the result. See npx drumline demo --help.
Exit codes: 0 success, 1 failure or failed check, 2 usage error.

Example: start the local cloud, and run 1,000 jobs every minute
  npx drumline up
  npx drumline deploy
  npx drumline start --x 1000 --y 1
  npx drumline status --watch`,
    );

  for (const [heading, commands] of Object.entries(GROUPS)) {
    program.commandsGroup(heading);
    for (const { register } of commands) register(program);
  }
  return program;
}

/**
 * Runs a command line, reports errors, and sets the exit code.
 * @param words the arguments after `drumline`
 */
export async function runCommandLine(words: string[]): Promise<void> {
  const program = createProgram();
  try {
    await program.parseAsync(words, { from: 'user' });
  } catch (error) {
    // A command reports its own errors. This is an error in the command line.
    const output = new Output(words.includes('--json'));
    reportFailure(failureOf(error, helpHint(findCommand(program, words))), output);
  }
}

/** Finds the innermost command that a command line names. */
function findCommand(command: Command, words: string[]): Command {
  const next = words.map((word) => command.commands.find((each) => each.name() === word)).find(Boolean);
  return next ? findCommand(next, words) : command;
}
