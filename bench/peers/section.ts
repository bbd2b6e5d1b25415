import { count } from '../../text/format.ts';
import type { Section, System } from '../benchmark.ts';
import { figureText } from '../figure.ts';
import type { PeerRow } from './benchmark.ts';
import { nameOf, SYSTEMS } from './systems.ts';

/** The number of workers at which the systems are compared, and that at which the shares are looked at. */
const COMPARED_AT = 2;
const SHARED_AT = 4;

/** What people see of it. */
export function section(rows: readonly PeerRow[]): Section {
  const workMs = distinct(rows.map((row) => row.workMs));
  return {
    tables: workMs.map((ms) => tableOf(ms, rows)),
    charts: workMs.map((ms) => chartOf(ms, rows)),
    remarks: remarksOf(rows),
  };
}

function tableOf(workMs: number, rows: readonly PeerRow[]) {
  const some = rows.filter((row) => row.workMs === workMs);
  const workers = distinct(some.map((row) => row.workers));
  const find = (name: string, each: number) =>
    some.find((row) => nameOf(row) === name && row.workers === each);
  return {
    title: `Jobs a minute, ${workOf(workMs)}`,
    heads: ['system', ...workers.map((each) => `${each} ${each === 1 ? 'worker' : 'workers'}`)],
    aligns: ['left', ...workers.map(() => 'right')] as ('left' | 'right')[],
    rows: distinct(some.map(nameOf)).map((name) => [
      name,
      ...workers.map((each) => {
        const row = find(name, each);
        return row ? figureText(row.jobsPerMinute) : '–';
      }),
    ]),
  };
}

function chartOf(workMs: number, rows: readonly PeerRow[]) {
  const some = rows.filter((row) => row.workMs === workMs);
  const workers = distinct(some.map((row) => row.workers));
  return {
    name: `peers-${workMs}ms`,
    title: `Jobs a minute, ${workOf(workMs)}`,
    kind: 'bars' as const,
    x: { title: 'workers', values: workers.map(String) },
    y: { title: 'jobs/min' },
    series: distinct(some.map(nameOf)).map((name) => ({
      name,
      values: workers.map(
        (each) => some.find((row) => nameOf(row) === name && row.workers === each)?.jobsPerMinute ?? null,
      ),
    })),
  };
}

/** How many times as fast ours is as each peer, how evenly it shares, and which peers were not there. */
export function remarksOf(rows: readonly PeerRow[]): string {
  const lines = distinct(rows.map((row) => row.workMs)).flatMap((workMs) => ratios(workMs, rows));
  const ours = rows.filter(({ system, workers }) => system === 'drumline' && workers === SHARED_AT);
  const shares = ours.map(
    (row) =>
      `- ${workOf(row.workMs)}, ${nameOf(row)}: among ${SHARED_AT} workers the largest share is ${figureText(row.unevenness, twoDigits)} times the smallest.`,
  );
  const missing = (Object.keys(SYSTEMS) as System[]).filter(
    (name) => !rows.some((row) => row.system === name),
  );
  const left = missing.map((name) => `- Not measured: ${SYSTEMS[name]} (*${name}*).`);
  return [...lines, ...shares, ...left].join('\n');
}

function ratios(workMs: number, rows: readonly PeerRow[]): string[] {
  const some = rows.filter((row) => row.workMs === workMs && row.workers === COMPARED_AT);
  const peers = some.filter(({ system }) => system !== 'drumline');
  if (peers.length === 0) return [];
  return some
    .filter(({ system }) => system === 'drumline')
    .map((ours) => {
      const times = peers.map(
        (peer) =>
          `${timesText(ours.jobsPerMinute.median / peer.jobsPerMinute.median)} ${SYSTEMS[peer.system]}`,
      );
      return `- ${capital(workOf(workMs))}, ${COMPARED_AT} workers, ${nameOf(ours)}: ${times.join(', ')}.`;
    });
}

function workOf(workMs: number): string {
  return workMs === 0 ? 'no-op jobs' : `jobs that wait ${count(workMs)} ms`;
}

/** `9.3×` */
function timesText(times: number): string {
  return `${times.toFixed(times < 10 ? 2 : 1)}×`;
}

const twoDigits = (value: number) => value.toFixed(2);
const capital = (text: string) => `${text[0]?.toUpperCase()}${text.slice(1)}`;
const distinct = <One>(list: readonly One[]): One[] => [...new Set(list)];
