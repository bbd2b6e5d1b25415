import type { Verification } from '../../functions/core/verify/verify.ts';
import { count } from '../terminal/figures.ts';
import type { Colors } from '../terminal/output.ts';
import { table } from '../terminal/table.ts';

const NAMED = 10;

/** What comparing ledger and results has shown, for people. */
export function verificationText(verification: Verification, { green, red }: Colors): string {
  const { ok, runId, enqueued, processed, failed, pending, documents, duplicates, missing } = verification;
  const rows = Object.entries({
    enqueued,
    processed,
    failed,
    pending,
    documents,
    duplicates,
    missing: missing.count,
  });
  const verdict = ok ? green(`✔ ${verification.message}`) : red(`✖ ${verification.message}`);
  const named = missing.first.slice(0, NAMED).join(', ');
  const more = missing.count > NAMED ? ', …' : '';
  return [
    ...(runId
      ? [
          `Run ${runId}`,
          '',
          table(
            ['', ''],
            rows.map(([name, value]) => [`  ${name}`, count(value)]),
            ['left', 'right'],
          ).replace(/^\n/, ''),
          '',
        ]
      : []),
    ...(missing.count > 0 ? [`Missing jobs: ${named}${more}`] : []),
    verdict,
  ].join('\n');
}
