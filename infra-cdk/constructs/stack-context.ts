import type { Settings } from '../settings/settings.ts';
import type { Ledger } from './ledger.ts';
import type { Queues } from './queues.ts';
import type { Results } from './results.ts';

/** What the functions of a stack are made of and work with. */
export interface StackContext {
  /** Before every name in the stack. */
  prefix: string;
  settings: Settings;
  queues: Queues;
  ledger: Ledger;
  results: Results;
}
