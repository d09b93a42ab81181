import { describe, expect, it } from 'vitest'
import { eventually, remains } from '../support/eventually.ts'
import { manualClock } from '../support/manual-clock.ts'
import { useTeardown } from '../support/teardown.ts'
import type { RetryNote } from '../../src/contracts/broker.ts'
import { WaitBook } from '../../src/worker/wait-book.ts'
import { Work } from '../../src/worker/work.ts'
import { bench, deadQueue, handBackQueue } from './support/bench.ts'
import type { Bench } from './support/bench.ts'

const teardown = useTeardown()
const old = { header: 'schema', range: '<2' }
const next = { header: 'schema', range: '>=2' }

function publish(lab: Bench, schema: number, count = 1): void {
  for (let n = 0; n < count; n++)
    lab.server.publish('orders', { id: `s${schema}-${n}`, body: Buffer.from('{}'), headers: { schema } })
}

describe('a message that a canary does not accept', () => {
  it('goes to the version in charge: taken, but no failure and no evidence', async () => {
    const canary = bench(teardown, { version: 'v2', accepts: next, handle: () => undefined })
    publish(canary, 1, 3)
    canary.throttle({ permits: 3 })
    await eventually(() => canary.depth(handBackQueue) === 3, { what: 'three handed back' })
    expect(canary.processor.tally.counts).toMatchObject({
      taken: 3,
      handedBack: 0,
      failed: 0,
      repeated: 0,
      returned: 0,
    })
    expect(canary.processor.unaccepted.report).toEqual({ ...next, unaccepted: 3, waiting: 0 })
    const handled: string[] = []
    const stable = bench(teardown, {
      version: 'v1',
      accepts: old,
      server: canary.server,
      handle: ({ id }) => void handled.push(id),
    })
    stable.stream()
    await eventually(() => handled.length === 3, { what: 'three handled' })
    expect(stable.processor.tally.counts).toMatchObject({ rescued: 0, failedOnBoth: 0, taken: 0 })
  })

  it('goes back to the queue where there is no hand-back, and the canary stands aside', async () => {
    const canary = bench(teardown, { version: 'v2', accepts: next, handBack: false, handle: () => undefined })
    publish(canary, 1)
    canary.throttle({ permits: 10 })
    await eventually(() => canary.processor.unaccepted.report?.unaccepted === 1, { what: 'it was put off' })
    const handled: string[] = []
    const stable = bench(teardown, { version: 'v1', server: canary.server, handle: ({ id }) => void handled.push(id) })
    stable.stream()
    await eventually(() => handled.length === 1, { what: 'it is handled' })
    expect(canary.processor.tally.counts).toMatchObject({ taken: 1, returned: 1, handedBack: 0 })
  })
})

describe('a message that the version in charge does not accept', () => {
  it('waits, longer each time, holds up nobody, and is seen', async () => {
    const clock = manualClock()
    const handled: string[] = []
    const options = { clock, concurrency: 1, prefetch: 1 }
    const lab = bench(teardown, { ...options, version: 'v1', accepts: old, handle: ({ id }) => void handled.push(id) })
    publish(lab, 3, 5)
    publish(lab, 1, 5)
    lab.stream()
    for (let ms = 0; ms < 100; ms++) await clock.advance(1)
    expect(handled).toHaveLength(5)
    expect(lab.processor.unaccepted.report).toMatchObject({ unaccepted: 5, waiting: 5 })
    expect([lab.processor.waitingRetries, lab.depth()]).toEqual([0, 0])
    await clock.advance(3_600_000)
    const { unaccepted = Infinity, waiting } = lab.processor.unaccepted.report ?? {}
    expect(waiting).toBe(5)
    expect(unaccepted).toBeLessThanOrEqual(5 * (7 + 3_600 / 64 + 1))
    expect(lab.depth(deadQueue)).toBe(0)
    const later = bench(teardown, {
      ...options,
      version: 'v2',
      server: lab.server,
      handle: ({ id }) => void handled.push(id),
    })
    await lab.intake.close()
    later.stream()
    await clock.advance(64_000)
    expect(handled).toHaveLength(10)
  })

  it('is handled by a canary that accepts it, as no first attempt', async () => {
    const clock = manualClock()
    const handled: string[] = []
    const stable = bench(teardown, { clock, version: 'v1', accepts: old, handle: () => undefined })
    publish(stable, 3)
    stable.stream()
    await clock.advance(10)
    const canary = bench(teardown, {
      clock,
      version: 'v2',
      accepts: next,
      server: stable.server,
      handle: ({ id }, { attempt }) => void handled.push(`${id} ${attempt}`),
    })
    canary.throttle({ permits: 1 })
    await clock.advance(70_000)
    expect(handled).toEqual(['s3-0 1'])
    expect(canary.processor.tally.counts).toMatchObject({ taken: 1, repeated: 1, succeeded: 0 })
    expect(stable.processor.unaccepted.report?.waiting).toBe(0)
  })

  it('and that fails on the canary each time is dead-lettered after its attempts', async () => {
    const clock = manualClock()
    let attempts = 0
    const fail = (): never => {
      attempts++
      throw new Error('no')
    }
    const stable = bench(teardown, { clock, version: 'v1', accepts: old, maxAttempts: 3, handle: () => undefined })
    const canary = bench(teardown, { clock, version: 'v2', handle: fail, server: stable.server })
    publish(stable, 3)
    stable.stream()
    canary.throttle({ permits: 100 })
    await clock.advance(600_000)
    expect(attempts).toBe(3)
    expect(stable.server.drain(deadQueue)[0]?.headers).toMatchObject({
      'x-queue-canary-attempts': 3,
      'x-queue-canary-version': 'v2',
      'x-queue-canary-reason': 'failed',
    })
  })

  it.each([
    ['no rollout runs', false, Infinity, true],
    ['a canary is on trial', true, Infinity, false],
    ['a canary is on trial that would not take it', true, 3, true],
  ] as const)("is nobody else's meanwhile where %s", async (_, isReleasing, returnsLeft, keep) => {
    const notes: unknown[] = []
    const delivery = {
      message: { id: 'm', headers: { schema: 3 } },
      passage: { handedBack: undefined, dead: false, retried: undefined },
      returnsLeft,
      retryLater: async (note: RetryNote) => notes.push(note.keep) > 0,
    }
    const lab = bench(teardown, { version: 'v1', accepts: old, isReleasing, retryLater: 'counted' })
    const source = { request: { source: 'queue' }, linkNumber: 0, settled: () => undefined }
    lab.processor.unaccepted.handOn(new Work(delivery as never, source as never, 'stable'))
    await eventually(() => notes.length === 1, { what: 'it is put off' })
    expect(notes).toEqual([keep])
  })

  it('waits here where the broker keeps nothing, and goes back in a drain', async () => {
    const lab = bench(teardown, { version: 'v1', accepts: old, retryLater: 'none', handle: () => undefined })
    publish(lab, 3)
    lab.stream()
    await eventually(() => lab.processor.waitingRetries === 1, { what: 'it waits here' })
    await remains(() => lab.processor.waitingRetries === 1, { what: 'it waits', forMs: 100 })
    await lab.intake.stop()
    lab.processor.drain()
    await eventually(() => lab.depth() === 1, { what: 'it is back' })
    expect(lab.processor.tally.counts).toMatchObject({ taken: 1, returned: 1 })
  })
})

describe('the number of those that wait', () => {
  it('shrinks with time, whatever the order', async () => {
    const clock = manualClock()
    const book = new WaitBook(clock)
    for (const dueAt of [5_000, 1_000, 1_200, 64_000]) book.add(dueAt)
    expect(book.size).toBe(4)
    await clock.advance(1_000)
    expect(book.size).toBe(3)
    await clock.advance(5_000)
    expect(book.size).toBe(1)
    await clock.advance(60_000)
    expect(book.size).toBe(0)
  })
})
