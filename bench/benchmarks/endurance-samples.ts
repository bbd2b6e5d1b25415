import { type Point, plot } from '../harness/plot.ts';

/** What the status said at one time. */
export interface Sample {
  /** Since the start of the run. */
  minute: number;
  /** Jobs per tick. */
  x: number;
  enqueued: number;
  processed: number;
  failed: number;
  /** Workers that may run at the same time: the reserved concurrency; NaN if Lambda did not answer. */
  allowed: number;
  /** Workers that have counted jobs since the last sample. */
  busy: number;
}

/** Something that was done to the system. */
export interface Happening {
  minute: number;
  label: string;
}

/** Enqueued jobs that are neither processed nor failed. */
export function backlogOf({ enqueued, processed, failed }: Sample): number {
  return enqueued - processed - failed;
}

/** Worker-minutes that were allowed: the area below the reserved concurrency. A missing figure counts as the one before it. */
export function workerMinutes(samples: readonly Sample[]): number {
  let allowed = 0;
  return samples.reduce((sum, sample, index) => {
    if (Number.isFinite(sample.allowed)) allowed = sample.allowed;
    return sum + allowed * ((samples[index + 1]?.minute ?? sample.minute) - sample.minute);
  }, 0);
}

/** The run as a plot: load, backlog, workers and pace, with what was done to the system. */
export function drawRun(title: string, samples: readonly Sample[], happenings: readonly Happening[]): string {
  const series = (name: string, y: (sample: Sample, before: Sample | undefined) => number, step = false) => ({
    name,
    step,
    points: samples.map((sample, index): Point => [sample.minute, y(sample, samples[index - 1])]),
  });
  const pace = (sample: Sample, before: Sample | undefined) =>
    before ? (doneIn(sample) - doneIn(before)) / (sample.minute - before.minute) : 0;
  return plot({
    title,
    xLabel: 'minutes since the start',
    panels: [
      { title: 'Load', yLabel: 'jobs per tick', series: [series('X', ({ x }) => x, true)] },
      { title: 'Backlog', yLabel: 'jobs', series: [series('backlog', backlogOf)] },
      {
        title: 'Workers',
        yLabel: 'workers',
        series: [series('allowed', ({ allowed }) => allowed, true), series('busy', ({ busy }) => busy)],
      },
      { title: 'Pace', yLabel: 'jobs done per minute', series: [series('pace', pace)] },
    ],
    events: happenings.map(({ minute, label }) => ({ at: minute, label })),
  });
}

function doneIn({ processed, failed }: Sample): number {
  return processed + failed;
}
