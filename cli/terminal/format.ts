import { isFixed, type ScalingRule } from '../../functions/core/model/scaling.ts';

// Texts of numbers and times, in English with a comma between thousands.

const integer = new Intl.NumberFormat('en-US', { maximumFractionDigits: 0 });

/** `12,345` */
export function count(value: number): string {
  return integer.format(value);
}

/** `1 job`, `12,345 jobs` */
export function counted(value: number, noun: string): string {
  return `${count(value)} ${noun}${value === 1 ? '' : 's'}`;
}

/** A share from 0 to 1 as `48.7 %`. */
export function percent(share: number): string {
  return `${(share * 100).toFixed(1)} %`;
}

/** `10,240 jobs/min`, or a dash for null. */
export function rate(jobsPerMinute: number | null): string {
  return jobsPerMinute === null ? '–' : `${count(jobsPerMinute)} jobs/min`;
}

/** A progress bar of `width` characters for a share from 0 to 1. */
export function bar(share: number, width: number): string {
  const filled = Math.round(Math.min(1, Math.max(0, share)) * width);
  return '█'.repeat(filled) + '░'.repeat(width - filled);
}

/** A duration in milliseconds as `0.4 s`, `41 s`, `2 min 5 s`, `3 h 12 min` or `4 d 4 h`. */
export function elapsed(ms: number): string {
  return ms < 9_950 ? `${(Math.max(0, ms) / 1_000).toFixed(1)} s` : wholeSeconds(ms);
}

/** `in 34 s`, or `is due`: a tick that is due waits up to a minute for the rule to fire. */
export function dueIn(at: string, now = Date.now()): string {
  const ms = Date.parse(at) - now;
  return ms < 500 ? 'is due' : `in ${wholeSeconds(ms)}`;
}

/** `12 s ago`, or `now`. */
export function ago(at: string, now = Date.now()): string {
  const ms = now - Date.parse(at);
  return ms < 2_000 ? 'now' : `${wholeSeconds(ms)} ago`;
}

/** The local time of day, with the date unless it is today: `22:45:12`. */
export function localTime(at: string, now = new Date()): string {
  const time = new Date(at);
  // Sweden's format is ISO 8601's, in local time: 2026-11-23 22:45:12.
  const text = time.toLocaleString('sv-SE');
  return time.toDateString() === now.toDateString() ? text.slice(-8) : text;
}

/** A moment in a time zone, which is named: `Thu 26 Nov 06:00 Europe/Berlin`. @param timeZone an IANA name */
export function zonedTime(at: string, timeZone: string): string {
  const parts = {
    weekday: 'short',
    day: 'numeric',
    month: 'short',
    hour: '2-digit',
    minute: '2-digit',
  } as const;
  const text = new Date(at).toLocaleString('en-GB', { ...parts, timeZone });
  return `${text.replaceAll(',', '')} ${timeZone}`;
}

/** Starts a message with a capital letter and ends it with a full stop. */
export function sentence(message: string): string {
  const text = message.charAt(0).toUpperCase() + message.slice(1);
  return /[.!?)]$/.test(text) ? text : `${text}.`;
}

/** Replaces control characters, including line ends, by a space, because a terminal would execute them. */
export function printable(text: string): string {
  return text.replaceAll(/[\p{Cc}\u2028\u2029\u202a-\u202e\u2066-\u2069]+/gu, ' ').trim();
}

/** A value as JSON on one line, truncated to `maxCharacters`. Control characters are escaped. */
export function shortJson(value: unknown, maxCharacters: number): string {
  const text = printable(JSON.stringify(value) ?? '');
  return text.length <= maxCharacters ? text : `${text.slice(0, maxCharacters - 1)}…`;
}

function wholeSeconds(ms: number): string {
  const seconds = Math.round(ms / 1_000);
  if (seconds < 60) return `${seconds} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes} min ${seconds % 60} s`;
  const hours = Math.floor(minutes / 60);
  return hours < 24 ? `${hours} h ${minutes % 60} min` : `${Math.floor(hours / 24)} d ${hours % 24} h`;
}

/** A rule for the number of workers in words: `4 workers`, `1 to 20 workers`. */
export function ruleText(rule: ScalingRule): string {
  if (isFixed(rule)) return counted(rule.max, 'worker');
  return `${count(rule.min)} to ${counted(rule.max, 'worker')}`;
}
