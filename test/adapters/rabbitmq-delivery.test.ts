import { describe, expect, it } from 'vitest'
import { RabbitDelivery } from '../../adapters/brokers/rabbitmq/delivery.ts'
import { Publication } from '../../adapters/brokers/rabbitmq/publication.ts'
import { waits } from '../../adapters/brokers/rabbitmq/timing.ts'
import { manualClock } from '../support/manual-clock.ts'
import { consumed } from '../support/rabbitmq-message.ts'

const note = { version: 'v2', reason: 'failed', deliveryCount: 0 } as const

type Answer = (copy: PromiseWithResolvers<void>) => void

/** What becomes of the copy once the deadline is over. */
const late = {
  'is confirmed': ({ resolve }) => resolve(),
  'is refused': ({ reject }) => reject(new Error('refused by the broker')),
  'is not answered': () => {},
} satisfies Record<string, Answer>

describe('a delivery whose copy was not confirmed in time', () => {
  it.each([
    ['is confirmed', 'requeue', 'ack'],
    ['is confirmed', 'deadLetter', 'ack'],
    ['is refused', 'requeue', 'nack, requeued'],
    ['is refused', 'deadLetter', 'nack'],
    ['is not answered', 'requeue', 'nack, requeued'],
    ['is not answered', 'deadLetter', 'nack'],
  ] as const)('and then %s: %s sends %s, once', async (what, how, sent) => {
    const { delivery, settlements } = await givenUp(late[what])
    expect([delivery[how](), delivery[how](), delivery.ack()]).toEqual([true, false, false])
    expect(settlements).toEqual([sent])
  })

  it.each([
    ['is confirmed', 1],
    ['is refused', 2],
  ] as const)('and then %s: the next attempt makes it %i in all, and acks', async (what, copiesInAll) => {
    const { delivery, copies, settlements } = await givenUp(late[what])
    const again = delivery.handBack(note)
    copies.at(-1)?.resolve()
    expect(await again).toBe(true)
    expect(copies.length).toBe(copiesInAll)
    expect(settlements).toEqual(['ack'])
  })

  it('as it was not written at all, is not copied any more', async () => {
    const { delivery, writes, settlements } = await givenUp(late['is not answered'], { isBlocked: true })
    expect(delivery.requeue()).toBe(true)
    expect([writes(), settlements]).toEqual([[false], ['nack, requeued']])
  })
})

/** A delivery on a link that lives, whose copies are confirmed by hand. Where it is blocked, they ask whether they may be written only afterwards. */
function open({ isBlocked = false } = {}) {
  const clock = manualClock()
  const copies: PromiseWithResolvers<void>[] = []
  const asked: (() => boolean)[] = []
  const settlements: string[] = []
  const settle = (how: string): boolean => settlements.push(how) > 0
  const place = { server: 'rabbit:5672/', queue: 'orders.back' }
  const publish = (): Publication =>
    new Publication({ clock, place, failure: 'HAND_BACK_FAILED' }, (mayWrite) => {
      const copy = Promise.withResolvers<void>()
      copies.push(copy)
      if (isBlocked) asked.push(mayWrite)
      else mayWrite()
      return copy.promise
    })
  const delivery = new RabbitDelivery(
    consumed(),
    {
      alive: true,
      ack: () => settle('ack'),
      nack: (_, requeue) => settle(requeue ? 'nack, requeued' : 'nack'),
    },
    {
      source: 'queue',
      queue: 'orders',
      handBackQueue: 'orders.back',
      newId: () => 'new-id',
      handBack: publish,
      retryLater: publish,
    },
    0,
  )
  return { delivery, copies, writes: () => asked.map((mayWrite) => mayWrite()), settlements, clock }
}

/** A hand-back that was not confirmed in time, and what came of its copy then. */
async function givenUp(answer: Answer, options?: Parameters<typeof open>[0]) {
  const { clock, ...opened } = open(options)
  const attempt = opened.delivery.handBack(note).catch((error: unknown) => error)
  await clock.advance(waits.confirm)
  expect(await attempt).toMatchObject({ code: 'HAND_BACK_FAILED' })
  opened.copies.forEach(answer)
  await clock.advance(0)
  return opened
}
