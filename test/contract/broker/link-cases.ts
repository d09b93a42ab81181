import { expect } from 'vitest'
import type { Delivery, LinkState } from '../../../src/contracts/broker.ts'
import { isQueueCanaryError } from '../../../src/errors.ts'
import { eventually, remains, settles } from '../../support/eventually.ts'
import type { BrokerCase, Stage } from './stage.ts'
import { ackAtOnce, hold, message, messages, note } from './stage.ts'

const bounded = { what: 'a bounded answer', deadlineMs: 15_000 }
const linked = (state: LinkState | undefined): boolean => state === 'consuming' || state === 'idle'

/** Of brokers that hold a delivery for as long as its link lives. */
export const linkHeldCases: readonly BrokerCase[] = [
  { name: 'cut: unsettled deliveries are void and come again, permits count on', run: cutWhileHolding },
  {
    name: 'cut: void from the very moment the sink hears of it',
    async run(stage) {
      await stage.publish(messages(4))
      const taker = await stage.take(await stage.connect(), {}, hold)
      await taker.has(4)
      const settled: boolean[] = []
      taker.whenLinkChanges((state) => {
        if (!linked(state)) settled.push(...taker.deliveries.slice(0, 4).map((delivery) => delivery.ack()))
      })
      await stage.faults.cutLinks()
      await taker.has(8)
      expect(settled.length).toBeGreaterThan(0)
      expect(settled).not.toContain(true)
    },
  },
]

export const linkCases: readonly BrokerCase[] = [
  { name: 'cut: again and again under load loses nothing', run: cutUnderLoad },
  {
    name: 'links down: subscribe resolves, other calls answer, close is bounded',
    async run(stage) {
      const broker = await stage.connect()
      await broker.inspect()
      const holding = await stage.take(broker, {}, hold)
      await holding.isLinked('consuming')
      await stage.faults.dropLinks()
      await holding.isLinked('connecting')
      const taker = await settles(stage.take(broker, {}, hold), bounded)
      const failure = await settles(
        broker.inspect().then(
          () => undefined,
          (error: unknown) => error,
        ),
        { ...bounded, deadlineMs: 30_000 },
      )
      expect(isQueueCanaryError(failure, 'BROKER_UNREACHABLE')).toBe(true)
      const findings = await settles(broker.diagnose(), { ...bounded, deadlineMs: 30_000 })
      expect(findings.some(({ level }) => level === 'error')).toBe(true)
      await settles(holding.stop(), bounded)
      await settles(taker.close(), bounded)
      await settles(broker.close(), bounded)
      expect([holding.link, taker.link]).toEqual(['closed', 'closed'])
      await stage.faults.restoreLinks()
    },
  },
  {
    name: 'links down: a broker that starts without a server consumes when there is one',
    async run(stage) {
      await stage.faults.dropLinks()
      await stage.publish(messages(3))
      const taker = await stage.take(await stage.connect(), {}, ackAtOnce)
      await taker.isLinked('connecting')
      await remains(() => taker.link === 'connecting', { what: 'no link' })
      await stage.faults.restoreLinks()
      await taker.has(3)
      expect(taker.link).toBe('consuming')
    },
  },
  {
    name: 'links down: permits raised meanwhile count when the link is back',
    async run(stage) {
      await stage.publish(messages(20))
      const taker = await stage.take(await stage.connect(), { permits: 4, maxUnsettled: 10 }, ackAtOnce)
      await taker.has(4)
      await stage.faults.dropLinks()
      await taker.isLinked('connecting')
      taker.grant(3)
      await stage.faults.restoreLinks()
      await eventually(() => taker.count === 7, { what: 'exactly the permits', deadlineMs: 20_000 })
      await remains(() => taker.count === 7, { what: 'no eighth delivery' })
    },
  },
  {
    name: 'missing: a deleted queue is reported, not declared, and consumed again when it is back',
    async run(stage) {
      const broker = await stage.connect()
      await stage.publish(messages(3, 'lost'))
      const taker = await stage.take(broker, { maxUnsettled: 3 }, hold)
      const idle = await stage.take(broker, { permits: 0 }, hold)
      await taker.has(3)
      await stage.faults.deleteQueue()
      await taker.isLinked('missing')
      expect(taker.at(0).ack()).toBe(false)
      await remains(async () => !(await stage.faults.queueExists()), {
        what: 'nobody declares the queue',
        forMs: 1_000,
      })
      await stage.faults.createQueue()
      await taker.isLinked('consuming')
      await stage.publish(messages(2, 'new'))
      await taker.has(5)
      expect(taker.ids.slice(3).toSorted()).toEqual(['new-0', 'new-1'])
      expect(taker.last.ack()).toBe(true)
      await idle.close()
    },
  },
  {
    name: 'missing: a queue that does not exist yet is waited for, and inspect says so',
    async run(stage) {
      await stage.faults.deleteQueue()
      const broker = await stage.connect()
      const taker = await stage.take(broker, {}, ackAtOnce)
      await taker.isLinked('missing')
      const failure = await settles(
        broker.inspect().then(
          () => undefined,
          (error: unknown) => error,
        ),
        bounded,
      )
      expect(isQueueCanaryError(failure, 'QUEUE_MISSING')).toBe(true)
      expect((await settles(broker.diagnose(), bounded)).some(({ level }) => level === 'error')).toBe(true)
      expect(await stage.faults.queueExists()).toBe(false)
      await stage.faults.createQueue()
      await taker.isLinked('consuming')
      await stage.publish([message('first')])
      await taker.has(1)
    },
  },
]

async function cutWhileHolding(stage: Stage): Promise<void> {
  const broker = await stage.connect()
  await broker.prepareHandBack()
  await stage.publish(messages(10))
  const taker = await stage.take(broker, { permits: 5, maxUnsettled: 10 }, hold)
  await taker.has(5)
  const mark = taker.links.length
  await stage.faults.cutLinks()
  await eventually(() => taker.links.slice(mark).some((state) => !linked(state)), { what: 'the sink hears of the cut' })
  await taker.isLinked('idle')
  const stale = taker.deliveries.slice(0, 5)
  expect(stale.map((delivery) => delivery.ack() || delivery.requeue() || delivery.deadLetter())).toEqual(
    Array(5).fill(false),
  )
  expect(await settles(taker.at(0).handBack(note), bounded)).toBe(false)
  await remains(() => taker.count === 5, { what: 'the permits were used before the cut' })
  await stage.hasReady(10)
  taker.grant(10)
  await taker.has(15)
  await taker.isLinked('idle', 'consuming')
  const fresh = taker.deliveries.slice(5)
  expect(fresh.map((delivery) => delivery.message.id).toSorted()).toEqual(messages(10).map(({ id }) => id))
  expect(fresh.filter((delivery) => delivery.message.redelivered).length).toBeGreaterThanOrEqual(5)
  expect(fresh.every((delivery) => delivery.ack())).toBe(true)
  await taker.close()
  await stage.hasReady(0)
  expect(await stage.handBackReady()).toBe(0)
}

/** 3,000 messages, five cuts: every one is handled, and only what was unsettled at a cut is delivered twice. */
async function cutUnderLoad(stage: Stage): Promise<void> {
  const broker = await stage.connect()
  const acked = new Set<string>()
  let answered = 0
  const settle = (delivery: Delivery): void => {
    answered++
    if (delivery.ack()) acked.add(delivery.message.id)
  }
  const takers = [
    await stage.take(broker, { maxUnsettled: 20 }, (delivery) => void setImmediate(settle, delivery)),
    await stage.take(broker, { maxUnsettled: 20 }, settle),
  ]
  for (let cut = 0; cut < 5; cut++) {
    await stage.publish(messages(600, `lot-${cut}`))
    await eventually(() => acked.size > cut * 600 + 50, { what: 'consumption after a cut', deadlineMs: 20_000 })
    await stage.faults.cutLinks()
  }
  const total = (): number => takers.reduce((sum, taker) => sum + taker.count, 0)
  await eventually(() => acked.size === 3_000, { what: '3,000 different messages', deadlineMs: 30_000 })
  await stage.hasReady(0)
  await eventually(() => answered === total(), { what: 'an answer to every delivery' })
  const again = takers.flatMap((taker) => taker.deliveries).filter(({ message: { redelivered } }) => redelivered).length
  expect(total() - 3_000).toBeLessThanOrEqual(again)
}
