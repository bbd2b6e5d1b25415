import type { ComponentChildren } from 'preact';
import { useState } from 'preact/hooks';

interface ExpandableProps {
  jobId: number;
  /** The cells, all but the first one. */
  children: ComponentChildren;
  /** Cells of the row, the first one included. */
  columns: number;
  /** What the open row shows. */
  details: () => ComponentChildren;
}

/** Rows of a table about a job: a short one and, when it is opened, one with everything. */
export function Expandable({ jobId, children, columns, details }: ExpandableProps) {
  const [isOpen, setOpen] = useState(false);
  return (
    <>
      <tr class={isOpen ? 'open' : ''}>
        <td class="expand">
          <button
            type="button"
            class="quiet"
            aria-expanded={isOpen}
            aria-label={`Details of job ${jobId}`}
            onClick={() => setOpen(!isOpen)}
          >
            <span aria-hidden="true">{isOpen ? '▾' : '▸'}</span>
          </button>
        </td>
        <th scope="row" class="number">
          <a href={`/jobs/${jobId}`}>{jobId}</a>
        </th>
        {children}
      </tr>
      {isOpen && (
        <tr class="details">
          <td colSpan={columns}>{details()}</td>
        </tr>
      )}
    </>
  );
}

/** Heads of the columns that all such tables begin with. */
export function FirstHeads() {
  return (
    <>
      <th class="expand">
        <span class="visually-hidden">Details</span>
      </th>
      <th class="number">Job</th>
    </>
  );
}
