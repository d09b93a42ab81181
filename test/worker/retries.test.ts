import { describe, expect, it } from 'vitest'
import { eventually, remains } from '../support/eventually.ts'
import { manualClock } from '../support/manual-clock.ts'
import { useTeardown } from '../support/teardown.ts'
import { bench, deadQueue, queue } from './support/bench.ts'

const teardown = useTeardown()
const fail = (): never => {
  throw new TypeError('no')
}

describe('a message that failed', () => {
  it('waits at the broker: it holds no place, and its attempts go on in another worker', async () => {
    const clock = manualClock()
    const seen: string[] = []
    const options = { clock, retryDelayMs: 2_000, maxAttempts: 3, concurrency: 1, prefetch: 1 }
    const one = bench(teardown, {
      ...options,
      version: 'v1',
      handle: (_, { attempt }) => {
        seen.push(`one ${attempt}`)
        fail()
      },
    })
    one.publish(3)
    one.stream()
    await clock.advance(0)
    expect(seen).toEqual(['one 1', 'one 1', 'one 1'])
    expect([one.processor.waitingRetries, one.processor.inFlight.held]).toEqual([0, 0])
    await one.intake.close()
    const two = bench(teardown, {
      ...options,
      version: 'v1',
      server: one.server,
      handle: (_, { attempt }) => {
        seen.push(`two ${attempt}`)
        fail()
      },
    })
    two.stream()
    await clock.advance(10_000)
    expect(seen.slice(3).toSorted()).toEqual(['two 2', 'two 2', 'two 2', 'two 3', 'two 3', 'two 3'])
    expect(two.depth(deadQueue)).toBe(3)
  })

  it('is counted by its first attempt only, and taken each time that it comes', async () => {
    const lab = bench(teardown, {
      version: 'v1',
      retryDelayMs: 1_001,
      handle: (_, { attempt }) => void (attempt === 1 && fail()),
    })
    lab.publish(1)
    lab.stream()
    await lab.counts('taken', 2)
    await lab.counts('repeated', 1)
    expect(lab.processor.tally.counts).toMatchObject({
      taken: 2,
      failed: 1,
      succeeded: 0,
      repeated: 1,
      repeatedFailures: 0,
    })
  })

  it('may be taken by a canary then, is no evidence there, and goes back with its attempts', async () => {
    const stable = bench(teardown, { version: 'v1', retryDelayMs: 1_001, handle: fail })
    stable.publish(1)
    stable.stream()
    await stable.counts('failed', 1)
    await stable.intake.stop()
    const canary = bench(teardown, { version: 'v2', handle: fail, server: stable.server })
    canary.throttle({ permits: 1 })
    await canary.counts('handedBack', 1)
    expect(canary.processor.tally.counts).toMatchObject({ taken: 1, failed: 0, repeated: 1, repeatedFailures: 1 })
    const attempts: number[] = []
    const rescue = bench(teardown, {
      version: 'v1',
      handle: (_, { attempt }) => void attempts.push(attempt),
      server: stable.server,
    })
    rescue.stream()
    await rescue.counts('rescued', 1)
    expect(attempts).toEqual([2])
  })

  it.each([
    ['the delay is short', { retryDelayMs: 400, retryLater: 'noted' }],
    ['the broker cannot keep it', { retryDelayMs: 60_000, retryLater: 'none' }],
  ] as const)('waits in the worker where %s', async (_, options) => {
    const lab = bench(teardown, { version: 'v1', ...options, handle: fail })
    lab.publish(1)
    lab.stream()
    await eventually(() => lab.processor.waitingRetries === 1, { what: 'it waits here' })
    await lab.intake.close()
    expect(lab.depth()).toBe(1)
  })

  it('waits at a broker that counts the attempts also for a short delay, where a later one is long', async () => {
    const clock = manualClock()
    const options = { clock, version: 'v1', retryDelayMs: 400, retryLater: 'counted', handle: fail } as const
    const labs = [3, 5].map((maxAttempts) => bench(teardown, { ...options, maxAttempts }))
    for (const lab of labs) {
      lab.publish(1)
      lab.stream()
    }
    await clock.advance(0)
    expect(labs.map(({ processor }) => processor.tally.counts.failed)).toEqual([1, 1])
    expect(labs.map(({ processor }) => processor.waitingRetries)).toEqual([1, 0])
  })

  it('that has failed for the last time takes a note to the dead letters', async () => {
    const lab = bench(teardown, { version: 'v7', retryDelayMs: 1, maxAttempts: 2, handle: fail })
    lab.publish(1)
    lab.stream()
    await lab.counts('deadLettered', 1)
    await eventually(() => lab.depth(deadQueue) === 1, { what: 'the dead letter' })
    expect(lab.server.drain(deadQueue)[0]?.headers).toEqual({
      'x-queue-canary-attempts': 2,
      'x-queue-canary-version': 'v7',
      'x-queue-canary-reason': 'failed',
      'x-queue-canary-error': 'TypeError',
    })
    expect(lab.processor.tally.counts).toMatchObject({ taken: 1, deadLettered: 1 })
  })

  it.each([
    ['still waits in the worker', 1],
    ['waits there for a slot', 2],
  ])('takes its attempts along when a drain finds that it %s', async (_, slots) => {
    const { promise: forever } = Promise.withResolvers<void>()
    const one = bench(teardown, {
      version: 'v1',
      concurrency: slots,
      retryDelayMs: slots === 1 ? 900 : 0,
      handle: ({ id }) => (id === 'm-0' ? fail() : forever),
    })
    one.publish(1)
    if (slots > 1) one.publish(2, 'n')
    one.stream()
    await eventually(() => one.processor.waitingRetries + one.intake.waiting === 1, { what: 'it waits' })
    one.processor.drain()
    void one.intake.stop()
    await eventually(() => one.processor.waitingRetries + one.intake.waiting === 0, { what: 'it is gone' })
    const seen: number[] = []
    const two = bench(teardown, {
      version: 'v1',
      server: one.server,
      handle: (message, { attempt }) => void (message.id === 'm-0' && seen.push(attempt)),
    })
    two.stream()
    await eventually(() => seen.length > 0, { what: 'it comes again' })
    expect(seen).toEqual([2])
  })

  it('goes to the broker in a drain, whatever the delay', async () => {
    const release = Promise.withResolvers<void>()
    const lab = bench(teardown, {
      version: 'v1',
      retryDelayMs: 100,
      handle: async () => {
        await release.promise
        fail()
      },
    })
    lab.publish(1)
    lab.stream()
    await eventually(() => lab.processor.inFlight.running.size === 1, { what: 'it runs' })
    await lab.intake.stop()
    lab.processor.drain()
    release.resolve()
    await eventually(() => lab.processor.inFlight.held === 0, { what: 'it is settled' })
    expect(lab.processor.tally.counts.returned).toBe(0)
    await eventually(() => lab.depth(queue) === 1, { what: 'it is back' })
    await remains(() => lab.depth(queue) === 1, { what: 'one copy', forMs: 50 })
  })
})
