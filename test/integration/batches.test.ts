import { describe, expect, it } from 'vitest'
import { eventually } from '../support/eventually.ts'
import type { LedgerEvent } from '../support/ledger.ts'
import { lost, of } from '../support/ledger-check.ts'
import { everythingHandled } from './support/await-rollout.ts'
import { useStage } from './support/use-stage.ts'
import type { Stage } from './support/stage.ts'

const policy = {
  analysis: { metrics: [] },
  steps: [{ weight: '20%', duration: '3s' }],
  limits: { maxFailedMessages: 5 },
  promotion: { workers: 1, duration: '500ms' },
  progressDeadline: '1m',
}

describe('a version that handles batches', () => {
  const open = useStage()

  it.each(['classic', 'quorum'] as const)('is released like any other, on a %s queue', async (type) => {
    const stage = await open({ type })
    const batching = { concurrency: 20, handler: { batch: 8, delayMs: 5 } }
    const stable = await stage.worker('v1', batching)
    await stage.worker('v2', batching)
    const stream = stage.publisher.stream(300)
    await stage.start('v2', policy).exitsWith(0, 60_000)
    await stable.exitsWith(0)
    await stream.stop()
    await everythingHandled(stage)
    const events = stage.ledger()
    expect(lost(stage.publisher.confirmed, events)).toEqual([])
    expect(of(events, 'start')).toHaveLength(stage.publisher.confirmed.size)
    expect(largestRun(of(events, 'start'))).toBeGreaterThan(1)
    expect((await stage.status()).harmed).toBe(0)
  })

  it('fails messages of a batch one by one, loses none when it is killed, and leaves none waiting at SIGTERM', async () => {
    const stage = await open({ type: 'quorum' })
    const options = { concurrency: 40, handler: { batch: 20, delayMs: 5 }, env: retries }
    const killed = await stage.worker('v1', { ...options, name: 'killed' })
    const stream = stage.publisher.stream(400, { most: 2_000, acts: ['sync'] })
    await eventually(() => of(stage.ledger(), 'done').length > 300, { what: 'a part of the work' })
    killed.signal('SIGKILL')
    await killed.exited()
    const last = await stage.worker('v1', options)
    await stream.finished
    await eventually(async () => expect((await stage.queues.depths()).dead).toBeGreaterThanOrEqual(1_000), {
      what: 'the dead letters',
      deadlineMs: 60_000,
    })
    const isOver = (): boolean => settled(stage).size === stage.publisher.confirmed.size
    await eventually(isOver, { what: 'a fate for every message', deadlineMs: 60_000 })
    last.signal('SIGTERM')
    await last.exitsWith(0)
    const events = stage.ledger()
    expect((await stage.queues.depths()).queue).toBe(0)
    expect(new Set(of(events, 'fail').map(({ id }) => id)).size).toBe(1_000)
    const firstTries = of(events, 'start').filter(({ redelivered }) => !redelivered)
    expect(new Set(firstTries.map(({ id }) => id)).size).toBe(firstTries.length)
  })
})

/** Its tail is nothing but failures, which is no outage. */
const retries = {
  QUEUE_CANARY_ORDERS_MAX_ATTEMPTS: '2',
  QUEUE_CANARY_ORDERS_RETRY_DELAY: '1s',
  QUEUE_CANARY_ORDERS_OUTAGE_PATIENCE: '0s',
}

/** Messages that succeeded, or failed at least once. */
function settled(stage: Stage): ReadonlySet<string> {
  const events = stage.ledger()
  return new Set([...of(events, 'done'), ...of(events, 'fail')].map(({ id }) => id))
}

/** Messages that one process began within half a millisecond of each other. */
function largestRun(events: readonly LedgerEvent[]): number {
  let [longest, current] = [1, 1]
  for (const [index, event] of events.entries()) {
    const before = events[index - 1]
    current = before !== undefined && before.pid === event.pid && event.at - before.at < 0.5 ? current + 1 : 1
    longest = Math.max(longest, current)
  }
  return longest
}
