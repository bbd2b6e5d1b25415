import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseSettings, similarSetting } from '../../infra-cdk/settings/parse-settings.ts';
import { PROJECT, type SettingName, type Settings, schema } from '../../infra-cdk/settings/settings.ts';
import { UsageError } from '../terminal/errors.ts';

/** Settings from the command line, as CDK context: the values are text. */
export type GivenSettings = Partial<Record<Exclude<SettingName, 'stage'>, string>>;

/** All settings except the stage, which is an option of every command. */
const NAMES = (Object.keys(schema.shape) as SettingName[]).filter((name) => name !== 'stage');

/** Reads `name=value` pairs. @throws UsageError for an unknown name, with the one that was probably meant */
export function readAssignments(pairs: readonly string[]): GivenSettings {
  return Object.fromEntries(
    pairs.map((pair) => {
      const [, name = pair, value] = /^([^=]*)=(.*)$/s.exec(pair) ?? [];
      if (name === 'stage') throw new UsageError('-c does not set the stage.', 'Use --stage NAME.');
      if (!NAMES.some((each) => each === name)) {
        const similar = similarSetting(name);
        throw new UsageError(
          `There is no setting "${name}".`,
          similar ? `Did you mean ${similar}?` : 'docs/settings.md lists all settings.',
        );
      }
      if (value === undefined) throw new UsageError(`"${pair}" has no value.`, `Write -c ${name}=VALUE.`);
      return [name, value];
    }),
  );
}

/** Merges the given settings, those of cdk.json and the defaults, in this order of precedence. @throws SettingError */
export function effectiveSettings(given: GivenSettings): Settings {
  return parseSettings({ ...fileContext(), ...given });
}

/** Lists the settings for the help, with their descriptions and current values. */
export function describeSettings(): string {
  const current: Partial<Settings> = effectiveSettingsOrNone();
  const width = Math.max(...NAMES.map((name) => name.length));
  return NAMES.map((name) => {
    const value = current[name];
    const { description = '', unset = 'none' } = schema.shape[name].meta() ?? {};
    const shown = value === undefined || value === '' ? unset : value;
    return `  ${name.padEnd(width)}  ${description} [${shown}]`;
  }).join('\n');
}

/** The settings in cdk.json. */
export function fileContext(): Record<string, unknown> {
  const context = cdkContext();
  return Object.fromEntries(NAMES.filter((name) => name in context).map((name) => [name, context[name]]));
}

/** The whole context in cdk.json: settings of Drumline and of the CDK. */
export function cdkContext(): Record<string, unknown> {
  const file = JSON.parse(readFileSync(join(PROJECT, 'cdk.json'), 'utf8')) as {
    context?: Record<string, unknown>;
  };
  return file.context ?? {};
}

/** The help must be shown even if cdk.json is wrong. */
function effectiveSettingsOrNone(): Partial<Settings> {
  try {
    return effectiveSettings({});
  } catch {
    return {};
  }
}
