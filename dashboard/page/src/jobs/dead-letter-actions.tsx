import { useEffect, useId, useState } from 'preact/hooks';
import { count } from '../../../../cli/terminal/format.ts';
import type { DeadLettersPage } from '../../../../functions/core/jobs/find-dead-letters.ts';
import type { DeadLetterSelection } from '../../../protocol.ts';
import { useLive } from '../live/live.tsx';
import { useReadOnlyReason } from '../parts/read-only.ts';
import { WithCommands } from '../parts/with-commands.tsx';
import { ActionDialog } from './action-dialog.tsx';
import type { DeadLetterAction } from './dead-letter-words.ts';
import type { JobSearch } from './search-address.ts';

/** When the list is read again after an action, in milliseconds: searches and workers need some time. */
const READ_AGAIN_MS = [1_500, 5_000, 15_000];

interface DeadLetterActionsProps {
  search: JobSearch;
  /** What the search has found; undefined while it is not known. */
  page: DeadLettersPage | { total: number } | undefined;
  again(): void;
}

/** Retries or deletes all dead letters, or those that match the search. */
export function DeadLetterActions({ search, page, again }: DeadLetterActionsProps) {
  const { view } = useLive();
  const readOnly = useReadOnlyReason();
  const reasonId = useId();
  const [action, setAction] = useState<DeadLetterAction>();
  const [actions, setActions] = useState(0);
  useEffect(() => {
    if (actions === 0) return;
    const timers = READ_AGAIN_MS.map((ms) => setTimeout(again, ms));
    return () => timers.forEach(clearTimeout);
  }, [actions, again]);

  const isAll = search.query === '' && search.run === '';
  const found = page?.total ?? 0;
  const queued = view?.status?.queue.deadLetters;
  const number = isAll ? (queued ?? found) : found;
  const selection: DeadLetterSelection = isAll
    ? { all: true }
    : { query: search.query || '*', ...(search.run !== '' && { runId: search.run }) };
  const which = isAll ? 'all' : found === 1 ? 'the matching one' : `all ${count(found)} matching`;
  const isDisabled = readOnly !== undefined || page === undefined || number === 0;
  const buttons = [
    ['retry', `Retry ${which}`, ''],
    ['purge', `Purge ${which}`, 'danger'],
  ] as const;
  return (
    <>
      <div class="letter-actions">
        {buttons.map(([name, text, kind]) => (
          <button
            key={name}
            type="button"
            class={kind}
            disabled={isDisabled}
            aria-describedby={readOnly === undefined ? undefined : reasonId}
            onClick={() => setAction(name)}
          >
            {text}
          </button>
        ))}
        {readOnly !== undefined && (
          <span class="muted" id={reasonId}>
            <WithCommands text={readOnly} />
          </span>
        )}
        {isAll && page && queued !== undefined && queued > found && (
          <p class="muted">
            The queue has {count(queued - found)} more that a search does not find, e.g. because Elasticsearch
            refused their documents.
          </p>
        )}
      </div>
      {action && (
        <ActionDialog
          {...{ action, selection, number, isAbout: isAll }}
          onClose={(isDone) => {
            setAction(undefined);
            if (!isDone) return;
            again();
            setActions((before) => before + 1);
          }}
        />
      )}
    </>
  );
}
