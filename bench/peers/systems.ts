import { InvalidArgumentError } from 'commander';
import { counted } from '../../text/format.ts';
import type { System, ThroughputRow } from '../benchmark.ts';

/** All systems, in the order in which they are measured and shown, and what people call them. */
export const SYSTEMS: Record<System, string> = {
  drumline: 'Drumline',
  seed: 'the old system rebuilt',
  bullmq: 'BullMQ',
  powertools: 'the Powertools way',
};

const NAMES = Object.keys(SYSTEMS) as System[];

/** Reads `drumline,bullmq`: systems, each once, in the usual order. */
export function systems(text: string): System[] {
  const asked = text.split(',').map((part) => part.trim());
  const stray = asked.find((one) => !NAMES.some((name) => name === one));
  if (stray !== undefined) {
    throw new InvalidArgumentError(`There is no system "${stray}"; there are: ${NAMES.join(', ')}.`);
  }
  return NAMES.filter((name) => asked.includes(name));
}

/** `drumline, 25 jobs a message`; the peers have the one setting. */
export function nameOf({ system, settings }: Pick<ThroughputRow, 'system' | 'settings'>): string {
  return system === 'drumline'
    ? `drumline, ${counted(Number(settings.jobsPerMessage), 'job')} a message`
    : system;
}
