import { MAX_SHARED_MS, MAX_STARTS, SEGMENT_ITEMS } from './build.ts';
import { type PassView, type RunView, viewRuns } from './ledger-view.ts';
import type { Operations } from './operations.ts';
import type { World } from './world.ts';

/** Checks the promises about lists: what belongs to passes, which jobs have which items, and how often the list is read. */
export class PassInvariants {
  /** Passes that have ended, as JSON: they never change again. */
  readonly #ended = new Map<string, string>();
  /** How often a reader was asked for since a pass last grew. */
  readonly #invites = new Map<string, number>();
  /** Passes for which no further reader is invoked unless they grow. */
  readonly #givenUp = new Set<string>();
  /** The item of each job at its first attempt, as JSON. */
  readonly #items = new Map<number, string>();
  readonly #documents = new Set<string>();
  /** Passes as they were when they were last checked, as JSON. */
  readonly #looked = new Map<string, string>();

  constructor(
    readonly world: World,
    operations: Operations,
  ) {
    operations.onInvite = ({ runId, pass }) => {
      const view = viewRuns(world.dynamo).find((run) => run.runId === runId)?.passes[pass - 1];
      const key = `${runId}#${pass}, which has ${view?.count} items`;
      const invites = (this.#invites.get(key) ?? 0) + 1;
      this.#invites.set(key, invites);
      this.#check(invites <= MAX_STARTS, () => `a reader is invoked for the ${invites}th time for ${key}`);
    };
  }

  /** @param before the runs before this step */
  always(runs: readonly RunView[], before: readonly RunView[]): void {
    for (const view of runs) {
      const earlier = before.find(({ runId }) => runId === view.runId);
      this.#missesHaveReasons(view, earlier);
      if (!view.run.list) continue;
      for (const pass of view.passes) {
        const known = earlier?.passes[pass.pass - 1];
        this.#isWhole(view, pass);
        if (known) this.#hasOneReader(view, pass, known);
        else this.#isNeeded(view, pass, earlier);
      }
      this.#itemsBelongToOneJob(view);
    }
    this.#jobsHaveTheirItems(runs);
  }

  /** A pass consists of whole pages, each once, and never changes after its end. */
  #isWhole({ runId }: RunView, pass: PassView): void {
    const { world } = this;
    const name = `pass ${runId}#${pass.pass}`;
    const json = JSON.stringify(pass);
    if (this.#looked.get(name) === json) return;
    this.#looked.set(name, json);
    if (pass.starts >= MAX_STARTS) this.#givenUp.add(name);
    const ended = this.#ended.get(name);
    this.#check(ended === undefined, () => `${name} has ended, and was changed to ${json} from ${ended}`);
    if (pass.state !== 'reading') this.#ended.set(name, json);
    let next = 0;
    for (const { first, count } of pass.segments) {
      this.#check(first === next, () => `${name}: a segment begins with item ${first}, not ${next}`);
      this.#check(count >= 1 && count <= SEGMENT_ITEMS, () => `${name}: a segment has ${count} items`);
      next += count;
    }
    this.#check(next === pass.count, () => `${name} has ${pass.count} items, and ${next} in segments`);
    const items = this.#itemsOf(pass);
    this.#check(
      items.length === pass.count,
      () => `${name} has ${pass.count} items, and ${items.length} stored`,
    );
    const cursor =
      pass.state === 'complete' || pass.cursor === undefined ? undefined : JSON.parse(pass.cursor);
    const untouched = pass.state !== 'complete' && cursor === undefined && pass.count === 0;
    this.#check(
      untouched || world.source?.isWholePages(items, cursor) === true,
      () =>
        `${name}, ${pass.state}, read until ${JSON.stringify(cursor)}, is no sequence of pages: ${JSON.stringify(items)}`,
    );
    const misfits = items.filter((item) => (item as { misfit?: true }).misfit).length;
    this.#check(
      pass.invalid.count === misfits,
      () => `${name} has ${misfits} items that do not fit, and reports ${pass.invalid.count}`,
    );
    this.#check(
      (pass.state === 'failed') === (pass.reason !== undefined),
      () => `${name} is ${pass.state} with the reason ${pass.reason}`,
    );
  }

  /** Nobody takes over from a reader whose claim holds. */
  #hasOneReader({ runId }: RunView, { pass, holder }: PassView, before: PassView): void {
    this.#check(
      holder === before.holder || before.holder === '' || before.leaseUntil <= this.world.time.now,
      () => `pass ${runId}#${pass}: “${holder}” took over from ${before.holder}, whose claim holds`,
    );
  }

  /** A pass is opened only for the next tick, and only if the pass before it has nothing left for that tick. */
  #isNeeded({ runId, run, passes }: RunView, pass: PassView, earlier: RunView | undefined): void {
    const { now } = this.world.time;
    const name = `pass ${runId}#${pass.pass}`;
    this.#check(
      pass.tick === (earlier?.run.nextTick ?? 1),
      () => `${name} was opened for tick ${pass.tick}, and the next is ${earlier?.run.nextTick}`,
    );
    const previous = passes[pass.pass - 2];
    this.#check(previous?.tick !== pass.tick, () => `${name} is the second one for tick ${pass.tick}`);
    this.#check(pass.shared === (run.x !== 'all'), () => `${name} is shared: ${pass.shared}, X is ${run.x}`);
    if (previous?.state !== 'complete' || !earlier) return;
    const left = previous.count - earlier.run.taken;
    const isUsable =
      run.x !== 'all' && previous.shared && now - previous.openedAt < MAX_SHARED_MS && left > 0;
    this.#check(!isUsable, () => `${name} was opened, but the pass before it has ${left} items left`);
  }

  /** Each item belongs to at most one job. Ticks take the items of complete passes in order, as many as they should. */
  #itemsBelongToOneJob({ runId, run, ticks, passes }: RunView): void {
    const taken = new Map<number, number>();
    for (const { tick, items, count } of ticks) {
      const name = `run ${runId}, tick ${tick}`;
      const pass = passes[(items?.pass ?? 0) - 1];
      if (!items || !pass) {
        this.#check(false, () => `${name} has no items`);
        continue;
      }
      this.#check(
        pass.state === 'complete',
        () => `${name} has items of pass ${pass.pass}, which is ${pass.state}`,
      );
      const first = taken.get(pass.pass) ?? 0;
      this.#check(
        items.first === first,
        () => `${name} takes items from ${items.first} on, not from ${first}`,
      );
      this.#check(
        pass.shared || (pass.tick === tick && count === pass.count),
        () => `${name} takes ${count} of ${pass.count} items of the pass for tick ${pass.tick} alone`,
      );
      taken.set(pass.pass, first + count);
      this.#check(first + count <= pass.count, () => `${name} takes more items than its pass has`);
    }
    const current = taken.get(run.pass) ?? 0;
    this.#check(run.taken === current, () => `run ${runId}: ${run.taken} items taken, ${current} in ticks`);
  }

  /** Every attempt of a job, and its document, have the item that its tick gave it. */
  #jobsHaveTheirItems(runs: readonly RunView[]): void {
    const { world } = this;
    const { ran } = world;
    world.ran = [];
    for (const { item, context } of ran) {
      const { runId, jobId, index, count, tick: number, dueAt } = context;
      const view = runs.find((run) => run.runId === runId);
      const tick = view?.ticks.find(({ tick }) => tick === number);
      const expected = view && this.itemOf(view, jobId);
      const json = JSON.stringify(item);
      const first = this.#items.get(jobId) ?? json;
      this.#items.set(jobId, first);
      this.#check(
        json === JSON.stringify(expected) && json === first,
        () => `job ${jobId} ran with ${json}, first with ${first}; its item is ${JSON.stringify(expected)}`,
      );
      this.#check(
        tick?.count === count && jobId - tick.firstJob === index && tick.dueAt === dueAt.getTime(),
        () => `job ${jobId} ran as ${index} of ${count} of tick ${number}, due ${dueAt.getTime()}`,
      );
      this.#check(
        !(item as { misfit?: true }).misfit || world.work.fixed,
        () => `job ${jobId} ran, but its item does not fit`,
      );
    }
    for (const [name, { source }] of world.elastic.documents) {
      if (this.#documents.has(name)) continue;
      this.#documents.add(name);
      const jobId = source.jobId as number;
      const json = JSON.stringify(source.item);
      this.#check(
        json === this.#items.get(jobId),
        () => `the document of job ${jobId} has ${json}; the job ran with ${this.#items.get(jobId)}`,
      );
    }
  }

  /** A tick that waits for its own pass is missed only if that fails, or if readers keep dying. */
  #missesHaveReasons({ runId, run }: RunView, earlier: RunView | undefined): void {
    if (!earlier || run.missedTicks === earlier.run.missedTicks) return;
    const awaited = earlier.passes.find(({ tick }) => tick === earlier.run.nextTick);
    this.#check(
      !awaited || awaited.state === 'failed' || this.#givenUp.has(`pass ${runId}#${awaited.pass}`),
      () => `run ${runId} missed tick ${awaited?.tick}, whose pass is ${awaited?.state}`,
    );
    const { lastMiss } = run;
    this.#check(
      lastMiss?.tick === run.nextTick - 1 && lastMiss.reason.length > 0,
      () => `run ${runId} missed tick ${run.nextTick - 1}, and gives ${JSON.stringify(lastMiss)}`,
    );
  }

  /** The item of a job; undefined if the ledger has none. */
  itemOf({ ticks, passes }: RunView, jobId: number): unknown {
    const tick = ticks.find(({ firstJob, count }) => firstJob <= jobId && jobId < firstJob + count);
    if (!tick?.items) return jobId;
    const pass = passes[tick.items.pass - 1];
    return pass && this.#itemsOf(pass)[tick.items.first + jobId - tick.firstJob];
  }

  #itemsOf({ segments }: PassView): unknown[] {
    return segments.flatMap(({ key }) => {
      const body = this.world.objects.get(key);
      return body?.split('\n').map((line) => (JSON.parse(line) as { item: unknown }).item) ?? [];
    });
  }

  #check(holds: boolean, what: () => string): void {
    if (!holds) this.world.check(holds, what);
  }
}
