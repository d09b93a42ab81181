import { describe, expect, it } from 'vitest'
import { memoryServer } from '../../adapters/brokers/memory/memory-server.ts'
import { Deadline } from '../../src/worker/deadline.ts'
import { drain } from '../../src/worker/drain.ts'
import { systemClock } from '../../src/worker/system-clock.ts'
import { eventually } from '../support/eventually.ts'
import { useTeardown } from '../support/teardown.ts'
import { bench, deadQueue, handBackQueue } from './support/bench.ts'
import type { Bench } from './support/bench.ts'

const teardown = useTeardown()
const clock = systemClock()

function end(lab: Bench, ms: number) {
  const deadline = new Deadline(clock, ms)
  return { deadline, report: drain({ ...lab, clock, deadline }) }
}

describe('a drain', () => {
  it('lets what has begun end, and returns the rest', async () => {
    const release = Promise.withResolvers<void>()
    const lab = bench(teardown, { concurrency: 3, prefetch: 8, handle: () => release.promise })
    lab.publish(20)
    lab.stream()
    await eventually(() => lab.intake.waiting === 5, { what: 'a full prefetch' })
    const { report } = end(lab, 5_000)
    await eventually(() => lab.depth() === 17, { what: 'the rest to be returned' })
    release.resolve()
    expect(await report).toMatchObject({ finished: 3, returned: 5, abandoned: 0, onTime: true })
    expect(lab.depth()).toBe(17)
    expect(lab.processor.tally.counts).toMatchObject({ taken: 3, succeeded: 3, returned: 5 })
  })

  it('without anything to do ends at once', async () => {
    const lab = bench(teardown, { handle: () => undefined })
    lab.stream()
    expect(await end(lab, 5_000).report).toMatchObject({ finished: 0, returned: 0, abandoned: 0, onTime: true })
  })

  it('aborts what does not end in time; one that listens ends by itself', async () => {
    const lab = bench(teardown, {
      handle: (_, { signal }) => new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve())),
    })
    lab.publish(2)
    lab.stream()
    await lab.counts('taken', 2)
    const report = await end(lab, 400).report
    expect(report).toMatchObject({ finished: 2, abandoned: 0, onTime: true })
    expect(report.durationMs).toBeLessThan(400)
  })

  it('gives up what never ends: stable messages go back to the queue', async () => {
    const lab = bench(teardown, { handle: () => new Promise(() => undefined) })
    lab.publish(2)
    lab.stream()
    await lab.counts('taken', 2)
    const report = await end(lab, 300).report
    expect(report).toMatchObject({ finished: 0, returned: 0, abandoned: 2, onTime: false })
    expect(report.durationMs).toBeLessThan(1_000)
    expect(lab.depth()).toBe(2)
  })

  it('gives up what never ends: canary messages are handed back', async () => {
    const lab = bench(teardown, { handle: () => new Promise(() => undefined) })
    lab.publish(2)
    lab.throttle({ permits: 2 })
    await lab.counts('taken', 2)
    expect(await end(lab, 300).report).toMatchObject({ abandoned: 2, onTime: false })
    expect([lab.depth(), lab.depth(handBackQueue)]).toEqual([0, 2])
    expect(lab.processor.tally.counts).toMatchObject({ failed: 0, timedOut: 0 })
  })

  it('hands back what the canary fails meanwhile', async () => {
    const lab = bench(teardown, {
      handle: async () => {
        await clock.sleep(50)
        throw new Error('no')
      },
    })
    lab.publish(3)
    lab.throttle({ permits: 3 })
    await lab.counts('taken', 3)
    expect(await end(lab, 2_000).report).toMatchObject({ finished: 3, abandoned: 0, onTime: true })
    expect(lab.depth(handBackQueue)).toBe(3)
  })

  it('returns what waits for a retry, and what fails meanwhile', async () => {
    const lab = bench(teardown, {
      retryDelayMs: 60_000,
      retryLater: 'none',
      handle: async ({ id }) => {
        if (id === 'slow-0') await clock.sleep(60)
        throw new Error('no')
      },
    })
    lab.publish(2)
    lab.publish(1, 'slow')
    lab.stream()
    await eventually(() => lab.processor.waitingRetries === 2, { what: 'two waiting retries' })
    expect(await end(lab, 2_000).report).toMatchObject({ finished: 1, returned: 3, onTime: true })
    expect([lab.depth(), lab.depth(deadQueue)]).toEqual([3, 0])
  })

  it.each([
    ['of a batch on a canary', { handler: { handleBatch: () => undefined, batch: { size: 9, lingerMs: 60_000 } } }],
    ['for their retry', { handle: () => Promise.reject(new Error('no')), retryLater: 'none', retryDelayMs: 60_000 }],
  ] as const)(
    'returns messages that wait for others %s once, to a broker that is quicker than any',
    async (_, some) => {
      const server = memoryServer({ clock, schedule: queueMicrotask })
      const lab = bench(teardown, { server, ...some })
      lab.publish(2)
      if ('handler' in some) lab.throttle({ concurrency: 5 })
      else lab.stream()
      const { processor } = lab
      await eventually(() => processor.waitingRetries + processor.inFlight.running.size === 2, {
        what: 'two that wait',
      })
      await end(lab, 2_000).report
      const deliveries: number[] = []
      await lab.broker.subscribe(
        { source: 'queue', precedence: 'normal', maxUnsettled: 2, permits: 2 },
        { onDelivery: ({ message }) => void deliveries.push(message.deliveryCount), onLink: () => undefined },
      )
      await eventually(() => deliveries.length === 2, { what: 'both again' })
      expect(deliveries).toEqual([1, 1])
    },
  )

  it('handles what was returned so often that returning may be its end', async () => {
    const release = Promise.withResolvers<void>()
    const handled: string[] = []
    const lab = bench(teardown, {
      concurrency: 1,
      prefetch: 3,
      handle: async ({ id }) => {
        handled.push(id)
        await release.promise
      },
    })
    const worn = await lab.broker.subscribe(
      { source: 'queue', precedence: 'normal', maxUnsettled: 1, permits: 10 },
      { onDelivery: (delivery) => void delivery.requeue(), onLink: () => undefined },
    )
    lab.publish(1, 'worn')
    await eventually(() => lab.depth() === 1, { what: 'ten returns' })
    await worn.close()
    await lab.broker.subscribe(
      { source: 'queue', precedence: 'normal', maxUnsettled: 1, permits: 0 },
      { onDelivery: () => undefined, onLink: () => undefined },
    )
    lab.server.publish('orders', { id: 'fresh', body: Buffer.from('x') })
    lab.server.publish('orders', { id: 'fresh', body: Buffer.from('x') })
    lab.stream()
    await eventually(() => lab.processor.inFlight.occupied === 1 && lab.intake.waiting === 2, {
      what: 'a full prefetch',
    })
    const { report } = end(lab, 3_000)
    await eventually(() => lab.depth() > 0, { what: 'returns' })
    release.resolve()
    const { returned, finished } = await report
    expect(handled).toContain('worn-0')
    expect({ returned, finished }).toEqual({ returned: 2, finished: 1 })
  })

  it('made shorter meanwhile returns everything at once', async () => {
    const aborted: string[] = []
    const lab = bench(teardown, {
      handle: ({ id }, { signal }) => {
        signal.addEventListener('abort', () => aborted.push(id))
        return new Promise(() => undefined)
      },
    })
    lab.publish(4)
    lab.stream()
    await lab.counts('taken', 4)
    const { deadline, report } = end(lab, 60_000)
    await clock.sleep(20)
    deadline.shorten(0)
    const { abandoned, durationMs } = await report
    expect(abandoned).toBe(4)
    expect(durationMs).toBeLessThan(1_000)
    expect(aborted.length).toBe(4)
    expect(lab.depth()).toBe(4)
  })

  it('ends in time when the broker is gone', async () => {
    const lab = bench(teardown, { handle: () => new Promise(() => undefined) })
    lab.publish(2)
    lab.throttle({ permits: 2 })
    await lab.counts('taken', 2)
    lab.server.setReachable(false)
    const report = await end(lab, 300).report
    expect(report.durationMs).toBeLessThan(2_500)
  })

  it('ends in time when the broker answers nothing', async () => {
    const lab = bench(teardown, { handle: () => new Promise(() => undefined) })
    lab.publish(2)
    const subscribe = lab.broker.subscribe.bind(lab.broker)
    const never = () => new Promise<never>(() => undefined)
    lab.broker.subscribe = async (request, sink) => ({
      ...(await subscribe(request, sink)),
      permit: () => undefined,
      stop: never,
      close: never,
    })
    lab.stream()
    await lab.counts('taken', 2)
    const report = await end(lab, 300).report
    expect(report.durationMs).toBeLessThan(2_800)
    expect(report).toMatchObject({ abandoned: 2, onTime: false })
  })
})

describe('a deadline', () => {
  it('says whether something settled before it, either way', async () => {
    const deadline = new Deadline(clock, 60)
    expect(await deadline.outlasts(Promise.resolve())).toBe(true)
    expect(await deadline.outlasts(Promise.reject(new Error('x')))).toBe(true)
    expect(await deadline.outlasts(clock.sleep(10))).toBe(true)
    expect(await deadline.outlasts(new Promise(() => undefined), 30)).toBe(false)
    expect(deadline.isOver).toBe(false)
    expect(await deadline.outlasts(new Promise(() => undefined))).toBe(false)
    expect(deadline.isOver).toBe(true)
  })

  it('can only come nearer', async () => {
    const deadline = new Deadline(clock, 10_000)
    const waiting = deadline.outlasts(new Promise(() => undefined))
    deadline.shorten(20_000)
    expect(deadline.remainingMs).toBeLessThan(10_001)
    deadline.shorten(10)
    expect(await waiting).toBe(false)
  })
})
