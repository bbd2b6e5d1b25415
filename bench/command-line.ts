import { Command } from 'commander';
import { UsageError } from '../cli/terminal/errors.ts';
import { int } from '../cli/terminal/options.ts';
import type { Benchmark } from './benchmark.ts';

/** What was asked for on the command line. */
export interface Asked {
  json: boolean;
  write: boolean;
  rounds: number;
  /** In the order of the list, each with the options that it takes. */
  chosen: { benchmark: Benchmark; options: object; command: string }[];
}

interface Shared {
  json?: boolean;
  write?: boolean;
  rounds: number;
}

const ROUNDS = 3;

/**
 * Reads `[names…] [options]`. Every named benchmark has to take the options that are given; `--help` with one name shows
 * that one's.
 * @throws CommanderError for wrong options, and when the help was shown
 * @throws WrongUse for a name that there is not
 */
export function readCommandLine(words: readonly string[], benchmarks: readonly Benchmark[]): Asked {
  const { operands, unknown } = shared(new Command())
    .helpOption(false)
    .parseOptions([...words]);
  const names = benchmarks.map(({ name }) => name);
  const stray = operands.find((operand) => !names.includes(operand));
  if (stray !== undefined) {
    throw new UsageError(`There is no benchmark "${stray}".`, `There are: ${names.join(', ')}.`);
  }
  const named = benchmarks.filter(({ name }) => operands.length === 0 || operands.includes(name));
  const rest = words.filter((word) => !operands.includes(word));
  if (operands.length !== 1 && (unknown.includes('--help') || unknown.includes('-h'))) {
    overview(benchmarks).help();
  }
  const chosen = named.map((benchmark) => {
    const command = commandOf(benchmark);
    command.parse(rest, { from: 'user' });
    return { benchmark, options: command.opts(), command: typed(benchmark, rest) };
  });
  const { json = false, write = false, rounds } = (chosen[0]?.options ?? { rounds: ROUNDS }) as Shared;
  return { json, write, rounds, chosen };
}

/** The help of all of it. */
function overview(benchmarks: readonly Benchmark[]): Command {
  const width = Math.max(...benchmarks.map(({ name }) => name.length));
  const list = benchmarks.map(({ name, title }) => `  ${name.padEnd(width)}  ${title}`).join('\n');
  return shared(new Command('npm run bench --'))
    .usage('[names…] [options]')
    .description('Measures, on a local cloud of its own. All benchmarks, unless some are named.')
    .addHelpText(
      'after',
      `\nBenchmarks:\n${list}\n\nA benchmark’s own options: npm run bench -- NAME --help`,
    );
}

function commandOf(benchmark: Benchmark): Command {
  const command = shared(new Command(`npm run bench:${benchmark.name} --`)).description(benchmark.title);
  benchmark.register?.(command);
  return command;
}

function shared(command: Command): Command {
  return command
    .option('--json', 'answer with one JSON array of rows on stdout')
    .option('--write', 'renew the benchmarks’ sections of docs/benchmarks.md, its charts and its raw figures')
    .option('--rounds <n>', 'how often everything is measured, in turn', int(1, 1_000), ROUNDS)
    .allowExcessArguments(false)
    .exitOverride()
    .configureOutput({ outputError: () => {} });
}

/** The command that does it again. */
function typed({ name }: Benchmark, rest: readonly string[]): string {
  const options = rest.filter((word) => word !== '--json' && word !== '--write');
  return ['npm run', `bench:${name}`, ...(options.length > 0 ? ['--', ...options] : [])].join(' ');
}
