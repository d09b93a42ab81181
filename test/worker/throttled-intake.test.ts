import { describe, expect, it } from 'vitest'
import { memoryServer } from '../../adapters/brokers/memory/memory-server.ts'
import { systemClock } from '../../src/worker/system-clock.ts'
import { eventually, remains } from '../support/eventually.ts'
import { useTeardown } from '../support/teardown.ts'
import { bench, handBackQueue } from './support/bench.ts'
import type { Bench, BenchOptions } from './support/bench.ts'

const teardown = useTeardown()
const clock = systemClock()
const fail = (): never => {
  throw new Error('no')
}

function busy(ms: number) {
  const seen = { now: 0, most: 0, started: 0 }
  const handle = async (): Promise<void> => {
    seen.started++
    seen.most = Math.max(seen.most, ++seen.now)
    await clock.sleep(ms)
    seen.now--
  }
  return { seen, handle }
}

function rest(lab: Bench, what: string): Promise<void> {
  const { taken } = lab.processor.tally.counts
  return remains(() => lab.processor.tally.counts.taken === taken, { what, forMs: 60 })
}

describe('permits', () => {
  it('none: linked, takes nothing', async () => {
    const lab = bench(teardown, { handle: () => undefined })
    lab.publish(5)
    lab.throttle(undefined)
    await eventually(() => lab.intake.link === 'idle', { what: 'the link' })
    await rest(lab, 'nothing is taken')
    expect(lab.processor.tally.counts.taken).toBe(0)
  })

  it.each([1, 3, 10])('are cumulative and never exceeded, with concurrency %i', async (concurrency) => {
    const { seen, handle } = busy(1)
    const lab = bench(teardown, { handle })
    lab.publish(60)
    for (const permits of [7, 7, 20, 12, 31]) {
      lab.throttle({ concurrency, permits })
      await lab.counts('succeeded', Math.min(permits, lab.processor.tally.counts.taken))
    }
    await lab.counts('succeeded', 31)
    await rest(lab, 'no 32nd message')
    expect(lab.processor.tally.counts.taken).toBe(31)
    expect(seen.most).toBeLessThanOrEqual(concurrency)
    expect(lab.depth()).toBe(29)
  })

  it('that were taken back are not used', async () => {
    const lab = bench(teardown, { handle: () => undefined })
    lab.throttle({ permits: 100 })
    await eventually(() => lab.intake.link === 'consuming', { what: 'the link' })
    lab.throttle(undefined)
    lab.publish(5)
    await rest(lab, 'nothing is taken')
    expect(lab.processor.tally.counts).toMatchObject({ taken: 0, returned: 0 })
    lab.throttle({ permits: 2 })
    await lab.counts('succeeded', 2)
    await rest(lab, 'no third message')
    expect(lab.processor.tally.counts.taken).toBe(2)
  })

  it('count over a life: a lane that streamed before takes no more than it is due', async () => {
    const lab = bench(teardown, { handle: () => undefined })
    lab.stream()
    lab.publish(50)
    await lab.counts('succeeded', 50)
    lab.throttle({ permits: 53 })
    lab.publish(10)
    await lab.counts('succeeded', 53)
    await rest(lab, 'no 54th message')
    expect(lab.depth()).toBe(7)
  })
})

describe('concurrency', () => {
  it('holds while it changes, whatever is in flight', async () => {
    const { seen, handle } = busy(15)
    const lab = bench(teardown, { handle })
    lab.publish(200)
    for (const concurrency of [4, 1, 3, 2, 5]) {
      lab.throttle({ concurrency })
      const already = seen.now
      seen.most = 0
      const before = seen.started
      await eventually(() => seen.started >= before + 8, { what: 'eight more starts' })
      expect(seen.most).toBeLessThanOrEqual(Math.max(concurrency, already))
    }
  })

  it('holds when the link is lost and its messages come again', async () => {
    const { seen, handle } = busy(10)
    const lab = bench(teardown, { handle })
    lab.publish(100)
    lab.throttle({ concurrency: 4 })
    for (let cut = 0; cut < 10; cut++) {
      const before = seen.started
      await eventually(() => seen.started > before + 2, { what: 'more starts' })
      lab.server.cutLinks()
    }
    await eventually(() => lab.depth() === 0 && seen.now === 0, { what: 'the end of the queue' })
    expect(seen.most).toBeLessThanOrEqual(4)
    expect(lab.processor.tally.counts.stale).toBeGreaterThan(0)
  })
})

describe('the local fuse', () => {
  const cases = [
    { failures: 1, concurrency: 1 },
    { failures: 3, concurrency: 10 },
    { failures: 5, concurrency: 2 },
    { failures: 25, concurrency: 50 },
  ]
  const handlers: readonly (readonly [string, BenchOptions['handle']])[] = [
    ['at once', fail],
    [
      'after a while',
      async () => {
        await clock.sleep(3)
        fail()
      },
    ],
    ['by never ending', () => new Promise(() => undefined)],
  ]
  const table = handlers.flatMap(([how, handle]) => cases.map((limits) => ({ how, handle, ...limits })))

  it.each(table)(
    'lets no more than $failures fail $how at concurrency $concurrency',
    async ({ handle, failures, concurrency }) => {
      const lab = bench(teardown, { handle, handlerTimeoutMs: 30 })
      lab.publish(200)
      lab.throttle({ concurrency, failures })
      const due = Math.min(failures, handle === handlers[2]?.[1] ? concurrency : failures)
      await eventually(() => lab.processor.tally.spentFailures >= due, { what: `${due} failures` })
      await rest(lab, 'it stops')
      expect(lab.processor.tally.spentFailures).toBe(due)
      expect(lab.depth()).toBe(200 - due)
    },
  )

  it('blows when what nobody has judged yet is far too bad, and holds again when it was judged', async () => {
    const lab = bench(teardown, { handle: fail })
    lab.processor.cohorts.turnTo({ current: 1, closed: 0 })
    lab.publish(200)
    const allocation = { concurrency: 1, fuse: { limit: 0.02, needed: 100 } }
    lab.throttle(allocation)
    await lab.counts('failed', 2)
    await rest(lab, 'it stops')
    const { failed } = lab.processor.tally.counts
    expect(failed).toBeLessThanOrEqual(3)
    lab.processor.cohorts.turnTo({ current: 2, closed: 1 })
    lab.throttle(allocation)
    await lab.counts('failed', failed + 2)
    await rest(lab, 'it stops again')
    expect(lab.depth()).toBe(200 - lab.processor.tally.counts.failed)
  })

  it('does not hinder one that succeeds', async () => {
    const lab = bench(teardown, { handle: () => undefined })
    lab.publish(100)
    lab.throttle({ concurrency: 4, failures: 1 })
    await lab.counts('succeeded', 100)
    expect(lab.depth()).toBe(0)
  })

  it('counts failures of redelivered messages, which are no evidence', async () => {
    const server = memoryServer({ clock })
    const lab = bench(teardown, { handle: fail, server })
    lab.publish(20)
    const other = server.broker({ queue: 'orders' })
    const seen = { count: 0 }
    const subscription = await other.subscribe(
      { source: 'queue', precedence: 'ahead', maxUnsettled: 20, permits: 20 },
      { onDelivery: () => void seen.count++, onLink: () => undefined },
    )
    await eventually(() => seen.count === 20, { what: 'the other to take all' })
    await subscription.close()
    lab.throttle({ concurrency: 3, failures: 4 })
    await lab.counts('repeated', 4)
    await rest(lab, 'it stops')
    expect(lab.processor.tally.counts).toMatchObject({ repeated: 4, failed: 0, taken: 4 })
  })
})

describe('an old allocation', () => {
  it('starts nothing: what arrives is returned once, and the subscription is replaced', async () => {
    const lab = bench(teardown, { handle: () => undefined })
    lab.throttle({ permits: 100, concurrency: 2 })
    await eventually(() => lab.intake.link === 'consuming', { what: 'the link' })
    lab.fresh = false
    lab.publish(10)
    await lab.counts('returned', 1)
    await rest(lab, 'nothing more arrives')
    expect(lab.processor.tally.counts).toMatchObject({ succeeded: 0, failed: 0 })
    expect(lab.processor.tally.counts.returned).toBeLessThanOrEqual(2)
    expect(lab.depth()).toBe(10)
    lab.fresh = true
    lab.throttle({ permits: 100, concurrency: 2 })
    await eventually(() => lab.depth() === 0, { what: 'the rest to be handled' })
  })

  it('is noticed right before the start, also where pacing took a while', async () => {
    const lab = bench(teardown, { handle: () => undefined })
    lab.throttle({ permits: 100, concurrency: 1, delayMs: 20 })
    lab.publish(3)
    await eventually(() => lab.intake.waiting === 1, { what: 'a message in the throttle' })
    lab.fresh = false
    await lab.counts('returned', 1)
    expect(lab.processor.tally.counts.succeeded).toBe(0)
  })
})

describe('delay', () => {
  it('is kept between two starts on a slot', async () => {
    const starts: number[] = []
    const lab = bench(teardown, { handle: () => void starts.push(clock.now()) })
    lab.publish(30)
    lab.throttle({ concurrency: 1, delayMs: 25 })
    await lab.counts('succeeded', 12)
    const gaps = starts.slice(1).map((start, index) => start - (starts[index] ?? 0))
    // Bottleneck reads the wall clock in whole milliseconds.
    expect(Math.min(...gaps)).toBeGreaterThanOrEqual(24)
  })

  it('holds per slot, and across a change of the allocation', async () => {
    const starts: number[] = []
    const lab = bench(teardown, { handle: () => void starts.push(clock.now()) })
    lab.publish(100)
    lab.throttle({ concurrency: 3, delayMs: 40 })
    await lab.counts('succeeded', 9)
    await eventually(() => lab.intake.waiting === 0, { what: 'nothing about to start' })
    lab.throttle({ concurrency: 2, delayMs: 40 })
    await lab.counts('succeeded', 15)
    for (const start of starts) {
      const within = starts.filter((other) => other >= start && other < start + 38)
      expect(within.length).toBeLessThanOrEqual(3)
    }
  })
})

describe('without a hand-back queue', () => {
  it('what the canary failed is returned, and another gets it', async () => {
    const server = memoryServer({ clock })
    const canary = bench(teardown, { handle: fail, handBack: false, server })
    const stable = bench(teardown, { handle: () => undefined, handBack: false, server, version: 'v1' })
    canary.throttle({ concurrency: 2, failures: 6 })
    await eventually(() => canary.intake.link === 'consuming', { what: 'the canary' })
    stable.stream()
    for (let sent = 0; sent < 40; sent++) {
      server.publish('orders', { id: `m-${sent}`, body: Buffer.from('x') })
      await clock.sleep(20)
    }
    await eventually(() => canary.depth() === 0, { what: 'an empty queue' })
    await eventually(() => stable.processor.inFlight.held === 0, { what: 'rest' })
    const { failed, handedBack, taken } = canary.processor.tally.counts
    expect(failed).toBeGreaterThanOrEqual(2)
    expect({ handedBack, taken }).toEqual({ handedBack: 0, taken: failed })
    expect(stable.processor.tally.counts.succeeded + stable.processor.tally.counts.repeated).toBe(40)
  })

  it('alone on the queue it does not handle again what it failed', async () => {
    let handled = 0
    const lab = bench(teardown, {
      handBack: false,
      handle: () => {
        handled++
        fail()
      },
    })
    lab.publish(1)
    lab.throttle({ concurrency: 1 })
    await lab.counts('returned', 1)
    expect(handled).toBe(1)
    expect(lab.processor.tally.counts).toMatchObject({ taken: 1, failed: 1, handedBack: 0 })
  })
})

describe('hand-back that does not work', () => {
  it('is tried again, and the message is not settled before', async () => {
    const lab = bench(teardown, { handle: fail })
    lab.server.delete(handBackQueue)
    lab.publish(1)
    lab.throttle({ concurrency: 1 })
    await eventually(() => lab.log.text.includes('HAND_BACK_FAILED'), { what: 'the failed hand-back' })
    expect(lab.processor.tally.counts).toMatchObject({ failed: 1, handedBack: 0 })
    expect(lab.depth()).toBe(0)
    await lab.broker.prepareHandBack()
    await lab.counts('handedBack', 1)
    expect(lab.depth(handBackQueue)).toBe(1)
  })
})
