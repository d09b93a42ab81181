import { expect } from 'vitest'
import { retryHeaders } from '../../../src/contracts/broker.ts'
import type { Broker, BrokerCapabilities, Delivery, RetryNote } from '../../../src/contracts/broker.ts'
import { isQueueCanaryError } from '../../../src/errors.ts'
import { eventually, remains, settles } from '../../support/eventually.ts'
import type { BrokerCase, Stage } from './stage.ts'
import { ackAtOnce, hold, message, messages, note } from './stage.ts'

const bounded = { what: 'a bounded answer', deadlineMs: 20_000 }
const first: RetryNote = {
  attempts: 1,
  version: 'v1',
  reason: 'failed',
  error: 'TypeError',
  delayMs: 1_000,
  waits: 0,
  dead: false,
}

const unlessAble = ({ retryLater }: BrokerCapabilities): string | undefined =>
  retryLater === 'none' ? 'the broker keeps no message for a retry' : undefined
const unlessNoted = ({ retryLater }: BrokerCapabilities): string | undefined =>
  retryLater === 'noted' ? undefined : 'the broker keeps no note of a retry'

const cases: readonly BrokerCase[] = [
  {
    name: 'retryLater: the message comes back with all that it had, not before its time, and tells the attempts',
    async run(stage) {
      const properties = { contentType: 'application/x-odd', correlationId: 'c-1' }
      await stage.publish([message('again', { headers: { tenant: 'a', depth: 2 }, ...properties })])
      const taker = await stage.take(await stage.connect(), {}, hold)
      await taker.has(1)
      expect(taker.last.passage.retried).toBeUndefined()
      const since = performance.now()
      expect(await taker.last.retryLater({ ...first, delayMs: 1_500 })).toBe(true)
      await taker.has(2)
      expect(performance.now() - since).toBeGreaterThanOrEqual(1_450)
      expect(taker.last.message).toMatchObject({ id: 'again', headers: taker.at(0).message.headers, redelivered: true })
      expect(Buffer.from(taker.last.message.body).toString()).toBe('body of again')
      expect(taker.last.passage).toMatchObject({ dead: false, handedBack: undefined, retried: { attempts: 1 } })
      expect(taker.last.ack()).toBe(true)
      await taker.close()
      await stage.hasReady(0)
    },
  },
  {
    name: 'retryLater: what waits holds no place and no permit but its own',
    async run(stage) {
      await stage.publish(messages(30))
      const retried = new Set<string>()
      const taker = await stage.take(await stage.connect(), { maxUnsettled: 1, permits: 60 }, (delivery) => {
        const { id } = delivery.message
        if (retried.has(id)) delivery.ack()
        else void delivery.retryLater({ ...first, delayMs: 2_000 })
        retried.add(id)
      })
      await taker.has(60)
      expect(new Set(taker.ids.slice(0, 30)).size).toBe(30)
      await stage.hasReady(0)
    },
  },
  {
    name: 'retryLater: attempts add up over processes',
    async run(stage) {
      await stage.publish([message('often')])
      for (let attempts = 0; attempts < 4; attempts++) {
        const broker = await stage.connect()
        const taker = await stage.take(broker, { permits: 1 }, hold)
        await taker.has(1)
        expect(taker.last.passage.retried?.attempts ?? 0).toBe(attempts)
        expect(await taker.last.retryLater({ ...first, attempts: attempts + 1 })).toBe(true)
        await broker.close()
      }
    },
  },
  {
    name: 'retryLater: a hand-back keeps the attempts, and waits for its own queue',
    leftOut: unlessNoted,
    run: retriedAndHandedBack,
  },
  {
    name: 'retryLater: what nobody accepts leaves the hand-back queue for the queue itself',
    async run(stage) {
      const broker = await stage.connect()
      await broker.prepareHandBack()
      await stage.publish([message('strange')])
      const taker = await stage.take(broker, { permits: 2 }, hold)
      await taker.has(1)
      await taker.last.handBack({ ...note, reason: 'unaccepted' })
      const rescue = await stage.take(broker, { source: 'handBack' }, hold)
      await rescue.has(1)
      expect(rescue.last.passage.handedBack?.reason).toBe('unaccepted')
      expect(await rescue.last.retryLater({ ...first, attempts: 0, reason: 'unaccepted', waits: 2 })).toBe(true)
      await taker.has(2)
      expect(taker.last.passage).toMatchObject({
        handedBack: undefined,
        dead: false,
        retried: { attempts: 0, waits: 2 },
      })
      expect(rescue.count).toBe(1)
    },
  },
  {
    name: 'retryLater: settles the delivery, once',
    async run(stage) {
      await stage.publish([message('once')])
      const taker = await stage.take(await stage.connect(), { permits: 2 }, hold)
      await taker.has(1)
      const { last } = taker
      const pending = last.retryLater(first)
      expect([last.ack(), last.requeue(), last.deadLetter()]).toEqual([false, false, false])
      expect(await Promise.all([pending, last.retryLater(first), last.handBack(note)])).toEqual([true, false, false])
      await taker.has(2)
      await remains(() => taker.count === 2, { what: 'one copy' })
    },
  },
  {
    name: 'retryLater: of a void delivery resolves false and doubles nothing',
    async run(stage) {
      await stage.publish([message('void')])
      const taker = await stage.take(await stage.connect(), { permits: 1 }, hold)
      await taker.has(1)
      await taker.close()
      expect(await settles(taker.last.retryLater(first), bounded)).toBe(false)
      await stage.hasReady(1)
      await remains(async () => (await stage.ready()) === 1, { what: 'one message', forMs: 2_000 })
    },
  },
  {
    name: 'retryLater: the dead come back once, and take a note to the dead letters',
    leftOut: unlessNoted,
    run: diesWithNote,
  },
  { name: 'retryLater: a time to live goes on while the message waits', run: expiresMeanwhile },
  { name: 'retryLater: links cut in the middle of it lose no message', run: cutDuringRetry },
]

export const retryCases: readonly BrokerCase[] = cases.map((each) => ({ leftOut: unlessAble, ...each }))

async function retriedAndHandedBack(stage: Stage): Promise<void> {
  const broker = await stage.connect()
  await broker.prepareHandBack()
  await stage.publish([message('both', { headers: { tenant: 'b' } })])
  const taker = await stage.take(broker, { permits: 2 }, hold)
  await taker.has(1)
  await taker.last.retryLater({ ...first, attempts: 2 })
  await taker.has(2)
  expect(await taker.last.handBack(note)).toBe(true)
  const rescue = await stage.take(broker, { source: 'handBack' }, hold)
  await rescue.has(1)
  expect(rescue.last.passage).toMatchObject({ handedBack: note, dead: false, retried: { attempts: 2 } })
  expect(rescue.last.message.redelivered).toBe(false)
  expect(await rescue.last.retryLater({ ...first, attempts: 3 })).toBe(true)
  await rescue.has(2)
  expect(rescue.last.passage).toMatchObject({ handedBack: note, dead: false, retried: { attempts: 3 } })
  expect(rescue.last.message).toMatchObject({ headers: { tenant: 'b' }, redelivered: true })
  expect(rescue.last.ack()).toBe(true)
  expect(taker.count).toBe(2)
}

async function diesWithNote(stage: Stage): Promise<void> {
  const broker = await stage.connect()
  await stage.publish([message('poison', { headers: { tenant: 'c' }, correlationId: 'c-3' })])
  const taker = await stage.take(broker, { permits: 2 }, hold)
  await taker.has(1)
  await taker.last.retryLater({ ...first, attempts: 5, delayMs: 0, dead: true })
  await taker.has(2)
  expect(taker.last.passage.dead).toBe(true)
  expect(taker.last.deadLetter()).toBe(true)
  const letter = await deadLetter(stage)
  expect(letter).toMatchObject({
    id: 'poison',
    correlationId: 'c-3',
    headers: {
      tenant: 'c',
      [retryHeaders.attempts]: 5,
      [retryHeaders.version]: 'v1',
      [retryHeaders.reason]: 'failed',
      [retryHeaders.error]: 'TypeError',
    },
  })
  await stage.publish([{ ...letter, id: 'moved back', ttlMs: undefined } as never])
  const anew = await stage.take(broker, { permits: 1 }, ackAtOnce)
  await anew.has(1)
  expect(anew.last.passage).toMatchObject({ dead: false, retried: undefined })
  expect(anew.last.message.headers).not.toHaveProperty(retryHeaders.attempts)
}

/** It must reach the dead letters without being given to anybody as good. */
async function expiresMeanwhile(stage: Stage): Promise<void> {
  await stage.publish([message('late', { ttlMs: 2_500 }), message('early', { ttlMs: 60_000 })])
  const good: string[] = []
  const taker = await stage.take(await stage.connect(), {}, (delivery) => {
    if (delivery.passage.dead) delivery.deadLetter()
    else if (delivery.passage.retried === undefined) void delivery.retryLater({ ...first, delayMs: 4_000 })
    else good.push(delivery.message.id)
  })
  expect((await deadLetter(stage)).id).toBe('late')
  await eventually(() => good.length > 0, { what: 'the other one', deadlineMs: 20_000 })
  expect(good).toEqual(['early'])
  await taker.close()
}

async function deadLetter(stage: Stage): Promise<Awaited<ReturnType<Stage['deadLettered']>>[number]> {
  const found: Awaited<ReturnType<Stage['deadLettered']>>[number][] = []
  await eventually(
    async () => {
      found.push(...(await stage.deadLettered()))
      return found.length > 0
    },
    { what: 'a dead letter', deadlineMs: 20_000 },
  )
  const [letter, ...others] = found
  if (letter === undefined || others.length > 0) throw new Error(`${found.length} dead letters`)
  return letter
}

/** Waiting, requeued by the cut, or both; never neither. */
async function cutDuringRetry(stage: Stage): Promise<void> {
  const broker = await stage.connect()
  await stage.publish(messages(200))
  const taker = await stage.take(broker, { maxUnsettled: 200, permits: 200 }, hold)
  await taker.has(200)
  const retry = (delivery: Delivery): Promise<boolean> => delivery.retryLater(first)
  const pending = taker.deliveries.slice(0, 100).map(retry)
  await Promise.race(pending)
  const later = taker.deliveries.slice(100).map(retry)
  await stage.faults.cutLinks()
  const outcomes = await settles(Promise.allSettled([...pending, ...later]), {
    what: 'every retry answered',
    deadlineMs: 30_000,
  })
  for (const outcome of outcomes) {
    if (outcome.status === 'rejected') expect(isQueueCanaryError(outcome.reason, 'RETRY_FAILED')).toBe(true)
  }
  await broker.close()
  const rest = await everythingOf(await stage.connect(), stage)
  await eventually(() => new Set(rest.ids).size === 200, { what: 'every message once more', deadlineMs: 20_000 })
}

function everythingOf(broker: Broker, stage: Stage) {
  return stage.take(broker, { maxUnsettled: 200 }, ackAtOnce)
}
