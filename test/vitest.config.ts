import { defineConfig } from 'vitest/config'

const common = {
  resolve: { conditions: ['queue-canary-source'] },
  ssr: { resolve: { conditions: ['queue-canary-source'] } },
}
const results = process.env['QUEUE_CANARY_TEST_RESULTS']

/** They stop the server that others use, or judge whole rollouts by the clock: a busy machine changes what they see. */
const alone = [
  'rabbitmq-server-faults',
  'rabbitmq-watchdog',
  'rabbitmq-rights',
  'rollout-*',
  'contract-versions',
  'batches',
].map((name) => `test/integration/${name}.test.ts`)

export default defineConfig({
  test: {
    root: new URL('..', import.meta.url).pathname,
    reporters: results === undefined ? ['default'] : ['default', 'json'],
    ...(results !== undefined && { outputFile: { json: results } }),
    projects: [
      {
        ...common,
        test: {
          name: 'unit',
          sequence: { groupOrder: 0 },
          // many of them wait for timers
          maxWorkers: 3,
          include: ['test/{core,simulate,worker,coordinator,records,status,cli,adapters,meta}/**/*.test.ts'],
          testTimeout: 15_000,
        },
      },
      {
        ...common,
        test: {
          name: 'faults',
          sequence: { groupOrder: 1 },
          include: ['test/fault-simulation/**/*.test.ts'],
          testTimeout: 120_000,
        },
      },
      {
        ...common,
        test: {
          name: 'alone',
          sequence: { groupOrder: 2 },
          include: alone,
          globalSetup: ['test/support/rabbitmq-global.ts'],
          testTimeout: 120_000,
          hookTimeout: 120_000,
          fileParallelism: false,
          // A test of processes, brokers and their deaths may meet a machine that stands still. It says so when it needed its second try.
          retry: 1,
        },
      },
      {
        ...common,
        test: {
          name: 'study',
          // side by side from here on: they wait more than they work
          sequence: { groupOrder: 3 },
          maxWorkers: 3,
          include: ['test/study/**/*.test.ts'],
          globalSetup: ['test/support/rabbitmq-global.ts'],
          testTimeout: 600_000,
          hookTimeout: 120_000,
        },
      },
      {
        ...common,
        test: {
          name: 'sqs',
          sequence: { groupOrder: 3 },
          maxWorkers: 3,
          include: ['test/integration/sqs-*.test.ts'],
          globalSetup: ['test/support/sqs-global.ts'],
          testTimeout: 120_000,
          hookTimeout: 120_000,
          retry: 1,
        },
      },
      {
        ...common,
        test: {
          name: 'stores',
          sequence: { groupOrder: 3 },
          include: ['test/stores/**/*.test.ts'],
          testTimeout: 60_000,
          hookTimeout: 120_000,
          // each file starts a server of its own
          maxWorkers: 3,
          retry: 1,
        },
      },
      {
        ...common,
        test: {
          name: 'broker',
          sequence: { groupOrder: 3 },
          maxWorkers: 3,
          include: ['test/integration/**/*.test.ts'],
          exclude: ['test/integration/sqs-*.test.ts', ...alone],
          globalSetup: ['test/support/rabbitmq-global.ts'],
          testTimeout: 120_000,
          hookTimeout: 120_000,
          retry: 1,
        },
      },
      {
        ...common,
        test: {
          name: 'chaos',
          sequence: { groupOrder: 3 },
          maxWorkers: 3,
          include: ['test/chaos/**/*.test.ts'],
          // other cells then: what was drawn, and what it broke, is printed each time
          retry: 1,
          testTimeout: 480_000,
        },
      },
    ],
  },
})
