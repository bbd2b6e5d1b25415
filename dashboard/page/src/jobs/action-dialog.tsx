import type { PurgeResult, RetryResult } from '../../../../cli/cloud/dead-letters.ts';
import { purgeText, retryText } from '../../../../cli/runs/dead-letter-text.ts';
import type { DeadLetterSelection, RetrySelection } from '../../../protocol.ts';
import { postStreamed } from '../live/api.ts';
import { ConfirmDialog } from '../parts/dialog.tsx';
import { type DeadLetterAction, questionOf } from './dead-letter-words.ts';

type ActionDialogProps = {
  /** How many dead letters the action is about. */
  number: number;
  /** Whether that is only about right. */
  isAbout?: boolean;
  onClose(isDone: boolean): void;
} & ({ action: 'retry'; selection: RetrySelection } | { action: 'purge'; selection: DeadLetterSelection });

/** Asks before dead letters are sent again or deleted, does it, and says what was done. */
export function ActionDialog({ action, selection, number, isAbout, onClose }: ActionDialogProps) {
  const { title, text } = questionOf(action, number, isAbout);
  return (
    <ConfirmDialog
      title={title}
      action={ACTIONS[action].name}
      isDangerous={action === 'purge'}
      run={(onProgress) => ACTIONS[action].run(selection, onProgress)}
      onClose={onClose}
    >
      <p>{text}</p>
    </ConfirmDialog>
  );
}

type Run = (selection: RetrySelection, onProgress: (message: string) => void) => Promise<string>;

const ACTIONS: Record<DeadLetterAction, { name: string; run: Run }> = {
  retry: {
    name: 'Retry',
    run: async (selection, onProgress) =>
      retryText(await postStreamed<RetryResult>('dead-letters/retry', selection, onProgress)),
  },
  purge: {
    name: 'Purge',
    run: async (selection, onProgress) =>
      purgeText(await postStreamed<PurgeResult>('dead-letters/purge', selection, onProgress)),
  },
};
