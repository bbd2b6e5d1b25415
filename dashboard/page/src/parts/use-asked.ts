import { useCallback, useEffect, useState } from 'preact/hooks';
import { get } from '../live/api.ts';

/** What the server has answered so far. */
export interface Asked<Answer> {
  /** The last answer. While another question is loading, it is the answer to the question before. */
  answer: Answer | undefined;
  /** Why the last request failed; undefined if it succeeded. */
  error: unknown;
  isLoading: boolean;
  /** Asks the same again. */
  again(): void;
}

interface State<Answer> {
  answer?: Answer;
  error?: unknown;
  /** The question that is answered, or has failed. */
  key?: string;
}

/**
 * Asks the server whenever the question changes. A request whose answer is no longer wanted is aborted, and the old answer
 * stays until the new one has come, so that the page does not flicker.
 * @param path below /api/; undefined asks nothing
 */
export function useAsked<Answer>(
  path: string | undefined,
  parameters: Record<string, string | number | undefined> = {},
): Asked<Answer> {
  const question = path === undefined ? '' : JSON.stringify([path, parameters]);
  const [round, setRound] = useState(0);
  const [state, setState] = useState<State<Answer>>({});
  const key = `${round} ${question}`;

  // The key stands for path and parameters.
  useEffect(() => {
    if (path === undefined) return setState({});
    const request = new AbortController();
    get<Answer>(path, parameters, request.signal).then(
      (answer) => setState({ answer, key }),
      (error) => {
        if (request.signal.aborted) return;
        // An old answer to another question would look like the answer to this one.
        setState((before) => ({
          ...(before.key?.endsWith(` ${question}`) &&
            'answer' in before && { answer: before.answer as Answer }),
          ...{ error, key },
        }));
      },
    );
    return () => request.abort();
  }, [key]);

  return {
    answer: state.answer,
    error: state.key === key ? state.error : undefined,
    isLoading: path !== undefined && state.key !== key,
    again: useCallback(() => setRound((before) => before + 1), []),
  };
}
