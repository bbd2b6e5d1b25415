import { useEffect, useState } from 'preact/hooks';
import { count, sentence } from '../../../../cli/terminal/format.ts';
import type { Verification } from '../../../../functions/core/verify/verify.ts';
import { post } from '../live/api.ts';
import { Badge } from '../parts/badge.tsx';
import { Panel } from './panel.tsx';
import { useRequest } from './use-request.ts';
import './controls.css';

/** Missing jobs that are listed. */
const MAX_MISSING_IDS = 10;

/** Compares the ledger with the documents, at once and on demand. @param props.runId the active or last run unless given */
export function Verify({ runId, onClose }: { runId?: string; onClose(): void }) {
  const [verification, setVerification] = useState<Verification>();
  const { isBusy, error, send } = useRequest();
  const verify = () => send(async () => setVerification(await post('verify', runId ? { runId } : {})));
  useEffect(() => void verify(), [runId]);
  return (
    <Panel
      title="Verify"
      action="Verify again"
      close="Close"
      {...{ isBusy, error, onClose }}
      onSubmit={() => void verify()}
    >
      <div aria-live="polite">
        {isBusy && <p class="muted">Comparing the ledger with the documents in Elasticsearch …</p>}
        {!isBusy && verification && error === undefined && <Outcome {...verification} />}
      </div>
    </Panel>
  );
}

function Outcome(verification: Verification) {
  const { ok, runId, message, missing } = verification;
  const { enqueued, processed, failed, pending, documents, duplicates } = verification;
  const figures = { enqueued, processed, failed, pending, documents, duplicates, missing: missing.count };
  const more = missing.count > MAX_MISSING_IDS ? ', …' : '';
  return (
    <div class="stack">
      <p>
        <Badge kind={ok ? 'good' : 'bad'}>{ok ? 'Verified' : 'Not verified'}</Badge> {sentence(message)}
      </p>
      <dl class="figures" aria-label={runId ? `Run ${runId}` : undefined}>
        {Object.entries(figures).map(([name, value]) => (
          <div key={name}>
            <dt>{sentence(name).slice(0, -1)}</dt>
            <dd>{count(value)}</dd>
          </div>
        ))}
      </dl>
      {missing.count > 0 && (
        <p>
          Missing jobs:{' '}
          {missing.first.slice(0, MAX_MISSING_IDS).map((jobId, index) => (
            <>
              {index > 0 && ', '}
              <a href={`/jobs/${jobId}`}>{jobId}</a>
            </>
          ))}
          {more}
        </p>
      )}
    </div>
  );
}
