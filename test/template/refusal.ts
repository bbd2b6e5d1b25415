import { expect } from 'vitest';
import { parseSettings, SettingError } from '../../infra-cdk/settings/settings.ts';

/** The message that these settings are refused with. */
export function refusal(context: Record<string, unknown>): string {
  try {
    parseSettings(context);
  } catch (error) {
    expect(error).toBeInstanceOf(SettingError);
    return (error as Error).message;
  }
  throw new Error(`accepted ${JSON.stringify(context)}`);
}
