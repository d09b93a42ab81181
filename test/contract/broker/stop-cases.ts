import { expect } from 'vitest'
import type { Delivery } from '../../../src/contracts/broker.ts'
import { isQueueCanaryError } from '../../../src/errors.ts'
import { eventually, remains, settles } from '../../support/eventually.ts'
import { seededRandom } from '../../support/seeded-random.ts'
import type { BrokerCase, Stage } from './stage.ts'
import { ackAtOnce, hold, messages } from './stage.ts'

const bounded = { what: 'a bounded close', deadlineMs: 10_000 }

export const stopCases: readonly BrokerCase[] = [
  {
    name: 'stop: no delivery after it resolves, and what was delivered can still be settled',
    async run(stage) {
      await stage.publish(messages(10))
      const broker = await stage.connect()
      const taker = await stage.take(broker, { maxUnsettled: 5 }, hold)
      await taker.has(5)
      await taker.stop()
      await stage.publish(messages(5, 'later'))
      for (const delivery of taker.deliveries.slice(0, 3)) expect(delivery.ack()).toBe(true)
      await remains(() => taker.count === 5, { what: 'no delivery after stop' })
      expect(taker.at(3).ack()).toBe(true)
      await taker.close()
      await stage.hasReady(11)
    },
  },
  {
    name: 'stop: idempotent, together, one after the other and after close',
    async run(stage) {
      const taker = await stage.take(await stage.connect(), {}, hold)
      await settles(Promise.all([taker.stop(), taker.stop(), taker.subscription.stop()]), bounded)
      await settles(taker.stop(), bounded)
      await settles(Promise.all([taker.close(), taker.stop(), taker.close()]), bounded)
      await settles(taker.stop(), bounded)
    },
  },
  {
    name: 'stop: at once after subscribe',
    async run(stage) {
      await stage.publish(messages(20))
      const taker = await stage.take(await stage.connect(), { maxUnsettled: 20 }, hold)
      await settles(taker.stop(), bounded)
      const before = taker.count
      await remains(() => taker.count === before, { what: 'no delivery after stop' })
      await taker.close()
      await stage.hasReady(20)
    },
  },
  {
    name: 'stop: messages that arrive around it are delivered or left, never lost',
    run: stopAndGo,
  },
  {
    name: 'close: what is unsettled goes back to the queue, and settling it then does nothing',
    async run(stage) {
      await stage.publish(messages(5))
      const broker = await stage.connect()
      const taker = await stage.take(broker, {}, hold)
      await taker.has(5)
      expect(taker.at(0).ack()).toBe(true)
      await taker.close()
      expect(taker.link).toBe('closed')
      expect(taker.deliveries.map((delivery) => delivery.ack() || delivery.requeue() || delivery.deadLetter())).toEqual(
        Array(5).fill(false),
      )
      await stage.hasReady(4)
      const next = await stage.take(broker, {}, ackAtOnce)
      await next.has(4)
      expect(next.deliveries.every((delivery) => delivery.message.redelivered)).toBe(true)
      await stage.hasReady(0)
    },
  },
  {
    name: 'close: acks made just before it count',
    async run(stage) {
      await stage.publish(messages(300))
      const taker = await stage.take(await stage.connect(), { maxUnsettled: 300, permits: 300 }, hold)
      await taker.has(300)
      for (const delivery of taker.deliveries) expect(delivery.ack()).toBe(true)
      await taker.close()
      await stage.hasReady(0)
      await remains(async () => (await stage.ready()) === 0, { what: 'nothing came back' })
    },
  },
  {
    name: 'close: of the broker ends every subscription, idempotent',
    async run(stage) {
      await stage.publish(messages(6))
      const broker = await stage.connect()
      const [holding, idle] = [
        await stage.take(broker, { maxUnsettled: 3, permits: 3 }, hold),
        await stage.take(broker, { permits: 0 }, hold),
      ]
      await holding.has(3)
      await settles(Promise.all([broker.close(), broker.close()]), bounded)
      await settles(broker.close(), bounded)
      expect([holding.link, idle.link]).toEqual(['closed', 'closed'])
      expect(holding.at(0).ack()).toBe(false)
      await stage.hasReady(6)
      idle.grant(5)
      await remains(() => idle.count === 0, { what: 'no delivery after close' })
      await settles(Promise.all([holding.close(), idle.stop()]), bounded)
    },
  },
  {
    name: 'close: a closed broker answers with an error, not with silence',
    async run(stage) {
      const broker = await stage.connect()
      await broker.close()
      const failure = await settles(
        broker.inspect().then(
          () => undefined,
          (error: unknown) => error,
        ),
        bounded,
      )
      expect(isQueueCanaryError(failure)).toBe(true)
    },
  },
]

/** Consumers come and go over a full queue, so that each stop meets deliveries on their way. */
async function stopAndGo(stage: Stage): Promise<void> {
  const random = seededRandom(11)
  const broker = await stage.connect()
  await stage.publish(messages(1_000))
  const handled = new Map<string, number>()
  while (handled.size < 1_000) {
    const taker = await stage.take(broker, { maxUnsettled: random.pick([1, 20, 200]) }, (delivery) => {
      if (random.whole(0, 1) === 0) acknowledge(delivery)
      else setImmediate(acknowledge, delivery)
    })
    const enough = random.whole(0, 40)
    await eventually(() => taker.count >= enough || handled.size === 1_000, { what: 'some deliveries' })
    await taker.stop()
    const before = taker.count
    for (const delivery of taker.deliveries) acknowledge(delivery)
    await taker.close()
    expect(taker.count).toBe(before)
  }
  await stage.hasReady(0)
  expect([...handled.values()].filter((times) => times > 1)).toEqual([])

  function acknowledge(delivery: Delivery): void {
    const { id } = delivery.message
    if (delivery.ack()) handled.set(id, (handled.get(id) ?? 0) + 1)
  }
}
