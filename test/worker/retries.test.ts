import { describe, expect, it } from 'vitest'
import { memoryServer } from '../../adapters/brokers/memory/memory-server.ts'
import type { MemoryServer } from '../../adapters/brokers/memory/memory-server.ts'
import type { Broker, Delivery } from '../../src/contracts/broker.ts'
import { QueueCanaryError } from '../../src/errors.ts'
import { Deadline } from '../../src/worker/deadline.ts'
import { drain } from '../../src/worker/drain.ts'
import { systemClock } from '../../src/worker/system-clock.ts'
import { eventually, remains } from '../support/eventually.ts'
import { manualClock } from '../support/manual-clock.ts'
import { useTeardown } from '../support/teardown.ts'
import { bench, deadQueue, queue } from './support/bench.ts'

const teardown = useTeardown()
const fail = (): never => {
  throw new TypeError('no')
}

/** A server whose deliveries are put off like this. */
function keeping(retryLater: (delivery: Delivery, server: MemoryServer) => Promise<boolean>): MemoryServer {
  const server = memoryServer({ clock: systemClock() })
  const shown = <T extends object>(target: T, own: Partial<Record<string, unknown>>): T =>
    new Proxy(target, {
      get: (_, name) => {
        const value: unknown = own[String(name)] ?? Reflect.get(target, name, target)
        return typeof value === 'function' ? value.bind(target) : value
      },
    })
  const broker: MemoryServer['broker'] = (options) => {
    const real = server.broker(options)
    const subscribe: Broker['subscribe'] = (request, sink) =>
      real.subscribe(request, {
        onLink: (...link) => sink.onLink(...link),
        onDelivery: (delivery) => sink.onDelivery(shown(delivery, { retryLater: () => retryLater(delivery, server) })),
      })
    return shown(real, { subscribe })
  }
  return shown(server, { broker })
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

  it('is not copied by a worker that has to end at once', async () => {
    const server = keeping(async (delivery, broker) => {
      broker.publish(queue, { id: delivery.message.id, body: delivery.message.body })
      await new Promise((resolve) => setTimeout(resolve, 50))
      return delivery.ack()
    })
    const clock = systemClock()
    const lab = bench(teardown, { version: 'v1', server, clock, retryDelayMs: 900, handle: fail })
    lab.publish(3)
    lab.stream()
    await eventually(() => lab.processor.waitingRetries === 3, { what: 'they wait' })
    await drain({ ...lab, clock, deadline: new Deadline(clock, 0) })
    await remains(() => lab.depth() === 3, { what: 'one of each', forMs: 100 })
    expect(
      server
        .drain(queue)
        .map(({ id }) => id)
        .toSorted(),
    ).toEqual(['m-0', 'm-1', 'm-2'])
  })

  it('goes back without its attempts, and in time, where the broker keeps nothing', async () => {
    const server = keeping(() => Promise.reject(new QueueCanaryError('RETRY_FAILED', 'blocked')))
    const clock = systemClock()
    const lab = bench(teardown, { version: 'v1', server, clock, retryDelayMs: 900, handle: fail })
    lab.publish(3)
    lab.stream()
    await eventually(() => lab.processor.waitingRetries === 3, { what: 'they wait' })
    const report = await drain({ ...lab, clock, deadline: new Deadline(clock, 20_000) })
    expect(report).toMatchObject({ onTime: true, returned: 3 })
    expect([lab.depth(), report.durationMs < 10_000]).toEqual([3, true])
  })

  it('keeps its place in its group in a drain', async () => {
    const clock = systemClock()
    const server = memoryServer({ clock })
    const one = bench(teardown, {
      version: 'v1',
      server,
      retryDelayMs: 900,
      handle: ({ id }) => void (id === 'g-0' && fail()),
    })
    for (const id of ['g-0', 'g-1', 'g-2']) server.publish(queue, { id, body: Buffer.from('{}'), group: 'a' })
    one.stream()
    await eventually(() => one.processor.waitingRetries === 1 && one.intake.waiting === 2, { what: 'the group waits' })
    await drain({ ...one, clock, deadline: new Deadline(clock, 2_000) })
    const seen: string[] = []
    const two = bench(teardown, { version: 'v1', server, handle: ({ id }) => void seen.push(id) })
    two.stream()
    await eventually(() => seen.length === 3, { what: 'all of them' })
    expect(seen).toEqual(['g-0', 'g-1', 'g-2'])
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
