import { defineConfig } from 'vitest/config';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

const target = process.env.DRUMLINE_TEST_TARGET || 'local';

/** These files wait for minutes, so they start before the others of their group. */
const LONGEST = [
  'autoscaling',
  'dashboard',
  'lists',
  'ticks',
  'deadly',
  'cli',
  'dead-letters',
  'index',
  'faults',
  'mutations',
  'transactions',
];

class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const rank = ({ moduleId }: TestSpecification) => {
      const at = LONGEST.findIndex((name) => moduleId.endsWith(`/${name}.test.ts`));
      return at < 0 ? LONGEST.length : at;
    };
    return (await super.sort(files)).sort((a, b) => rank(a) - rank(b));
  }
}

const e2e = {
  globalSetup: ['test/e2e/setup.ts'],
  testTimeout: 300_000,
  hookTimeout: 300_000,
};

/**
 * Groups run one after the other, the projects of a group together. What computes (1) runs while the end-to-end stacks
 * are deployed in the background. The end-to-end files (2) mostly wait, each on its own stack. The outages (3) stop the
 * whole cloud and leave a core to the simulation.
 */
export default defineConfig({
  test: {
    sequence: { sequencer: LongestFirst },
    projects: [
      {
        test: {
          name: 'unit',
          include: ['test/unit/**/*.test.ts'],
          // Without isolation a worker imports each module once for all files: a third of the time.
          isolate: false,
          testTimeout: 30_000,
          maxWorkers: 2,
          sequence: { groupOrder: 1 },
        },
      },
      {
        test: {
          name: 'template',
          // The files of a worker share the CDK, which is slow to load, and the synthesized templates.
          isolate: false,
          include: ['test/template/**/*.test.ts'],
          testTimeout: 120_000,
          hookTimeout: 120_000,
          maxWorkers: 2,
          sequence: { groupOrder: 1 },
        },
      },
      {
        test: {
          name: 'ledger',
          include: ['test/ledger/**/*.test.ts'],
          globalSetup: ['test/ledger/setup.ts'],
          testTimeout: 60_000,
          hookTimeout: 60_000,
          maxWorkers: 2,
          sequence: { groupOrder: 1 },
        },
      },
      {
        test: {
          name: 'browser',
          include: ['test/browser/**/*.test.ts'],
          globalSetup: ['test/browser/setup.ts'],
          testTimeout: 60_000,
          hookTimeout: 60_000,
          maxWorkers: 2,
          sequence: { groupOrder: 1 },
        },
      },
      {
        test: {
          ...e2e,
          name: 'e2e',
          include: ['test/e2e/*.test.ts'],
          exclude: ['test/e2e/outages.test.ts'],
          // On other targets all files share one stack.
          maxWorkers: target === 'local' ? 5 : 1,
          sequence: { groupOrder: 2 },
        },
      },
      {
        test: {
          name: 'simulation',
          include: ['test/simulation/**/*.test.ts'],
          testTimeout: 300_000,
          maxWorkers: 2,
          sequence: { groupOrder: 3 },
        },
      },
      {
        test: {
          ...e2e,
          name: 'e2e-outages',
          include: ['test/e2e/outages.test.ts'],
          maxWorkers: 2,
          sequence: { groupOrder: 3 },
        },
      },
    ],
  },
});
