import { defineConfig } from 'vitest/config'

/** What takes too long for every change: each regime of traffic at length, each fault on each type of queue. Run by itself: `npm run test:long`. */
export default defineConfig({
  resolve: { conditions: ['queue-canary-source'] },
  ssr: { resolve: { conditions: ['queue-canary-source'] } },
  test: {
    root: new URL('..', import.meta.url).pathname,
    name: 'long',
    include: ['test/integration/**/*.long.ts'],
    globalSetup: ['test/support/rabbitmq-global.ts', 'test/support/sqs-global.ts'],
    testTimeout: 600_000,
    hookTimeout: 120_000,
    fileParallelism: false,
  },
})
