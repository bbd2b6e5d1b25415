import { CommanderError } from 'commander';
import { afterEach, expect, test, vi } from 'vitest';
import { readCommandLine } from '../../../bench/harness/command-line.ts';
import { size, speed } from './samples.ts';

const read = (...words: string[]) => readCommandLine(words, [speed, size]);

afterEach(() => {
  vi.restoreAllMocks();
});

test('without names all are run but the long ones, with their defaults', () => {
  const { json, write, rounds, chosen } = readCommandLine(
    [],
    [speed, { ...size, name: 'long', once: true }, size],
  );
  expect({ json, write, rounds }).toEqual({ json: false, write: false, rounds: 3 });
  expect(chosen.map(({ benchmark }) => benchmark.name)).toEqual(['speed', 'size']);
  expect(chosen[0]?.options).toMatchObject({ jobs: 10 });
});

test('a named one takes its own options, and the command that does it again is kept', () => {
  const { write, rounds, chosen } = read('speed', '--jobs', '7', '--rounds', '5', '--write');
  expect({ write, rounds }).toEqual({ write: true, rounds: 5 });
  expect(chosen).toHaveLength(1);
  expect(chosen[0]?.options).toMatchObject({ jobs: 7 });
  expect(chosen[0]?.command).toBe('npm run bench:speed -- --jobs 7 --rounds 5');
});

test('several names are run in the list’s order, and names may follow options', () => {
  const { json, chosen } = read('--json', 'size', 'speed');
  expect(json).toBe(true);
  expect(chosen.map(({ benchmark }) => benchmark.name)).toEqual(['speed', 'size']);
  expect(chosen[0]?.command).toBe('npm run bench:speed');
});

test('an unknown name is refused, with those that there are', () => {
  expect(() => read('sped')).toThrow(
    expect.objectContaining({
      message: 'There is no benchmark "sped".',
      nextStep: 'Choose from: speed, size.',
    }),
  );
});

test('wrong options are refused before anything runs', () => {
  expect(() => read('speed', '--jobs', '0')).toThrow(/whole number from 1 to 1,000/);
  expect(() => read('--rounds', 'many')).toThrow(/whole number/);
  expect(() => read('size', '--jobs', '1')).toThrow(/unknown option '--jobs'/);
  // One that only some of the named ones take.
  expect(() => read('speed', 'size', '--jobs', '1')).toThrow(/unknown option '--jobs'/);
  expect(() => read('speed', '--jobs', '1', 'size')).toThrow(CommanderError);
});

test('the help lists the benchmarks, and with one name its options', () => {
  let said = '';
  vi.spyOn(process.stdout, 'write').mockImplementation((text) => {
    said += String(text);
    return true;
  });
  expect(() => read('--help')).toThrow(expect.objectContaining({ exitCode: 0 }));
  expect(said).toContain('How big is it?');
  said = '';
  expect(() => read('speed', '--help')).toThrow(expect.objectContaining({ exitCode: 0 }));
  expect(said).toContain('--jobs');
});
