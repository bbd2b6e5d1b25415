/** One thing that a deployment needs of its target, and what the target has of it. */
export interface Check {
  name: string;
  ok: boolean;
  found: string;
  /** What to do; only where it is not ok. */
  advice?: string;
}
