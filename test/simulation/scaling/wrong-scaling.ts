import { mappingMaximumOf } from '../../../functions/core/model/scaling.ts';
import { applyScaling } from '../../../functions/core/scaling/apply-scaling.ts';
import { decide } from '../../../functions/core/scaling/decide.ts';

/** A deliberate fault, which the properties must find: a wrong decision, or a decision that is put in force wrongly. */
export interface WrongScaling {
  name: string;
  /** In which conditions it shows. */
  conditions: 'good' | 'bad';
  rule?: typeof decide;
  apply?: typeof applyScaling;
}

const wrongRule = (name: string, rule: typeof decide): WrongScaling => ({
  name,
  rule,
  conditions: /missing/.test(name) ? 'bad' : 'good',
});
const wrongApply = (name: string, apply: typeof applyScaling): WrongScaling => ({
  name,
  apply,
  conditions: 'good',
});

/** The time per job that a rule saw first, in `wrongRule`s that ignore later ones. */
const firstTimes = new WeakMap<object, number>();

export const WRONG_SCALING: WrongScaling[] = [
  wrongRule('the maximum is ignored', (rule, figures) => decide({ ...rule, max: 1_000 }, figures)),
  wrongRule('the minimum is ignored', (rule, figures) => decide({ ...rule, min: 1 }, figures)),
  wrongRule('a missing backlog counts as none', (rule, { backlog = 0, ...figures }) =>
    decide(rule, { ...figures, backlog }),
  ),
  wrongRule('a missing time per job counts as 100 ms', (rule, { workerMs = 100, ...figures }) =>
    decide(rule, { ...figures, workerMs }),
  ),
  wrongRule('the number goes down at once', (rule, figures) =>
    decide(rule, { ...figures, recommendations: [{ at: figures.now, workers: 0 }] }),
  ),
  wrongRule('the number never goes down', (rule, figures) => {
    const decision = decide(rule, figures);
    return { ...decision, workers: Math.max(decision.workers ?? 0, figures.workers ?? 0) };
  }),
  wrongRule('the number goes up by one at a time', (rule, figures) => {
    const decision = decide(rule, figures);
    return { ...decision, workers: Math.min(decision.workers ?? 0, (figures.workers ?? 0) + 1) };
  }),
  wrongRule('jobs have until the next tick', (rule, figures) =>
    decide({ ...rule, drainWithinSeconds: (figures.schedule?.periodMs ?? 0) / 1_000 - 1 }, figures),
  ),
  wrongRule('jobs that slow down are not noticed', (rule, figures) => {
    const { workerMs } = figures;
    if (workerMs !== undefined && !firstTimes.has(rule)) firstTimes.set(rule, workerMs);
    const first = firstTimes.get(rule);
    return decide(rule, {
      ...figures,
      ...(workerMs !== undefined && first !== undefined && { workerMs: first }),
    });
  }),
  wrongRule('the jobs of a claimed tick do not count', (rule, figures) => {
    const { x = 0 } = figures.schedule ?? {};
    return decide(rule, {
      ...figures,
      ...(figures.backlog !== undefined && { backlog: Math.max(0, figures.backlog - x) }),
    });
  }),
  wrongApply('the mapping grows before the reserved concurrency', (limits, reserved, workers, waiting) =>
    // A wrong number in force selects the order for shrinking.
    applyScaling(limits, (reserved ?? 0) < workers ? workers + 1 : reserved, workers, waiting),
  ),
  wrongApply(
    'the reserved concurrency shrinks before the mapping',
    async (limits, reserved, workers, waiting) => {
      if (reserved !== null && workers < reserved) await limits.reserve(workers);
      await applyScaling(limits, reserved, workers, waiting);
    },
  ),
  wrongApply(
    'shrinking does not wait until the mapping has changed',
    async (limits, reserved, workers, waiting) => {
      if (reserved === null || workers >= reserved) return applyScaling(limits, reserved, workers, waiting);
      await limits.limitMapping(mappingMaximumOf(workers));
      await limits.reserve(workers);
    },
  ),
];
