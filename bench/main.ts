import { readMachine } from '../cli/runs/machine.ts';
import { failureOf, reportFailure } from '../cli/terminal/failure.ts';
import { listenForInterrupt } from '../cli/terminal/interrupt.ts';
import { Output } from '../cli/terminal/output.ts';
import type { Row } from './benchmark.ts';
import { BENCHMARKS } from './benchmarks.ts';
import { readCommandLine } from './command-line.ts';
import { sectionText } from './page.ts';
import { keep } from './record.ts';
import { Session } from './session.ts';

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
      const { rows, versions } = await session.run(benchmark, options, rounds);
      all.push(...rows);
      if (!output.json) output.print(`\n${benchmark.title}\n\n${sectionText(benchmark.section(rows))}\n`);
      // After each, so that one that fails does not take the earlier ones' figures with it.
      const date = new Date().toISOString();
      const record = {
        benchmark: benchmark.name,
        date,
        command,
        rounds,
        machine: readMachine(),
        versions,
        rows,
      };
      if (write) await keep([record], BENCHMARKS);
    }
  } finally {
    await session.end();
  }
  if (output.json) output.result(all, () => '');
} catch (error) {
  reportFailure(failureOf(signal.aborted ? signal.reason : error, 'See npm run bench -- --help'), output);
}
// Nothing should be left open; if something is, all has been said.
setTimeout(() => process.exit(), 1_000).unref();
