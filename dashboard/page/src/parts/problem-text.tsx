import type { Problem } from '../../../protocol.ts';
import { ApiProblem } from '../live/api.ts';
import './parts.css';

/** An error in the server's words: what happened, and what to do. @param props.error what a request has thrown */
export function ProblemText({ error }: { error: unknown }) {
  const { message, nextStep } = problemIn(error);
  return (
    <div class="problem" role="alert">
      <strong>{message}</strong>
      {nextStep !== '' && <p>{nextStep}</p>}
    </div>
  );
}

function problemIn(error: unknown): Pick<Problem, 'message' | 'nextStep'> {
  if (error instanceof ApiProblem) return error.problem;
  return {
    message: error instanceof Error ? error.message : String(error),
    nextStep: 'Load the page again.',
  };
}
