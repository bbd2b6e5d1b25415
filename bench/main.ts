import { readMachine } from '../cli/runs/machine.ts';
import { failureOf, reportFailure } from '../cli/terminal/failure.ts';
import { listenForInterrupt } from '../cli/terminal/interrupt.ts';
import { Output } from '../cli/terminal/output.ts';
import { BENCHMARKS } from './benchmarks/all.ts';
import type { Row } from './harness/benchmark.ts';
import { readCommandLine } from './harness/command-line.ts';
import { sectionText } from './harness/page.ts';
import { writeRecord } from './harness/record.ts';
import { Session } from './harness/session.ts';

const words = process.argv.slice(2);
const output = new Output(words.includes('--json'));
const signal = listenForInterrupt();

try {
  const { write, rounds, chosen } = readCommandLine(words, BENCHMARKS);
  const session = new Session(output, signal);
  const all: Row[] = [];
  try {
    for (const { benchmark, options, command } of chosen) {
      signal.throwIfAborted();
      const times = benchmark.once ? 1 : rounds;
      const { rows, versions, plots } = await session.run(benchmark, options, times);
      all.push(...rows);
      if (!output.json) output.print(`\n${benchmark.question}\n\n${sectionText(benchmark.section(rows))}\n`);
      // Written after each benchmark, so that a later one that fails does not lose the figures.
      const date = new Date().toISOString();
      const machine = readMachine();
      if (write)
        await writeRecord(
          { benchmark: benchmark.name, date, command, rounds: times, machine, versions, rows },
          BENCHMARKS,
          plots,
        );
    }
  } finally {
    await session.end();
  }
  if (output.json) output.result(all, () => '');
} catch (error) {
  reportFailure(failureOf(signal.aborted ? signal.reason : error, 'See npm run bench -- --help'), output);
}
// Ends the process even if a connection is still open.
setTimeout(() => process.exit(), 1_000).unref();
