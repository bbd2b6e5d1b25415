export {
  ago,
  count,
  counted,
  dueIn,
  elapsed,
  percent,
  ruleText,
  zonedTime,
} from '../../../../cli/terminal/format.ts';

const compact = new Intl.NumberFormat('en-US', { notation: 'compact', maximumFractionDigits: 1 });
const oneDecimal = new Intl.NumberFormat('en-US', { maximumFractionDigits: 1 });
const cents = new Intl.NumberFormat('en-US', { style: 'currency', currency: 'USD' });
const dollarsOnly = new Intl.NumberFormat('en-US', {
  style: 'currency',
  currency: 'USD',
  maximumFractionDigits: 0,
});

/** For an axis: `950`, `12.4K`, `3M` */
export function shortCount(value: number): string {
  return compact.format(value);
}

/** Below this rate, in jobs per second, a minute is the better unit. */
const PER_MINUTE_BELOW = 1;

/** A rate in the unit that suits `scale`, a typical rate: `160 jobs/s`, `31.5 jobs/min`. All in jobs per second. */
export function throughput(jobsPerSecond: number, scale = jobsPerSecond): string {
  const perMinute = scale > 0 && scale < PER_MINUTE_BELOW;
  const rate = perMinute ? jobsPerSecond * 60 : jobsPerSecond;
  const text = rate < 100 ? oneDecimal.format(rate) : Math.round(rate).toLocaleString('en-US');
  return `${text} ${perMinute ? 'jobs/min' : 'jobs/s'}`;
}

/** `$0.42`, `$1,234`; `< $0.01` for less. */
export function dollars(amount: number): string {
  if (amount > 0 && amount < 0.01) return '< $0.01';
  return amount < 1_000 ? cents.format(amount) : dollarsOnly.format(amount);
}

/** A rough duration in milliseconds, rounded up: `45 s`, `3 min`, `2 h 10 min`, `4 d 4 h`. */
export function roughly(ms: number): string {
  const seconds = Math.max(0, Math.ceil(ms / 1_000));
  // Seconds would change with every poll, and the estimate is not that good.
  if (seconds <= 50) return `${Math.max(5, Math.ceil(seconds / 5) * 5)} s`;
  const minutes = Math.ceil(seconds / 60);
  if (minutes < 60) return `${minutes} min`;
  const hours = Math.floor(minutes / 60);
  return hours < 24 ? `${hours} h ${minutes % 60} min` : `${Math.floor(hours / 24)} d ${hours % 24} h`;
}

/** A duration in milliseconds for an axis: `0`, `200 ms`, `1.5 s`, `2 min`, `1.5 h`. */
export function shortDuration(ms: number): string {
  if (ms === 0) return '0';
  const [size, unit] = (
    [
      [86_400_000, 'd'],
      [3_600_000, 'h'],
      [60_000, 'min'],
      [1_000, 's'],
    ] as const
  ).find(([limit]) => ms >= limit) ?? [1, 'ms'];
  return `${oneDecimal.format(ms / size)} ${unit}`;
}

/** The local time of day: `14:03:12`. @param at milliseconds since 1970 */
export function clock(at: number): string {
  return `${minuteOfDay(at)}:${twoDigits(new Date(at).getSeconds())}`;
}

/** The local time of day, without seconds: `14:03`. @param at milliseconds since 1970 */
export function minuteOfDay(at: number): string {
  const time = new Date(at);
  return `${twoDigits(time.getHours())}:${twoDigits(time.getMinutes())}`;
}

/** The local time, with the day unless it is today: `14:03`, `Thu 26 Nov 14:03`. Milliseconds since 1970. */
export function dayAndMinute(at: number, now: number): string {
  const time = new Date(at);
  if (time.toDateString() === new Date(now).toDateString()) return minuteOfDay(at);
  const day = time.toLocaleDateString('en-GB', { weekday: 'short', day: 'numeric', month: 'short' });
  return `${day.replaceAll(',', '')} ${minuteOfDay(at)}`;
}

/** A worker's name, shortened in the middle, where names differ least. @param max characters */
export function shortWorker(name: string, max = 16): string {
  if (name.length <= max) return name;
  const end = Math.ceil((max - 1) / 2);
  return `${name.slice(0, max - 1 - end)}…${name.slice(-end)}`;
}

function twoDigits(value: number): string {
  return String(value).padStart(2, '0');
}
