import { expect } from 'vitest'
import { eventually, remains } from '../../support/eventually.ts'
import type { BrokerCase } from './stage.ts'
import { ackAtOnce, hold, messages } from './stage.ts'

/** Of brokers that hold a delivery for a time of its own. The target's queue gives a few seconds. */
export const leaseCases: readonly BrokerCase[] = [
  {
    name: 'lease: a delivery outlives its link, and is settled over the next one',
    async run(stage) {
      await stage.publish(messages(4))
      const broker = await stage.connect()
      expect(broker.capabilities.heldBy).toBe('lease')
      const taker = await stage.take(broker, {}, hold)
      await taker.has(4)
      await stage.faults.cutLinks()
      await taker.isLinked('consuming')
      expect(taker.deliveries.map((delivery) => delivery.isVoid)).toEqual(Array(4).fill(false))
      expect(taker.deliveries.map((delivery) => delivery.ack())).toEqual(Array(4).fill(true))
      await taker.close()
      await stage.hasReady(0)
      const next = await stage.take(await stage.connect(), {}, hold)
      await next.isLinked('consuming')
      await remains(() => next.count === 0, { what: 'nothing comes again' })
    },
  },
  {
    name: 'lease: it is extended for as long as the delivery is held',
    async run(stage) {
      await stage.publish(messages(3))
      const taker = await stage.take(await stage.connect(), {}, hold)
      await taker.has(3)
      const other = await stage.take(await stage.connect(), {}, ackAtOnce)
      await remains(() => other.count === 0, { what: 'nobody else gets it', forMs: 12_000 })
      expect(taker.deliveries.map((delivery) => delivery.ack())).toEqual(Array(3).fill(true))
    },
  },
  {
    name: 'lease: one that could not be extended has ended, and its delivery is void',
    async run(stage) {
      await stage.publish(messages(2))
      const broker = await stage.connect()
      const taker = await stage.take(broker, { permits: 2 }, hold)
      await taker.has(2)
      await stage.faults.dropLinks()
      await eventually(() => taker.deliveries.every(({ isVoid }) => isVoid), { what: 'void deliveries' })
      expect(taker.deliveries.map((delivery) => delivery.ack() || delivery.requeue())).toEqual([false, false])
      await stage.faults.restoreLinks()
      taker.grant(2)
      await taker.has(4)
      expect(taker.deliveries.slice(2).map(({ message }) => message.redelivered)).toEqual([true, true])
      expect(taker.deliveries.slice(2).map((delivery) => delivery.ack())).toEqual([true, true])
    },
  },
]
