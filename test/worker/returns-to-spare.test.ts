import { expect, it } from 'vitest'
import { eventually } from '../support/eventually.ts'
import { useTeardown } from '../support/teardown.ts'
import { bench, deadQueue, handBackQueue, queue } from './support/bench.ts'
import type { Bench } from './support/bench.ts'
import { memoryServer } from '../../adapters/brokers/memory/memory-server.ts'
import { systemClock } from '../../src/worker/system-clock.ts'

const teardown = useTeardown()
const deliveryLimit = 5

/** A queue that dead-letters what was returned more than five times. */
function lab(handle: () => void, handBack: boolean): Bench {
  const server = memoryServer({ clock: systemClock() })
  server.declare(deadQueue)
  server.declare(queue, { deadLetterTo: deadQueue, deliveryLimit })
  return bench(teardown, { handle, handBack, server })
}

/** Puts one message there that was returned so often. */
async function returned({ server, broker }: Bench, times: number, id = 'worn'): Promise<void> {
  server.publish(queue, { id, body: Buffer.from('{}') })
  let left = times
  const request = { source: 'queue', precedence: 'normal', maxUnsettled: 1, permits: times } as const
  const subscription = await broker.subscribe(request, {
    onDelivery: (delivery) => {
      left--
      delivery.requeue()
    },
    onLink: () => {},
  })
  await eventually(() => left === 0, { what: `${times} returns` })
  await subscription.close()
}

it('a canary hands a message near the limit to the stable version, unhandled', async () => {
  let handled = 0
  const it = lab(() => void handled++, true)
  await it.broker.prepareHandBack()
  await returned(it, 2)
  it.throttle({ returnsToSpare: 3 })
  await eventually(() => it.depth(handBackQueue) === 1, { what: 'the message in the hand-back queue' })
  expect([handled, it.processor.tally.taken, it.processor.tally.counts.returned]).toEqual([0, 0, 1])
})

it('a canary without a hand-back queue returns it, for the stable version to take', async () => {
  let handled = 0
  const it = lab(() => void handled++, false)
  await returned(it, 2)
  it.throttle({ returnsToSpare: 3 })
  await it.counts('returned', 1)
  await eventually(() => it.depth() === 1, { what: 'the message in its queue' })
  expect([handled, it.depth(deadQueue)]).toEqual([0, 0])
})

it('a message with returns to spare is handled like any other', async () => {
  let handled = 0
  const it = lab(() => void handled++, true)
  await returned(it, 1)
  it.throttle({ returnsToSpare: 3 })
  await it.counts('taken', 1)
  expect(handled).toBe(1)
})

it('a canary never returns a message so often that the broker dead-letters it', async () => {
  let handled = 0
  const it = lab(() => {
    handled++
    throw new Error('as the test wants it')
  }, false)
  await returned(it, deliveryLimit)
  it.throttle({ returnsToSpare: 3 })
  await eventually(() => handled === 1, { what: 'the message is handled, as it cannot be left to others' })
  await eventually(() => it.intake.waiting === 1, { what: 'the message is held' })
  expect(it.depth(deadQueue)).toBe(0)
})

it('what it holds and then loses with the link keeps no drain waiting', async () => {
  let handled = 0
  const it = lab(() => {
    handled++
    throw new Error('as the test wants it')
  }, false)
  for (const time of [1, 2]) {
    await returned(it, deliveryLimit, `worn-${time}`)
    it.throttle({ returnsToSpare: 3 })
    await eventually(() => handled === time && it.intake.waiting === 1, { what: 'the message is held' })
    it.throttle(undefined)
    it.server.cutLinks()
    await eventually(() => it.depth(deadQueue) === time, { what: 'the broker has it' })
  }
  await it.intake.stop()
  expect([it.intake.waiting, it.processor.inFlight.held]).toEqual([0, 0])
})

it('a message that waits for its retry goes back when a drain gives up, whatever becomes of it', async () => {
  let begun = 0
  const server = memoryServer({ clock: systemClock() })
  server.declare(deadQueue)
  server.declare(queue, { deadLetterTo: deadQueue, deliveryLimit: 1 })
  const it = bench(teardown, {
    version: 'v1',
    server,
    retryLater: 'none',
    retryDelayMs: 60_000,
    handle: () => {
      begun++
      throw new Error('no')
    },
  })
  await returned(it, 1)
  it.stream()
  await eventually(() => it.processor.waitingRetries === 1, { what: 'it waits' })
  await it.intake.stop()
  it.processor.endRetries()
  await eventually(() => it.depth(deadQueue) === 1, { what: 'the broker has it' })
  expect({ begun, waiting: it.processor.waitingRetries }).toEqual({ begun: 1, waiting: 0 })
})
