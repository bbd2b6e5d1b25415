const whole = new Intl.NumberFormat('en-US', { maximumFractionDigits: 0 });

/** `12,345` */
export function count(value: number): string {
  return whole.format(value);
}

/** `1 job`, `12,345 jobs` */
export function counted(value: number, noun: string): string {
  return `${count(value)} ${noun}${value === 1 ? '' : 's'}`;
}

/** A share of one as `48.7 %`. */
export function percent(share: number): string {
  return `${(share * 100).toFixed(1)} %`;
}

/** Jobs a minute, or a dash where no time has passed to say. */
export function jobsPerMinute(jobs: number, ms: number): number | null {
  return ms > 0 ? Math.round((jobs / ms) * 60_000) : null;
}

/** `10,240 jobs/min` */
export function rate(jobsAMinute: number | null): string {
  return jobsAMinute === null ? '–' : `${count(jobsAMinute)} jobs/min`;
}

/** A bar of the given width, filled to a share of one. */
export function bar(share: number, width: number): string {
  const filled = Math.round(Math.min(1, Math.max(0, share)) * width);
  return '█'.repeat(filled) + '░'.repeat(width - filled);
}
