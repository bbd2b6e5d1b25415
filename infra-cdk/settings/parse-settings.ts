import type { Node } from 'constructs';
import leven from 'leven';
import { crossSettingProblems } from './setting-problems.ts';
import { type SettingName, type Settings, schema } from './settings.ts';

/** One or more settings are wrong. The message has one line for each: its name, its value, and what it must be. */
export class SettingError extends Error {
  override readonly name = 'SettingError';
}

/** What a setting's name looks like. The CDK's own context has colons, slashes or hyphens in its names. */
const SETTING_NAME = /^[a-zA-Z]\w*$/;

/** Reads the settings from the app's context. @throws SettingError */
export function readSettings(node: Node): Settings {
  const names = new Set([...Object.keys(schema.shape), ...Object.keys(node.getAllContext())]);
  const context = [...names]
    .filter((name) => SETTING_NAME.test(name))
    .map((name) => [name, node.tryGetContext(name) ?? undefined]);
  return parseSettings(Object.fromEntries(context));
}

/** @param values by the settings' names; a setting that is missing or undefined has its default @throws SettingError */
export function parseSettings(values: Record<string, unknown>): Settings {
  // The CDK accepts any name in its context. A misspelt setting would silently have no effect.
  const unknown = Object.keys(values).filter((name) => !(name in schema.shape));
  if (unknown.length > 0)
    throw settingError(
      values,
      unknown.map((name) => [name, unknownProblem(name)]),
    );
  const { data: settings, error } = schema.safeParse(values);
  if (!settings)
    throw settingError(
      values,
      error.issues.map(({ path, message }) => [path.join('.'), message]),
    );
  const problems = crossSettingProblems(settings);
  if (problems.length > 0) throw settingError(settings, problems);
  return settings;
}

function settingError(values: Record<string, unknown>, problems: [name: string, message: string][]) {
  const lines = problems.map(([name, message]) => `setting ${name}=${redact(values[name])}: ${message}`);
  return new SettingError(lines.join('\n'));
}

function unknownProblem(name: string): string {
  const similar = similarSetting(name);
  return similar
    ? `there is no such setting; did you mean ${similar}?`
    : 'there is no such setting; docs/settings.md lists all settings';
}

/** The setting that was probably meant: one that contains the given name, or that differs from it in few letters. */
export function similarSetting(name: string): SettingName | undefined {
  const candidates = Object.keys(schema.shape) as SettingName[];
  const distance = (other: string) =>
    other.toLowerCase().includes(name.toLowerCase()) ? 0 : leven(name.toLowerCase(), other.toLowerCase());
  const best = candidates.reduce((best, other) => (distance(other) < distance(best) ? other : best));
  return distance(best) <= name.length / 2 ? best : undefined;
}

/** Replaces the user and password of a URL, even if the URL is malformed. */
function redact(value: unknown): string {
  return String(value).replace(/^([\w+.-]+:\/\/)?.*@/s, '$1…@');
}
