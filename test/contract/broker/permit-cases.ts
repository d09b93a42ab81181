import { expect } from 'vitest'
import type { Delivery } from '../../../src/contracts/broker.ts'
import { eventually, remains } from '../../support/eventually.ts'
import { seededRandom } from '../../support/seeded-random.ts'
import type { BrokerCase, Stage, Taker } from './stage.ts'
import { ackAtOnce, hold, message, messages } from './stage.ts'

/** When a throttled consumer acks, in relation to new permits. `dry`: this was the last permit. */
const habits: Record<string, (delivery: Delivery, raise: () => void, dry: boolean) => void> = {
  'acks at once, raised later': (delivery) => void delivery.ack(),
  'acks a turn later': (delivery) => void setImmediate(() => delivery.ack()),
  'acks, then raises in the same breath': (delivery, raise, dry) => {
    delivery.ack()
    if (dry) raise()
  },
  'raises, then acks in the same breath': (delivery, raise, dry) => {
    if (dry) raise()
    delivery.ack()
  },
}

const grantCases = Object.entries(habits).flatMap(([habit, react]) =>
  [1, 10].map((maxUnsettled): BrokerCase => {
    const name = `permits: never one too many (${habit}, at most ${maxUnsettled} unsettled)`
    return { name, run: (stage) => grantInSteps(stage, maxUnsettled, react) }
  }),
)

/** 120 messages, 90 permits in random portions: 90 taken, the others left for somebody else. */
async function grantInSteps(stage: Stage, maxUnsettled: number, habit: (typeof habits)[string]): Promise<void> {
  const random = seededRandom(maxUnsettled)
  const raise = (taker: Taker): void => taker.grant(Math.min(random.whole(1, 7), 90 - taker.granted))
  const broker = await stage.connect()
  await stage.publish(messages(120))
  const taker = await stage.take(broker, { precedence: 'ahead', maxUnsettled, permits: 0 }, (delivery, self) => {
    const dry = self.count === self.granted && self.granted < 90
    habit(delivery, () => raise(self), dry)
  })
  while (taker.granted < 90) {
    raise(taker)
    await eventually(() => taker.count === taker.granted, { what: 'as many deliveries as permits' })
  }
  await taker.has(90)
  await remains(() => taker.count === 90, { what: 'no delivery without a permit' })
  await stage.hasReady(30)
}

export const permitCases: readonly BrokerCase[] = [
  ...grantCases,
  {
    name: 'permits: what is unsettled counts, and acks alone bring no message',
    async run(stage) {
      await stage.publish(messages(20))
      const taker = await stage.take(await stage.connect(), { permits: 7, maxUnsettled: 10 }, hold)
      await taker.has(7)
      await stage.hasReady(13)
      for (const delivery of taker.deliveries) expect(delivery.ack()).toBe(true)
      await remains(() => taker.count === 7, { what: 'no eighth delivery' })
      taker.grant(3)
      await taker.has(10)
      await taker.close()
      await stage.hasReady(13)
    },
  },
  {
    name: 'permits: a smaller or senseless total is ignored',
    async run(stage) {
      await stage.publish(messages(5, 'early'))
      const taker = await stage.take(await stage.connect(), { permits: 8 }, ackAtOnce)
      await taker.has(5)
      for (const total of [6, 0, -1, 8, Number.NaN]) taker.subscription.permit(total)
      await stage.publish(messages(15, 'late'))
      await taker.has(8)
      await remains(() => taker.count === 8, { what: 'no ninth delivery' })
      taker.grant(2)
      taker.subscription.permit(1)
      await taker.has(10)
      await stage.hasReady(10)
    },
  },
  {
    name: 'permits: without any nothing is taken and nobody else is hindered',
    async run(stage) {
      const idle = await stage.take(await stage.connect(), { precedence: 'ahead', permits: 0 }, hold)
      await idle.isLinked('idle')
      await stage.publish(messages(50))
      await stage.hasReady(50)
      await remains(() => idle.count === 0, { what: 'nothing taken' })
      await stage.hasReady(50)
      const busy = await stage.take(await stage.connect(), {}, ackAtOnce)
      await busy.has(50)
      await stage.hasReady(0)
      expect(idle.count).toBe(0)
    },
  },
  {
    name: 'permits: when they are used up the rest goes to others at once',
    async run(stage) {
      await stage.publish(messages(100))
      const throttled = await stage.take(
        await stage.connect(),
        { precedence: 'ahead', permits: 10, maxUnsettled: 10 },
        hold,
      )
      await throttled.has(10)
      const busy = await stage.take(await stage.connect(), { maxUnsettled: 50 }, ackAtOnce)
      await busy.has(90)
      expect(new Set([...throttled.ids, ...busy.ids]).size).toBe(100)
    },
  },
  {
    name: 'permits: two throttled subscriptions of one broker each keep their own',
    async run(stage) {
      const broker = await stage.connect()
      await stage.publish(messages(100))
      const [first, second] = await Promise.all([
        stage.take(broker, { permits: 40, maxUnsettled: 3 }, ackAtOnce),
        stage.take(broker, { permits: 25, maxUnsettled: 10 }, ackAtOnce),
      ])
      await first.has(40)
      await second.has(25)
      await remains(() => first.count + second.count === 65, { what: '65 deliveries in all' })
      await stage.hasReady(35)
      second.grant(5)
      await second.has(30)
      expect(first.count).toBe(40)
    },
  },
  {
    name: 'permits: more than there are messages wait for the next ones',
    async run(stage) {
      const taker = await stage.take(await stage.connect(), { permits: 30, maxUnsettled: 10 }, ackAtOnce)
      await taker.isLinked('consuming')
      await stage.publish(messages(12, 'early'))
      await taker.has(12)
      await stage.publish(messages(28, 'late'))
      await taker.has(30)
      await remains(() => taker.count === 30, { what: 'no 31st delivery' })
      await stage.hasReady(10)
    },
  },
  {
    name: 'permits: raising a stopped or closed subscription does nothing',
    async run(stage) {
      const broker = await stage.connect()
      const stopped = await stage.take(broker, { permits: 0 }, hold)
      const closed = await stage.take(broker, { permits: 0 }, hold)
      await stopped.stop()
      await closed.close()
      await stage.publish(messages(5))
      stopped.grant(5)
      closed.grant(5)
      await remains(() => stopped.count + closed.count === 0, { what: 'no delivery' })
      await stage.hasReady(5)
    },
  },
  {
    name: 'precedence: ahead takes the next message while it has permits, normal takes all others',
    run: aheadBeforeNormal,
  },
  {
    name: 'maxUnsettled: never more at a time, the next one when one is settled',
    async run(stage) {
      await stage.publish(messages(20))
      const taker = await stage.take(await stage.connect(), { maxUnsettled: 3 }, hold)
      await taker.has(3)
      await remains(() => taker.count === 3, { what: 'three unsettled' })
      await stage.hasReady(17)
      for (let settled = 0; settled < 17; settled++) {
        expect(taker.at(settled).ack()).toBe(true)
        await taker.has(settled + 4)
      }
      for (const delivery of taker.deliveries.slice(17)) delivery.ack()
      await stage.hasReady(0)
      expect(new Set(taker.ids).size).toBe(20)
    },
  },
]

/**
 * One message at a time beside an idle stable consumer. Without precedence the two would share them; a few may pass by in the moments in
 * which a throttled subscription renews its link.
 */
async function aheadBeforeNormal(stage: Stage): Promise<void> {
  const normal = await stage.take(await stage.connect(), { maxUnsettled: 50 }, ackAtOnce)
  await normal.isLinked('consuming')
  const ahead = await stage.take(
    await stage.connect(),
    { precedence: 'ahead', permits: 40, maxUnsettled: 5 },
    ackAtOnce,
  )
  let published = 0
  const publishOne = async (): Promise<void> => {
    await stage.publish([message(`m-${published++}`)])
    await eventually(() => ahead.count + normal.count >= published, { what: `delivery of message ${published}` })
  }
  while (ahead.count < 40 && normal.count < 10) {
    await ahead.isLinked('consuming')
    await publishOne()
  }
  expect(ahead.count).toBe(40)
  expect(normal.count).toBeLessThan(5)
  const before = normal.count
  for (let more = 0; more < 20; more++) await publishOne()
  expect(normal.count).toBe(before + 20)
  await stage.hasReady(0)
}
