import { describe, expect, it } from 'vitest'
import type { BatchHandler, BatchMessage } from '../../src/contracts/handler.ts'
import { normaliseHandler } from '../../src/worker/define-handler.ts'
import { eventually, remains } from '../support/eventually.ts'
import { useTeardown } from '../support/teardown.ts'
import { bench, deadQueue, handBackQueue } from './support/bench.ts'
import type { Bench, BenchOptions } from './support/bench.ts'

const teardown = useTeardown()

interface Batches extends Bench {
  readonly batches: string[][]
}

function batching(
  answer: (messages: readonly BatchMessage[], batch: number) => unknown,
  { size = 5, lingerMs = 20, ...options }: Partial<BenchOptions> & { size?: number; lingerMs?: number } = {},
): Batches {
  const batches: string[][] = []
  const handler: BatchHandler = {
    batch: { size, lingerMs },
    handleBatch: (messages) => {
      batches.push(messages.map(({ id }) => id))
      return answer(messages, batches.length)
    },
  }
  return Object.assign(bench(teardown, { version: 'v1', ...options, handler }), { batches })
}

/** What a consumer is told at each look. */
async function untilReturned(lab: Batches, count: number, allocation: Parameters<Bench['throttle']>[0]): Promise<void> {
  const isReturned = (): boolean => {
    lab.throttle(allocation)
    return lab.processor.tally.counts.returned === count
  }
  await eventually(isReturned, { what: `${count} returned` })
}

const sizes = ({ batches }: Batches): number[] => batches.map(({ length }) => length)

describe('a handler of batches', () => {
  it('gets messages together, in their order, and each is counted by itself', async () => {
    const lab = batching(() => undefined)
    lab.publish(23)
    lab.stream()
    await lab.counts('succeeded', 23)
    expect(lab.batches.flat()).toEqual(Array.from({ length: 23 }, (_, n) => `m-${n}`))
    expect(sizes(lab)).toEqual([5, 5, 5, 5, 3])
    expect(lab.processor.tally.counts).toMatchObject({ taken: 23, succeeded: 23, failed: 0 })
  })

  it('fails only the messages that it names', async () => {
    const lab = batching((_, batch) =>
      batch === 1 ? { failures: [{ id: 'm-1', reason: new RangeError('no') }, { id: 'm-3' }] } : undefined,
    )
    lab.publish(5)
    lab.stream()
    await lab.counts('succeeded', 3)
    await eventually(() => lab.batches.flat().length === 7, { what: 'the two again' })
    expect(lab.processor.tally.counts).toMatchObject({ taken: 5, succeeded: 3, failed: 2, deadLettered: 0 })
    expect(lab.batches.slice(1).flat().toSorted()).toEqual(['m-1', 'm-3'])
    expect(lab.processor.errors.report).toEqual({ RangeError: 1, ReportedFailure: 1 })
  })

  it.each([
    ['throws', () => Promise.reject(new TypeError('no')), 'TypeError'],
    ['throws at once', () => fail(), 'TypeError'],
    [
      'names a message that is not in the batch',
      () => ({ failures: [{ id: 'm-1' }, { id: 'other' }] }),
      'BatchResultError',
    ],
    ['returns a failure without an id', () => ({ failures: [{ itemIdentifier: 'm-1' }] }), 'BatchResultError'],
    ['returns a failure that is none', () => ({ failures: [null] }), 'BatchResultError'],
    ['returns no list', () => ({ failures: 'm-1' }), 'BatchResultError'],
    ['returns something else', () => ({ batchItemFailures: [] }), 'BatchResultError'],
    ['returns null', () => null, 'BatchResultError'],
  ])('fails all of its messages when it %s', async (_, answer, errorClass) => {
    const lab = batching(answer, { maxAttempts: 1 })
    lab.publish(5)
    lab.stream()
    await lab.counts('deadLettered', 5)
    expect(lab.processor.tally.counts).toMatchObject({ taken: 5, failed: 5, succeeded: 0 })
    expect(lab.processor.errors.report).toEqual({ [errorClass]: 5 })
    await eventually(() => lab.depth(deadQueue) === 5, { what: 'the dead letters' })
  })

  it('waits for no more than the linger, and not at all when every slot is taken', async () => {
    const lab = batching(() => undefined, { size: 10, lingerMs: 60_000, concurrency: 4 })
    lab.publish(4)
    lab.stream()
    await lab.counts('succeeded', 4)
    lab.publish(3, 'n')
    await eventually(() => lab.processor.inFlight.running.size === 3, { what: 'three that wait' })
    await remains(() => lab.batches.length === 1, { what: 'they wait', forMs: 50 })
    lab.publish(1, 'o')
    await lab.counts('succeeded', 8)
    expect(sizes(lab)).toEqual([4, 4])
    const quick = batching(() => undefined, { lingerMs: 20 })
    quick.publish(2)
    quick.stream()
    await quick.counts('succeeded', 2)
    expect(sizes(quick)).toEqual([2])
  })

  it('gets batches of one with one permit, and the permits hold', async () => {
    const lab = batching(() => undefined, { version: 'v2', lingerMs: 60_000 })
    lab.publish(9)
    lab.throttle({ permits: 1, concurrency: 1 })
    await lab.counts('succeeded', 1)
    lab.throttle({ permits: 2, concurrency: 1 })
    await lab.counts('succeeded', 2)
    lab.throttle({ permits: 6, concurrency: 4 })
    await lab.counts('succeeded', 6)
    expect(sizes(lab)).toEqual([1, 1, 4])
    expect(lab.depth()).toBe(3)
  })

  it('that fails on a canary spends no more than the allowance', async () => {
    const lab = batching(() => fail(), { version: 'v2', size: 10 })
    lab.publish(50)
    lab.throttle({ concurrency: 10, failures: 7 })
    await eventually(() => lab.depth(handBackQueue) === 7, { what: 'seven handed back' })
    await remains(() => lab.processor.tally.counts.failed === 7, { what: 'no more fail', forMs: 100 })
    expect(lab.batches.flat()).toHaveLength(7)
  })

  it('has its time once the batch begins, and all of its messages time out together', async () => {
    const seen: AbortSignal[] = []
    const handler: BatchHandler = {
      batch: { size: 10, lingerMs: 80 },
      handleBatch: (_, { signal }) => {
        seen.push(signal)
        return new Promise((resolve) => signal.addEventListener('abort', () => resolve(undefined)))
      },
    }
    const lab = bench(teardown, { version: 'v1', handler, handlerTimeoutMs: 100, maxAttempts: 1 })
    lab.publish(3)
    const before = performance.now()
    lab.stream()
    await lab.counts('timedOut', 3)
    expect(performance.now() - before).toBeGreaterThanOrEqual(175)
    expect(seen.map(({ aborted }) => aborted)).toEqual([true])
    await lab.counts('late', 3)
    expect(lab.processor.inFlight.occupied).toBe(0)
  })

  it('is not kept waiting by a drain', async () => {
    const lab = batching(() => undefined, { lingerMs: 60_000 })
    lab.publish(2)
    lab.stream()
    await eventually(() => lab.processor.inFlight.running.size === 2, { what: 'two that wait' })
    await lab.intake.stop()
    lab.processor.drain()
    await lab.counts('succeeded', 2)
    expect(lab.depth()).toBe(0)
  })

  it('gets nothing that waited for others when its canary drains', async () => {
    const lab = batching(() => undefined, { version: 'v2', lingerMs: 60_000 })
    lab.publish(3)
    lab.throttle({ concurrency: 5 })
    await eventually(() => lab.processor.inFlight.running.size === 3, { what: 'three that wait' })
    lab.processor.drain()
    await lab.intake.stop()
    await lab.counts('returned', 3)
    expect([lab.batches, lab.depth(), lab.processor.inFlight.held]).toEqual([[], 3, 0])
  })

  it('gets nothing that waited for others while its canary has no allocation, or an old one', async () => {
    const lab = batching(() => undefined, { version: 'v2', lingerMs: 60_000 })
    lab.publish(2)
    lab.throttle({ concurrency: 5 })
    await eventually(() => lab.processor.inFlight.running.size === 2, { what: 'two that wait' })
    await untilReturned(lab, 2, undefined)
    lab.throttle({ concurrency: 5 })
    await eventually(() => lab.processor.inFlight.running.size === 2, { what: 'the two again' })
    lab.fresh = false
    await untilReturned(lab, 4, { concurrency: 5 })
    expect([lab.batches, lab.depth()]).toEqual([[], 2])
  })

  it('keeps what waited for others while its canary is without an allocation for a moment', async () => {
    const lab = batching(() => undefined, { version: 'v2', size: 3, lingerMs: 60_000 })
    lab.publish(2)
    lab.throttle({ concurrency: 5 })
    await eventually(() => lab.processor.inFlight.running.size === 2, { what: 'two that wait' })
    for (let look = 0; look < 5; look++) lab.throttle(undefined)
    lab.throttle({ concurrency: 5 })
    lab.publish(1)
    await lab.counts('succeeded', 3)
    expect([sizes(lab), lab.processor.tally.counts]).toMatchObject([[3], { returned: 0, taken: 3 }])
  })

  it('gets as many of those that waited as its canary still has slots for', async () => {
    const lab = batching(() => undefined, { version: 'v2', size: 10, lingerMs: 60_000 })
    lab.publish(6)
    lab.throttle({ concurrency: 10 })
    await eventually(() => lab.processor.inFlight.running.size === 6, { what: 'six that wait' })
    // As at each look of a consumer: one that falls together with the change of the subscription begins nothing.
    const isBegun = (): boolean => {
      lab.throttle({ concurrency: 2 })
      return lab.batches.length > 0
    }
    await eventually(isBegun, { what: 'a batch' })
    expect(sizes(lab)[0]).toBe(2)
  })

  it('gets nothing after the fuse of its canary has blown', async () => {
    const lab = batching(() => fail(), { version: 'v2', size: 6, lingerMs: 100, concurrency: 20 })
    lab.processor.cohorts.turnTo({ current: 1, closed: 0 })
    lab.publish(9)
    lab.throttle({ concurrency: 20, fuse: { limit: 0.01, needed: 20 } })
    await lab.counts('returned', 3)
    expect(sizes(lab)).toEqual([6])
  })

  it('is given up to the stable version when it has waited on a canary in vain too often', async () => {
    const lab = batching(() => undefined, { version: 'v2', lingerMs: 30 })
    lab.publish(1)
    for (let wait = 0; lab.depth(handBackQueue) === 0; wait++) {
      expect(wait).toBeLessThan(15)
      lab.throttle({ concurrency: 5 })
      await eventually(() => lab.processor.inFlight.running.size === 1, { what: 'it waits' })
      lab.throttle(undefined)
      await eventually(() => lab.depth() + lab.depth(handBackQueue) === 1, { what: 'it is back' })
    }
    expect([lab.batches, lab.processor.tally.counts.returned]).toEqual([[], 11])
  })

  it('gets nothing that was lost while it waited for others', async () => {
    const lab = batching(() => undefined, { lingerMs: 100 })
    lab.publish(2)
    lab.stream()
    await eventually(() => lab.processor.inFlight.running.size === 2, { what: 'two that wait' })
    lab.server.cutLinks()
    await lab.counts('repeated', 2)
    expect(lab.batches.flat().toSorted()).toEqual(['m-0', 'm-1'])
  })

  it('tells of each message which attempt it is, and shares the time among them', async () => {
    const attempts: (readonly [string, number])[] = []
    const lab = batching(async (messages, batch) => {
      attempts.push(...messages.map(({ id, attempt }) => [id, attempt] as const))
      if (batch === 1) return { failures: [{ id: 'm-0' }] }
      return new Promise((resolve) => setTimeout(resolve, 60))
    })
    lab.publish(1)
    lab.stream()
    await eventually(() => attempts.length === 2, { what: 'the second attempt' })
    expect(attempts).toEqual([
      ['m-0', 1],
      ['m-0', 2],
    ])
    const shared = batching(() => new Promise((resolve) => setTimeout(resolve, 400)), { size: 10, lingerMs: 0 })
    shared.publish(10)
    shared.stream()
    await shared.counts('succeeded', 10)
    expect(sizes(shared)).toEqual([10])
    const median = Object.keys(shared.processor.tally.durations).map(Number)
    const alone = batching(() => new Promise((resolve) => setTimeout(resolve, 400)), { size: 10, lingerMs: 0 })
    alone.publish(1)
    alone.stream()
    await alone.counts('succeeded', 1)
    expect(Math.max(...median)).toBeLessThan(Math.min(...Object.keys(alone.processor.tally.durations).map(Number)))
  })
})

describe('the definition of a handler of batches', () => {
  const handleBatch = (): void => undefined

  it('is kept', () => {
    expect(normaliseHandler({ handleBatch, batch: { size: 3 } })).toMatchObject({ batch: { size: 3 } })
    expect(normaliseHandler({ handleBatch }).handleBatch).toBeTypeOf('function')
  })

  it.each([
    ['both handlers', { handleBatch, handle: handleBatch }, '`handle` or `handleBatch`, not both'],
    ['a batch without its handler', { handle: handleBatch, batch: { size: 3 } }, 'no `batch` without `handleBatch`'],
    ['no function', { handleBatch: 3 }, '`handleBatch` to be a function'],
    [
      'a size of 0',
      { handleBatch, batch: { size: 0 } },
      'batch.size: expected a whole number from 1 to 10000, found 0',
    ],
    ['half a message', { handleBatch, batch: { size: 1.5 } }, 'batch.size'],
    ['a linger that is text', { handleBatch, batch: { lingerMs: '50ms' } }, 'batch.lingerMs'],
    ['a linger of hours', { handleBatch, batch: { lingerMs: 3_600_000 } }, 'batch.lingerMs'],
    ['a batch that is none', { handleBatch, batch: 10 }, '`batch` to be an object'],
  ])('refuses %s', (_, exported, message) => {
    expect(() => normaliseHandler(exported)).toThrow(message)
    expect(() => normaliseHandler(exported)).toThrow(expect.objectContaining({ code: 'HANDLER_INVALID' }))
  })
})

function fail(): never {
  throw new TypeError('no')
}
