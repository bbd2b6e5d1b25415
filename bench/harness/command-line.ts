import { Command } from 'commander';
import { UsageError } from '../../cli/terminal/errors.ts';
import { int } from '../../cli/terminal/options.ts';
import type { Benchmark } from './benchmark.ts';

/** The parsed command line of `npm run bench`. */
export interface CommandLine {
  json: boolean;
  write: boolean;
  rounds: number;
  /** In the order of the list, each with its options and with the command that repeats it. */
  chosen: { benchmark: Benchmark; options: object; command: string }[];
}

const DEFAULT_ROUNDS = 3;

/**
 * Reads `[names…] [options]`. Without names, all benchmarks are chosen but the long ones. Every chosen benchmark must accept
 * the given options.
 * @throws CommanderError for wrong options, and after printing the help
 * @throws UsageError for an unknown name
 */
export function readCommandLine(words: readonly string[], benchmarks: readonly Benchmark[]): CommandLine {
  const { operands, unknown } = withSharedOptions(new Command())
    .helpOption(false)
    .parseOptions([...words]);
  const names = benchmarks.map(({ name }) => name);
  const stray = operands.find((operand) => !names.includes(operand));
  if (stray !== undefined) {
    throw new UsageError(`There is no benchmark "${stray}".`, `Choose from: ${names.join(', ')}.`);
  }
  if (operands.length !== 1 && (unknown.includes('--help') || unknown.includes('-h'))) {
    overview(benchmarks).help();
  }
  const options = words.filter((word) => !operands.includes(word));
  const chosen = benchmarks
    .filter(({ name, once }) => (operands.length === 0 ? !once : operands.includes(name)))
    .map((benchmark) => {
      const command = commandOf(benchmark);
      command.parse(options, { from: 'user' });
      return { benchmark, options: command.opts(), command: repeatingCommand(benchmark, options) };
    });
  const {
    json = false,
    write = false,
    rounds = DEFAULT_ROUNDS,
  } = (chosen[0]?.options ?? {}) as Partial<CommandLine>;
  return { json, write, rounds, chosen };
}

function overview(benchmarks: readonly Benchmark[]): Command {
  const width = Math.max(...benchmarks.map(({ name }) => name.length));
  const list = benchmarks
    .map(({ name, question, once }) => `  ${name.padEnd(width)}  ${question}${once ? ' (long)' : ''}`)
    .join('\n');
  return withSharedOptions(new Command('npm run bench --'))
    .usage('[names…] [options]')
    .description(
      'Run benchmarks on a local cloud of their own: those that you name, or all that are not marked as long.',
    )
    .addHelpText('after', `\nBenchmarks:\n${list}\n\nOptions of one benchmark: npm run bench:NAME -- --help`);
}

function commandOf(benchmark: Benchmark): Command {
  const command = withSharedOptions(new Command(`npm run bench:${benchmark.name} --`));
  benchmark.register?.(command.description(benchmark.question));
  return command;
}

function withSharedOptions(command: Command): Command {
  return command
    .option('--json', 'print the figures as one JSON array on stdout')
    .option('--write', 'record the figures in docs/benchmarks.json and render docs/benchmarks.md')
    .option('--rounds <n>', 'how many times to measure everything', int(1, 1_000), DEFAULT_ROUNDS)
    .allowExcessArguments(false)
    .exitOverride()
    .configureOutput({ outputError: () => {} });
}

function repeatingCommand({ name }: Benchmark, options: readonly string[]): string {
  const kept = options.filter((word) => word !== '--json' && word !== '--write');
  return [`npm run bench:${name}`, ...(kept.length > 0 ? ['--', ...kept] : [])].join(' ');
}
