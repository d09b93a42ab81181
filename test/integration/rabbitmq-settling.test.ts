import { describe, expect, it } from 'vitest'
import type { Delivery } from '../../src/contracts/broker.ts'
import { eventually, remains } from '../support/eventually.ts'
import { testServer } from '../support/rabbitmq.ts'
import { openCase, streaming, throttled } from '../support/rabbitmq-case.ts'
import type { QueueType } from '../support/rabbitmq-target.ts'
import { seededRandom } from '../support/seeded-random.ts'
import { useTeardown } from '../support/teardown.ts'

const server = testServer()

describe.each<QueueType>(['classic', 'quorum'])('settling, %s queue', (type) => {
  const teardown = useTeardown()

  it(
    'acks in runs: whatever the order, each message is acked once and no other with it',
    { timeout: 180_000 },
    async () => {
      const random = seededRandom(17)
      const target = await openCase(server, teardown, type)
      const ids = await target.publish(3_000)
      const acked: string[] = []
      const left = new Set<string>()
      const settle = (delivery: Delivery): void => {
        const { id, redelivered } = delivery.message
        const fate = redelivered ? 'ack' : random.pick(['ack', 'ack', 'ack', 'ack', 'ack', 'ack', 'requeue', 'leave'])
        if (fate === 'ack' && delivery.ack()) acked.push(id)
        if (fate === 'requeue') delivery.requeue()
        // unsettled ones are acked by nobody: they fill a part of the prefetch until the end
        if (fate === 'leave' && left.size < 50) left.add(id)
        else if (fate === 'leave') delivery.requeue()
      }
      const onDelivery = (delivery: Delivery): void => {
        const delay = random.pick([0, 0, 0, 1, 2, 7])
        if (delay === 0) settle(delivery)
        else setTimeout(settle, delay, delivery)
      }
      const subscription = await target
        .broker()
        .subscribe({ ...streaming, maxUnsettled: 100 }, { onDelivery, onLink: () => {} })
      await eventually(() => acked.length + left.size === 3_000, {
        what: 'every message acked or left',
        deadlineMs: 120_000,
      })
      await subscription.close()
      await eventually(async () => expect(await target.helper.ready(target.queue)).toBe(left.size), {
        what: 'only what was left',
      })
      const back = (await target.helper.drain(target.queue)).map(({ id }) => id)
      expect(new Set(back)).toEqual(left)
      expect(acked.toSorted()).toEqual(ids.filter((id) => !left.has(id)).toSorted())
    },
  )

  it('500 times granted one permit: one message each, none lost on the way', { timeout: 180_000 }, async () => {
    const random = seededRandom(5)
    const target = await openCase(server, teardown, type)
    await target.publish(300, 'early')
    const taken: Delivery[] = []
    const subscription = await target
      .broker()
      .subscribe(throttled, { onDelivery: (delivery) => void taken.push(delivery), onLink: () => {} })
    const unsettled: Delivery[] = []
    const settleSome = (most: number): void => {
      while (unsettled.length > most)
        expect(unsettled.splice(random.whole(0, unsettled.length - 1), 1)[0]?.ack()).toBe(true)
    }
    for (let permits = 1; permits <= 500; permits++) {
      if (permits === 250) await target.publish(300, 'late')
      // the order of grant and settlement varies: before, after, and while a consumer comes or goes
      if (random.whole(0, 1) === 0) settleSome(random.whole(0, 4))
      subscription.permit(permits)
      await eventually(() => taken.length >= permits, { what: `message ${permits}` })
      unsettled.push(...taken.slice(permits - 1))
      settleSome(random.whole(0, 4))
    }
    settleSome(0)
    await remains(() => taken.length === 500, { what: 'no message without a permit' })
    await subscription.close()
    expect(new Set(taken.map(({ message }) => message.id)).size).toBe(500)
    await eventually(async () => expect(await target.helper.ready(target.queue)).toBe(100), {
      what: 'the others are left',
    })
    expect(await target.helper.consumers(target.queue)).toBe(0)
  })
})
