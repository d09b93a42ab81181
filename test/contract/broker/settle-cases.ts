import { expect } from 'vitest'
import type { Delivery } from '../../../src/contracts/broker.ts'
import { eventually, remains } from '../../support/eventually.ts'
import { seededRandom } from '../../support/seeded-random.ts'
import type { BrokerCase, Stage } from './stage.ts'
import { ackAtOnce, hold, message, messages, note, oddBody } from './stage.ts'
import type { Raw } from './target.ts'

const settlements: Record<string, (delivery: Delivery) => boolean | Promise<boolean>> = {
  ack: (delivery) => delivery.ack(),
  requeue: (delivery) => delivery.requeue(),
  deadLetter: (delivery) => delivery.deadLetter(),
  handBack: (delivery) => delivery.handBack(note),
}

const onceCases = Object.entries(settlements).map(([first, settle]): BrokerCase => {
  return { name: `settle: nothing after ${first} has an effect`, run: (stage) => settleTwice(stage, settle) }
})

async function settleTwice(stage: Stage, settle: (typeof settlements)[string]): Promise<void> {
  const broker = await stage.connect()
  await broker.prepareHandBack()
  await stage.publish([message('only')])
  const taker = await stage.take(broker, { permits: 1 }, hold)
  await taker.has(1)
  expect(await settle(taker.last)).toBe(true)
  for (const [name, again] of Object.entries(settlements))
    expect([name, await again(taker.last)]).toEqual([name, false])
  await broker.close()
  const found = await whereabouts(stage)
  expect(found).toEqual(expected(settle))
}

/** Counts once nothing moves any more: exactly one place, or none after an ack. */
async function whereabouts(stage: Stage): Promise<string[]> {
  let previous = 'unknown'
  let places: string[] = []
  const dead: Raw[] = []
  await eventually(
    async () => {
      dead.push(...(await stage.deadLettered()))
      const [ready, handedBack] = [await stage.ready(), await stage.handBackReady()]
      places = [
        ...Array.from({ length: ready }, () => 'queue'),
        ...Array.from({ length: handedBack }, () => 'handBack'),
        ...dead.map(() => 'dead'),
      ]
      const steady = places.join(' ') === previous
      previous = places.join(' ')
      if (!steady) await remains(() => true, { what: 'a moment for stragglers', forMs: 150 })
      return steady
    },
    { what: 'steady counts' },
  )
  return places
}

function expected(settle: (typeof settlements)[string]): string[] {
  if (settle === settlements['requeue']) return ['queue']
  if (settle === settlements['deadLetter']) return ['dead']
  return settle === settlements['handBack'] ? ['handBack'] : []
}

export const settleCases: readonly BrokerCase[] = [
  ...onceCases,
  {
    name: 'delivery: a first delivery says so',
    async run(stage) {
      await stage.publish([message('first', { headers: { tenant: 'a' } })])
      const taker = await stage.take(await stage.connect(), {}, ackAtOnce)
      await taker.has(1)
      expect(taker.last.message).toMatchObject({
        id: 'first',
        deliveryCount: 0,
        redelivered: false,
        headers: { tenant: 'a' },
      })
      expect(taker.last.passage).toEqual({ handedBack: undefined, dead: false })
    },
  },
  {
    name: 'delivery: each message goes to exactly one consumer',
    async run(stage) {
      const first = await stage.take(await stage.connect(), { maxUnsettled: 7 }, ackAtOnce)
      const second = await stage.take(await stage.connect(), { maxUnsettled: 7 }, ackAtOnce)
      await first.isLinked('consuming')
      await second.isLinked('consuming')
      await stage.publish(messages(500))
      await eventually(() => first.count + second.count >= 500, { what: '500 deliveries' })
      await stage.hasReady(0)
      expect(new Set([...first.ids, ...second.ids]).size).toBe(500)
      expect(first.count + second.count).toBe(500)
      expect(Math.min(first.count, second.count)).toBeGreaterThan(0)
    },
  },
  {
    name: 'ack: the message never comes back',
    async run(stage) {
      await stage.publish(messages(10))
      const taker = await stage.take(await stage.connect(), {}, hold)
      await taker.has(10)
      for (const delivery of taker.deliveries) expect(delivery.ack()).toBe(true)
      await taker.close()
      const next = await stage.take(await stage.connect(), {}, hold)
      await next.isLinked('consuming')
      await remains(() => next.count === 0, { what: 'no delivery' })
      await stage.hasReady(0)
    },
  },
  {
    name: 'requeue: the message comes back, marked as redelivered',
    async run(stage) {
      await stage.publish([message('again', { headers: { tenant: 'b' } })])
      const taker = await stage.take(
        await stage.connect(),
        {},
        (delivery, self) => void (self.count === 1 && delivery.requeue()),
      )
      await taker.has(2)
      expect(taker.last.message).toMatchObject({ id: 'again', redelivered: true, headers: { tenant: 'b' } })
      expect(Buffer.from(taker.last.message.body).toString()).toBe('body of again')
      const counts = { true: [1], false: [0], undefined: [0, 1] }[`${stage.target.countsReturns}`]
      expect(counts).toContain(taker.last.message.deliveryCount)
      expect(taker.last.ack()).toBe(true)
      await taker.close()
      await stage.hasReady(0)
    },
  },
  {
    name: 'deadLetter: the message reaches the dead-letter target whole',
    async run(stage) {
      const body = oddBody(stage)
      await stage.publish([
        message('bad', { body, headers: { tenant: 'c', depth: 2 }, contentType: 'application/x-odd' }),
        message('good'),
      ])
      const taker = await stage.take(await stage.connect(), { permits: 1 }, (delivery) => void delivery.deadLetter())
      await taker.has(1)
      await stage.hasReady(1)
      const [dead, ...others] = await deadLetters(stage, 1)
      expect(others).toEqual([])
      expect(dead).toMatchObject({ id: 'bad', headers: { tenant: 'c', depth: 2 }, contentType: 'application/x-odd' })
      expect(Buffer.from(dead?.body ?? []).equals(body)).toBe(true)
    },
  },
  {
    name: 'settle: in any order, each delivery gets its own settlement and the unsettled ones go back',
    run: settleInAnyOrder,
  },
  {
    name: 'settle: one delivery that is never settled hinders no other',
    async run(stage) {
      await stage.publish(messages(200))
      const broker = await stage.connect()
      const taker = await stage.take(
        broker,
        { maxUnsettled: 10 },
        (delivery, self) => void (self.count > 1 && delivery.ack()),
      )
      await taker.has(200)
      expect(new Set(taker.ids).size).toBe(200)
      await taker.close()
      await stage.hasReady(1)
      const next = await stage.take(broker, {}, ackAtOnce)
      await next.has(1)
      expect(next.last.message).toMatchObject({ id: taker.at(0).message.id, redelivered: true })
    },
  },
  {
    name: 'settle: a subscription that settles nothing hinders no other of its broker',
    async run(stage) {
      const broker = await stage.connect()
      const stuck = await stage.take(broker, { maxUnsettled: 5 }, hold)
      await stuck.isLinked('consuming')
      await stage.publish(messages(5, 'stuck'))
      await stuck.has(5)
      const busy = await stage.take(broker, { maxUnsettled: 5 }, ackAtOnce)
      await stage.publish(messages(100))
      await busy.has(100)
      expect(stuck.count).toBe(5)
      for (const delivery of stuck.deliveries) expect(delivery.ack()).toBe(true)
    },
  },
]

/** Acks may travel in runs: a run may never cover a delivery that nobody has acked. */
async function settleInAnyOrder(stage: Stage): Promise<void> {
  const random = seededRandom(7)
  await stage.publish(messages(200))
  const broker = await stage.connect()
  const taker = await stage.take(broker, { maxUnsettled: 200, permits: 200 }, hold)
  await taker.has(200)
  const fates = new Map(
    taker.ids.map((id) => [id, random.pick(['ack', 'ack', 'ack', 'requeue', 'deadLetter', 'leave'])]),
  )
  const order = new Map(taker.deliveries.map((delivery) => [delivery, random.whole(0, 1e6)]))
  const shuffled = taker.deliveries.toSorted((a, b) => (order.get(a) ?? 0) - (order.get(b) ?? 0))
  for (const [index, delivery] of shuffled.entries()) {
    const settle = settlements[fates.get(delivery.message.id) ?? '']
    if (settle !== undefined) expect(await settle(delivery)).toBe(true)
    if (index % 20 === 0) await new Promise((resolve) => setImmediate(resolve))
  }
  const having = (...some: string[]): string[] =>
    taker.ids.filter((id) => some.includes(fates.get(id) ?? '')).toSorted()
  await taker.close()
  await stage.hasReady(having('requeue', 'leave').length)
  expect((await deadLetters(stage, having('deadLetter').length)).map((dead) => dead.id).toSorted()).toEqual(
    having('deadLetter'),
  )
  const rest = await stage.take(broker, { maxUnsettled: 200 }, ackAtOnce)
  await rest.has(having('requeue', 'leave').length)
  expect(rest.ids.toSorted()).toEqual(having('requeue', 'leave'))
  expect(rest.deliveries.every((delivery) => delivery.message.redelivered)).toBe(true)
}

/** Waits for `count` dead letters. */
export async function deadLetters(stage: Stage, count: number): Promise<Raw[]> {
  const found: Raw[] = []
  await eventually(
    async () => {
      found.push(...(await stage.deadLettered()))
      return found.length >= count
    },
    { what: `${count} dead letters` },
  )
  return found
}
