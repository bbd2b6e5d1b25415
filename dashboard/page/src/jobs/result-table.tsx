import { useMemo } from 'preact/hooks';
import { count, elapsed, localTime, shortJson } from '../../../../cli/terminal/format.ts';
import type { ResultDocument } from '../../../../functions/core/results/documents.ts';
import { CopyButton } from '../parts/copy-button.tsx';
import { Json } from '../parts/json.tsx';
import { columnsOf } from './documents.ts';
import { Expandable, FirstHeads } from './expandable.tsx';

const MAX_CELL_CHARACTERS = 80;

interface ResultTableProps {
  documents: readonly ResultDocument[];
  /** Whether the documents may belong to several runs. */
  showRun: boolean;
}

/** The documents of a page. Short fields of their outputs have columns of their own. */
export function ResultTable({ documents, showRun }: ResultTableProps) {
  const fields = useMemo(() => columnsOf(documents.map(({ output }) => output)), [documents]);
  const columns = 6 + (showRun ? 1 : 0) + Math.max(1, fields.length);
  return (
    <table class="documents">
      <caption class="visually-hidden">Documents of processed jobs</caption>
      <thead>
        <tr>
          <FirstHeads />
          {showRun && <th class="secondary">Run</th>}
          <th class="number">Tick</th>
          <th class="secondary">Worker</th>
          <th>Processed</th>
          <th>Item</th>
          {fields.length === 0 && <th>Output</th>}
          {fields.map((field) => (
            <th key={field}>{field}</th>
          ))}
        </tr>
      </thead>
      <tbody>
        {documents.map((document) => (
          <Expandable
            key={document.jobId}
            jobId={document.jobId}
            columns={columns}
            details={() => <Document document={document} />}
          >
            {showRun && (
              <td class="nowrap secondary">
                <a href={`/runs/${document.runId}`}>{document.runId}</a>
              </td>
            )}
            <td class="number">{count(document.tick)}</td>
            <td class="nowrap secondary">{document.workerId}</td>
            <td class="nowrap">{localTime(document.processedAt)}</td>
            <td class="json-cell">{shortJson(document.item, MAX_CELL_CHARACTERS)}</td>
            {fields.length === 0 && (
              <td class="json-cell">{shortJson(document.output, MAX_CELL_CHARACTERS)}</td>
            )}
            {fields.map((field) => (
              <td key={field}>{cell((document.output as Record<string, unknown>)[field])}</td>
            ))}
          </Expandable>
        ))}
      </tbody>
    </table>
  );
}

/** A text without quotes, and a number as it is. */
function cell(value: unknown): string {
  if (value === undefined || value === null) return '–';
  return typeof value === 'string' && value.length <= MAX_CELL_CHARACTERS
    ? value
    : shortJson(value, MAX_CELL_CHARACTERS);
}

function Document({ document }: { document: ResultDocument }) {
  const { item, output, enqueuedAt, processedAt, version } = document;
  return (
    <>
      <div class="two">
        <div>
          <h2>Item</h2>
          <Json value={item} name="Item" />
        </div>
        <div>
          <h2>Output</h2>
          <Json value={output} name="Output" />
        </div>
      </div>
      <p class="muted">
        Enqueued {localTime(enqueuedAt)}, processed{' '}
        {elapsed(Date.parse(processedAt) - Date.parse(enqueuedAt))} later{version && ` by version ${version}`}
        . <CopyButton text={JSON.stringify(document, null, 2)} name="document" showName />
      </p>
    </>
  );
}
