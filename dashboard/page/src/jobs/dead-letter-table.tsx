import { useState } from 'preact/hooks';
import { count, localTime, printable, shortJson } from '../../../../cli/terminal/format.ts';
import type { FoundDeadLetter } from '../../../../functions/core/jobs/find-dead-letters.ts';
import { Badge } from '../parts/badge.tsx';
import { CopyButton } from '../parts/copy-button.tsx';
import { Json } from '../parts/json.tsx';
import { useReadOnlyReason } from '../parts/read-only.ts';
import { ActionDialog } from './action-dialog.tsx';
import { Expandable, FirstHeads } from './expandable.tsx';

const MAX_ITEM_CHARACTERS = 60;

const STATES = {
  dead: ['bad', 'dead'],
  retrying: ['warn', 'retrying'],
  processed: ['good', 'processed'],
} as const;

interface DeadLetterTableProps {
  documents: readonly FoundDeadLetter[];
  showRun: boolean;
  /** Reads the page again. */
  again(): void;
}

/** The dead letters of a page. */
export function DeadLetterTable({ documents, showRun, again }: DeadLetterTableProps) {
  const readOnly = useReadOnlyReason();
  const [retried, setRetried] = useState<number>();
  return (
    <>
      <table class="documents">
        <caption class="visually-hidden">Dead letters</caption>
        <thead>
          <tr>
            <FirstHeads />
            <th>State</th>
            <th>Reason</th>
            <th class="number">Attempts</th>
            <th class="nowrap">Last failed</th>
            {showRun && <th class="secondary">Run</th>}
            <th class="number">Tick</th>
            <th>Item</th>
            <th>
              <span class="visually-hidden">Actions</span>
            </th>
          </tr>
        </thead>
        <tbody>
          {documents.map((document) => (
            <Expandable
              key={document.jobId}
              jobId={document.jobId}
              columns={showRun ? 10 : 9}
              details={() => <Letter document={document} />}
            >
              <td>
                <Badge kind={STATES[document.state][0]}>{STATES[document.state][1]}</Badge>
              </td>
              <td class="reason">{printable(document.reason)}</td>
              <td class="number">{count(document.attempts)}</td>
              <td class="nowrap">{localTime(document.lastFailedAt)}</td>
              {showRun && (
                <td class="nowrap secondary">
                  <a href={`/runs/${document.runId}`}>{document.runId}</a>
                </td>
              )}
              <td class="number">{count(document.tick)}</td>
              <td class="json-cell">
                {'item' in document ? shortJson(document.item, MAX_ITEM_CHARACTERS) : '–'}
              </td>
              <td>
                <button
                  type="button"
                  disabled={readOnly !== undefined || document.state !== 'dead'}
                  title={readOnly}
                  onClick={() => setRetried(document.jobId)}
                >
                  Retry<span class="visually-hidden"> job {document.jobId}</span>
                </button>
              </td>
            </Expandable>
          ))}
        </tbody>
      </table>
      {retried !== undefined && (
        <ActionDialog
          action="retry"
          selection={{ jobs: [retried] }}
          number={1}
          onClose={(isDone) => {
            setRetried(undefined);
            if (isDone) again();
          }}
        />
      )}
    </>
  );
}

function Letter({ document }: { document: FoundDeadLetter }) {
  const { reason, permanent, firstFailedAt, lastFailedAt } = document;
  return (
    <>
      <div class="two">
        <div>
          <h2>Reason</h2>
          <p class="reason-text">{reason}</p>
          <p class="muted">
            {permanent && 'The job said that retrying is useless. '}First failed {localTime(firstFailedAt)},
            last failed {localTime(lastFailedAt)}.
          </p>
        </div>
        <div>
          <h2>Item</h2>
          <Json value={document.item} name="Item" />
        </div>
      </div>
      <p>
        <CopyButton text={JSON.stringify(document, null, 2)} name="dead letter" showName />
      </p>
    </>
  );
}
