import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { gzipSync } from 'node:zlib';
import type { Command } from 'commander';
import { int } from '../cli/terminal/options.ts';
import { bundleFunctions } from '../infra-cdk/bundling/bundle-functions.ts';
import { count } from '../text/format.ts';
import type { Benchmark, Row } from './benchmark.ts';
import { ENVIRONMENT } from './environment.ts';
import { type Figure, figureOf, figureText } from './figure.ts';
import { inTurn } from './rounds.ts';

interface Options {
  loads: number;
}

export interface ColdRow extends Row {
  settings: { function: string };
  /** The bundle's size, and as Lambda is sent it, about. */
  bytes: number;
  zippedBytes: number;
  /** Milliseconds from asking for the bundle until it is loaded, less those that an empty file takes. */
  loadMs: Figure;
}

const run = promisify(execFile);

/** Says how long it takes this process to load a file. */
const LOAD = `
const begun = performance.now();
await import(process.argv[1]);
process.stdout.write(String(performance.now() - begun));
process.exit();`;

/** The AWS SDK wants to know where it would be; nothing is called. */
const AWS = { AWS_REGION: 'us-east-1', AWS_ACCESS_KEY_ID: 'test', AWS_SECRET_ACCESS_KEY: 'test' };

export const cold: Benchmark<Options, ColdRow> = {
  name: 'cold',
  title: 'Cold starts: bundles and how long they take to load',
  about: `Each function's bundle as it is deployed (\`infra-cdk/bundling/bundle-functions.ts\`, with the default job), loaded by a fresh Node process
each time, less what an empty file takes in the same round. It is what a new execution environment does before its first batch; the time
that Lambda takes to provide one comes on top.`,

  register(command: Command) {
    command.option('--loads <n>', 'fresh processes a round and function', int(1, 1_000), 10);
  },

  async run({ options, rounds, progress, signal }) {
    const folder = await mkdtemp(join(tmpdir(), 'drumline-bench-'));
    try {
      const bundles = await bundleFunctions('functions/job.ts');
      const codes = Object.entries({ ...bundles, nothing: '' });
      for (const [name, code] of codes) await writeFile(join(folder, `${name}.mjs`), code);
      const measured = await inTurn(codes, rounds * options.loads, ([name]) => load(folder, name, signal));
      const times = new Map([...measured].map(([[name], values]) => [name, values]));
      const empty = times.get('nothing') ?? [];
      return Object.entries(bundles).map(([name, code]) => {
        const values = times.get(name) ?? [];
        const loadMs = figureOf(values.map((ms, round) => ms - (empty[round] ?? 0)));
        progress(`${name}: ${loadMs.median.toFixed(1)} ms`);
        return {
          benchmark: 'cold',
          settings: { function: name },
          bytes: Buffer.byteLength(code),
          zippedBytes: gzipSync(code).length,
          loadMs,
        };
      });
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  },

  section(rows) {
    return {
      tables: [
        {
          heads: ['function', 'bundle kB', 'zipped kB', 'ms to load'],
          aligns: ['left', 'right', 'right', 'right'],
          rows: rows.map(({ settings, bytes, zippedBytes, loadMs }) => [
            settings.function,
            count(bytes / 1_000),
            count(zippedBytes / 1_000),
            figureText(loadMs, (ms) => ms.toFixed(1)),
          ]),
        },
      ],
      charts: [
        {
          name: 'cold',
          title: 'Loading a function’s bundle',
          kind: 'bars',
          x: { title: 'function', values: rows.map(({ settings }) => settings.function) },
          y: { title: 'milliseconds' },
          series: [{ name: 'ms to load', values: rows.map(({ loadMs }) => loadMs) }],
        },
      ],
    };
  },
};

async function load(folder: string, name: string, signal: AbortSignal): Promise<number> {
  const file = pathToFileURL(join(folder, `${name}.mjs`)).href;
  const flags = ['--no-warnings', '--input-type=module', '-e', LOAD, file];
  const env = { PATH: process.env.PATH, ...AWS, ...ENVIRONMENT };
  const { stdout } = await run(process.execPath, flags, { env, signal });
  return Number(stdout);
}
