import { describe, expect, it } from 'vitest'
import { systemClock } from '../../src/worker/system-clock.ts'
import { eventually, remains } from '../support/eventually.ts'
import { manualClock } from '../support/manual-clock.ts'
import { useTeardown } from '../support/teardown.ts'
import { bench, deadQueue, handBackQueue } from './support/bench.ts'
import type { Bench } from './support/bench.ts'

const teardown = useTeardown()
const clock = systemClock()
const fail = (): never => {
  throw new Error('no')
}

/** Brings messages into the hand-back queue the way they come there. */
async function handOver(lab: Bench, count: number): Promise<void> {
  const canary = bench(teardown, { handle: fail, server: lab.server, version: 'v2' })
  lab.publish(count, 'failed')
  canary.throttle({ permits: count })
  await canary.counts('handedBack', count)
  await canary.intake.close()
}

describe('slots', () => {
  it('are all used and never exceeded, at a prefetch beyond them', async () => {
    const seen = { now: 0, most: 0 }
    const lab = bench(teardown, {
      concurrency: 4,
      prefetch: 12,
      handle: async () => {
        seen.most = Math.max(seen.most, ++seen.now)
        await clock.sleep(2)
        seen.now--
      },
    })
    lab.publish(100)
    lab.stream()
    await lab.counts('succeeded', 100)
    expect(seen.most).toBe(4)
    expect(lab.processor.tally.counts).toMatchObject({ taken: 100, repeated: 0, returned: 0 })
  })

  it('messages that wait for one over a link that is lost are not handled twice', async () => {
    const release = Promise.withResolvers<void>()
    const handled: string[] = []
    const lab = bench(teardown, {
      concurrency: 2,
      prefetch: 10,
      handle: async ({ id }) => {
        handled.push(id)
        await release.promise
      },
    })
    lab.publish(30)
    lab.stream()
    await eventually(() => lab.intake.waiting === 8, { what: 'eight waiting messages' })
    lab.server.cutLinks()
    await eventually(() => lab.intake.waiting >= 10, { what: 'the new link' })
    release.resolve()
    await eventually(() => lab.depth() === 0 && lab.processor.inFlight.held === 0, { what: 'the end' })
    expect(new Set(handled).size).toBe(30)
    expect(handled.length, 'only the two in flight at the cut come twice').toBe(32)
    expect(lab.processor.tally.counts.stale).toBe(2)
  })
})

describe('retries', () => {
  it('succeed in the end: one failure counted, the message acked, slots free meanwhile', async () => {
    const attempts = new Map<string, number>()
    const lab = bench(teardown, {
      concurrency: 1,
      prefetch: 10,
      retryDelayMs: 20,
      handle: ({ id }) => {
        attempts.set(id, (attempts.get(id) ?? 0) + 1)
        if (id === 'm-0' && attempts.get(id) !== 3) fail()
      },
    })
    lab.publish(6)
    lab.stream()
    await lab.counts('succeeded', 5)
    await eventually(() => attempts.get('m-0') === 3, { what: 'the third attempt' })
    await eventually(() => lab.processor.inFlight.held === 0, { what: 'rest' })
    expect(lab.processor.tally.counts).toMatchObject({
      taken: 6,
      succeeded: 5,
      failed: 1,
      deadLettered: 0,
      repeated: 0,
    })
    expect([lab.depth(), lab.depth(deadQueue)]).toEqual([0, 0])
  })

  it('wait longer each time, with jitter up to the whole delay', async () => {
    const time = manualClock()
    const starts: number[] = []
    const lab = bench(teardown, {
      clock: time,
      maxAttempts: 4,
      retryDelayMs: 1_000,
      handle: () => {
        starts.push(time.now())
        fail()
      },
    })
    lab.stream()
    lab.publish(1)
    await time.advance(10_000)
    expect(starts.length).toBe(4)
    for (const [index, longest] of [1_000, 2_000, 4_000].entries()) {
      const waited = (starts[index + 1] ?? 0) - (starts[index] ?? 0)
      expect(waited).toBeLessThanOrEqual(longest)
    }
    expect(lab.depth(deadQueue)).toBe(1)
  })

  it('a link that is lost meanwhile ends them: the message comes again by itself', async () => {
    let calls = 0
    const lab = bench(teardown, {
      retryDelayMs: 200,
      handle: ({ redelivered }) => {
        calls++
        if (!redelivered) fail()
      },
    })
    lab.publish(1)
    lab.stream()
    await lab.counts('failed', 1)
    lab.server.cutLinks()
    await lab.counts('repeated', 1)
    await remains(() => calls === 2, { what: 'no third call', forMs: 250 })
    expect(lab.processor.tally.counts).toMatchObject({ taken: 2, failed: 1, repeated: 1, stale: 0 })
    expect(lab.depth()).toBe(0)
  })
})

describe('what was handed back', () => {
  it('is taken first, and rescued', async () => {
    const order: string[] = []
    const lab = bench(teardown, {
      version: 'v1',
      concurrency: 1,
      handle: async ({ id }) => {
        order.push(id)
        await clock.sleep(1)
      },
    })
    await handOver(lab, 3)
    lab.publish(30, 'later')
    lab.stream()
    await lab.counts('rescued', 3)
    await lab.counts('succeeded', 30)
    // The next one arrives when the last one is settled, so that some of the queue's come in between.
    expect(order.slice(0, 8).filter((id) => id.startsWith('failed')).length).toBe(3)
    expect(lab.processor.tally.counts).toMatchObject({
      taken: 30,
      succeeded: 30,
      rescued: 3,
      failedOnBoth: 0,
      failed: 0,
    })
    expect(lab.depth(handBackQueue)).toBe(0)
  })

  it('and fails here too counts as failed on both, is retried, and ends at the dead letters of the queue itself', async () => {
    let attempts = 0
    const lab = bench(teardown, {
      version: 'v1',
      handle: () => {
        attempts++
        fail()
      },
    })
    await handOver(lab, 1)
    lab.stream()
    await eventually(() => lab.depth(deadQueue) === 1, { what: 'the dead letter' })
    expect(attempts).toBe(3)
    expect(lab.processor.tally.counts).toMatchObject({
      failedOnBoth: 1,
      rescued: 0,
      deadLettered: 1,
      failed: 0,
      taken: 0,
    })
    await remains(() => lab.depth() + lab.depth(handBackQueue) === 0, { what: 'it is nowhere else', forMs: 50 })
  })

  it('and fails here once only is both: failed on both, and rescued', async () => {
    const lab = bench(teardown, { version: 'v1', handle: (_, { attempt }) => void (attempt === 1 && fail()) })
    await handOver(lab, 1)
    lab.stream()
    await lab.counts('rescued', 1)
    expect(lab.processor.tally.counts).toMatchObject({ failedOnBoth: 1, rescued: 1, deadLettered: 0 })
  })

  it('and fails here counts as failed on both once, wherever it is tried again', async () => {
    const first = bench(teardown, { version: 'v1', handle: fail, retryDelayMs: 60_000, retryLater: 'none' })
    await handOver(first, 1)
    first.stream()
    await first.counts('failedOnBoth', 1)
    await first.intake.stop()
    first.processor.drain()
    const second = bench(teardown, { version: 'v1', handle: fail, maxAttempts: 1, server: first.server })
    second.stream()
    await second.counts('deadLettered', 1)
    expect(second.processor.tally.counts.failedOnBoth).toBe(0)
  })

  it('and was not failed, but given up by a drain, has no fate to count', async () => {
    const given = bench(teardown, { handle: () => new Promise(() => undefined), version: 'v2' })
    given.publish(1)
    given.throttle({ permits: 1 })
    await eventually(() => given.processor.inFlight.running.size === 1, { what: 'the handler' })
    for (const work of given.processor.inFlight.running) given.processor.abandon(work, false)
    await eventually(() => given.depth(handBackQueue) === 1, { what: 'the hand-back' })
    const lab = bench(teardown, { version: 'v1', handle: fail, maxAttempts: 1, server: given.server })
    lab.stream()
    await lab.counts('deadLettered', 1)
    expect(lab.processor.tally.counts.failedOnBoth).toBe(0)
  })

  it('is found when the queue for it appears with a rollout', async () => {
    const lab = bench(teardown, { version: 'v1', handle: () => undefined })
    lab.server.delete(handBackQueue)
    lab.stream()
    await eventually(() => lab.intake.link === 'consuming', { what: 'the link' })
    await handOver(lab, 1).catch(() => undefined)
    lab.intake.set({ kind: 'stream', rollout: 'r1', wayMs: undefined })
    await lab.counts('rescued', 1)
    expect(lab.depth(handBackQueue)).toBe(0)
  })
})

describe('a change of the lane', () => {
  it('from throttled to streaming and back loses nothing and handles nothing twice', async () => {
    const handled: string[] = []
    const lab = bench(teardown, {
      concurrency: 3,
      handle: async ({ id }) => {
        handled.push(id)
        await clock.sleep(1)
      },
    })
    lab.publish(120)
    for (let round = 0; round < 3; round++) {
      const before = handled.length
      lab.throttle({ concurrency: 2 })
      await eventually(() => handled.length > before + 5, { what: 'throttled work' })
      lab.stream()
      await eventually(() => handled.length > before + 15, { what: 'streamed work' })
    }
    await eventually(() => lab.depth() === 0 && lab.processor.inFlight.held === 0 && lab.intake.waiting === 0, {
      what: 'the end',
    })
    expect(new Set(handled).size).toBe(120)
    expect(handled.length).toBe(120)
    expect(lab.processor.tally.counts.stale).toBe(0)
  })

  it('keeps the role that a message began with', async () => {
    const release = Promise.withResolvers<void>()
    const lab = bench(teardown, {
      handle: async (_, { role }) => {
        await release.promise
        if (role === 'canary') fail()
      },
    })
    lab.publish(1)
    lab.throttle({ permits: 1 })
    await lab.counts('taken', 1)
    lab.stream()
    await eventually(() => lab.intake.slots === 10, { what: 'the other lane' })
    release.resolve()
    await lab.counts('handedBack', 1)
    await lab.counts('rescued', 1)
    expect(lab.processor.tally.counts).toMatchObject({ taken: 1, failed: 1, failedOnBoth: 0, deadLettered: 0 })
  })
})
