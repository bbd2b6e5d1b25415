import { useEffect, useRef, useState } from 'preact/hooks';

/** A request that a form sends. */
export interface FormRequest {
  isBusy: boolean;
  /** What the last request has thrown; undefined if it succeeded. */
  error: unknown;
  /** Sends it, unless one is under way. @returns whether it succeeded */
  send(request: () => Promise<void>): Promise<boolean>;
}

/** @param onLateError receives what a request throws after its form was closed */
export function useRequest(onLateError?: (error: unknown) => void): FormRequest {
  const [isBusy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>();
  const isMounted = useRef(true);
  const isSending = useRef(false);
  useEffect(() => {
    isMounted.current = true;
    return () => {
      isMounted.current = false;
    };
  }, []);
  const send = async (request: () => Promise<void>) => {
    if (isSending.current) return false;
    isSending.current = true;
    setError(undefined);
    setBusy(true);
    try {
      await request();
      return true;
    } catch (problem) {
      if (isMounted.current) setError(problem);
      else onLateError?.(problem);
      return false;
    } finally {
      isSending.current = false;
      setBusy(false);
    }
  };
  return { isBusy, error, send };
}
