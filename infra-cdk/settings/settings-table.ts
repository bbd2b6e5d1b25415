import { schema } from './settings.ts';

/** One setting as people read about it. */
export interface SettingDescription {
  name: string;
  /** What it is unless set; empty when that depends on other settings. */
  default: string;
  description: string;
}

/** All settings with their defaults and meanings, in the schema's order. */
export function describeSettings(): SettingDescription[] {
  const defaults = schema.parse({}) as Record<string, unknown>;
  return Object.entries(schema.shape).map(([name, setting]) => ({
    name,
    default: String(defaults[name] ?? ''),
    description: setting.description ?? '',
  }));
}

/** The settings as a Markdown table. */
export function settingsTable(): string {
  const rows = describeSettings().map(
    ({ name, default: value, description }) =>
      `| \`${name}\` | ${value === '' ? '' : `\`${value}\``} | ${description} |`,
  );
  return ['| setting | default | meaning |', '|---|---|---|', ...rows].join('\n');
}
