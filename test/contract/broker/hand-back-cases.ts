import { expect } from 'vitest'
import type { Broker, Delivery, Passage } from '../../../src/contracts/broker.ts'
import { isQueueCanaryError } from '../../../src/errors.ts'
import { eventually, remains, settles } from '../../support/eventually.ts'
import { deadLetters } from './settle-cases.ts'
import type { BrokerCase, Stage, Taker } from './stage.ts'
import { ackAtOnce, hold, message, messages, note, oddBody } from './stage.ts'

const bounded = { what: 'a bounded answer', deadlineMs: 20_000 }

export const handBackCases: readonly BrokerCase[] = [
  {
    name: 'handBack: the message waits in the hand-back queue with all that it had, and is gone from its own',
    async run(stage) {
      const body = oddBody(stage)
      const properties = { contentType: 'application/x-odd', correlationId: 'c-1', ttlMs: 60_000 }
      const { taker, broker } = await takeOne(
        stage,
        message('whole', { body, headers: { tenant: 'a', depth: 2 }, ...properties }),
      )
      expect(await taker.last.handBack(note)).toBe(true)
      await broker.close()
      await stage.hasReady(0)
      const [raw, ...others] = await stage.takeHandedBack()
      expect(others).toEqual([])
      expect(raw).toMatchObject({
        id: 'whole',
        headers: { tenant: 'a', depth: 2 },
        contentType: 'application/x-odd',
        correlationId: 'c-1',
      })
      expect(Buffer.from(raw?.body ?? []).equals(body)).toBe(true)
      if (stage.target.timeToLive === false) return
      expect(raw?.ttlMs).toBeGreaterThan(0)
      expect(raw?.ttlMs).toBeLessThanOrEqual(60_000)
    },
  },
  {
    name: 'handBack: a subscription to the hand-back queue sees the message and the note',
    async run(stage) {
      const { taker, broker } = await takeOne(stage, message('tried', { headers: { tenant: 'b' } }))
      expect(await taker.last.handBack(note)).toBe(true)
      const rescue = await stage.take(await stage.connect(), { source: 'handBack' }, ackAtOnce)
      await rescue.has(1)
      expect(rescue.last.message).toMatchObject({ id: 'tried', headers: { tenant: 'b' } })
      expect(Buffer.from(rescue.last.message.body).toString()).toBe('body of tried')
      expect(rescue.last.passage).toEqual({
        handedBack: note,
        dead: false,
        retried: counted(broker, note.deliveryCount),
      })
      await rescue.close()
      await broker.close()
      expect([await stage.ready(), await stage.handBackReady()]).toEqual([0, 0])
    },
  },
  {
    name: 'handBack: every reason and count travels, many at a time',
    async run(stage) {
      await stage.publish(messages(60))
      const broker = await prepared(stage)
      const reasons = ['failed', 'timedOut', 'returned'] as const
      const taker = await stage.take(broker, { maxUnsettled: 60, permits: 60 }, hold)
      await taker.has(60)
      const notes = new Map(
        taker.ids.map((id, index) => [
          id,
          { version: `v${index}`, reason: reasons[index % 3] ?? 'failed', deliveryCount: index },
        ]),
      )
      const answers = taker.deliveries.map((delivery) => delivery.handBack(notes.get(delivery.message.id) ?? note))
      expect(new Set(await Promise.all(answers))).toEqual(new Set([true]))
      await stage.hasReady(0)
      const rescue = await stage.take(broker, { source: 'handBack', maxUnsettled: 20 }, ackAtOnce)
      await rescue.has(60)
      expect(new Map(rescue.deliveries.map((delivery) => [delivery.message.id, delivery.passage.handedBack]))).toEqual(
        notes,
      )
    },
  },
  {
    name: 'handBack: requeue returns the message to the hand-back queue, with its note',
    async run(stage) {
      const { taker, broker } = await takeOne(stage, message('twice'))
      await taker.last.handBack(note)
      const rescue = await stage.take(
        broker,
        { source: 'handBack' },
        (delivery, self) => void (self.count === 1 && delivery.requeue()),
      )
      await rescue.has(2)
      expect(rescue.last.passage).toEqual({
        handedBack: note,
        dead: false,
        retried: counted(broker, note.deliveryCount + 1),
      })
      expect(rescue.last.message.redelivered).toBe(true)
      expect(rescue.last.ack()).toBe(true)
    },
  },
  {
    name: 'handBack: dead-lettered from there it reaches the dead-letter target, marked where it passes through the queue',
    async run(stage) {
      const { taker, broker } = await takeOne(stage, message('poison', { headers: { tenant: 'c' } }))
      await taker.last.handBack(note)
      const rescue = await stage.take(broker, { source: 'handBack' }, (delivery) => void delivery.deadLetter())
      await rescue.has(1)
      const passing = await stage.take(broker, { permits: 1 }, (delivery) => void delivery.deadLetter())
      const [dead] = await deadLetters(stage, 1)
      expect(dead).toMatchObject({ id: 'poison', headers: { tenant: 'c' } })
      expect(Buffer.from(dead?.body ?? []).toString()).toBe('body of poison')
      expect(passing.deliveries.every(({ passage, message: { id } }) => passage.dead && id === 'poison')).toBe(true)
      expect(passing.count).toBe(stage.target.heldBy === 'lease' ? 0 : 1)
    },
  },
  {
    name: 'handBack: a message whose time ends there passes through the queue, marked',
    async run(stage) {
      const broker = await prepared(stage)
      const taker = await stage.take(broker, { maxUnsettled: 1 }, hold)
      await taker.isLinked('consuming')
      await stage.publish([message('late', { ttlMs: 2_000 })])
      await taker.has(1)
      expect(await taker.last.handBack(note)).toBe(true)
      await taker.has(2)
      expect(taker.last.message.id).toBe('late')
      expect(taker.last.passage.dead).toBe(true)
    },
  },
  {
    name: 'handBack: while it is under way nothing else settles the delivery',
    async run(stage) {
      const { taker } = await takeOne(stage, message('pending'))
      const handedBack = taker.last.handBack(note)
      expect([taker.last.ack(), taker.last.requeue(), taker.last.deadLetter()]).toEqual([false, false, false])
      expect(await Promise.all([handedBack, taker.last.handBack(note)])).toEqual([true, false])
      await eventually(async () => (await stage.handBackReady()) === 1, { what: 'one message handed back' })
    },
  },
  { name: 'handBack: without a queue to take it the delivery stays unsettled', run: handBackToNowhere },
  {
    name: 'handBack: of a void delivery resolves false and publishes nothing',
    async run(stage) {
      const { taker } = await takeOne(stage, message('void'))
      await taker.close()
      expect(await settles(taker.last.handBack(note), bounded)).toBe(false)
      await stage.hasReady(1)
      await remains(async () => (await stage.handBackReady()) === 0, { what: 'nothing handed back' })
    },
  },
  { name: 'handBack: links cut in the middle of it lose no message', run: cutDuringHandBack },
  {
    name: 'handBack: prepare is idempotent, and missing queues are refused',
    async run(stage) {
      const broker = await prepared(stage)
      await Promise.all([broker.prepareHandBack(), broker.prepareHandBack()])
      expect(broker.capabilities.handBack).toBe(true)
      const strict = await stage.connect({ handBack: 'missing' })
      const failure = await settles(
        strict.prepareHandBack().then(
          () => undefined,
          (error: unknown) => error,
        ),
        bounded,
      )
      expect(isQueueCanaryError(failure, 'BROKER_REFUSED')).toBe(true)
    },
  },
  {
    name: 'handBack: a subscription to a hand-back queue that does not exist yet waits for it',
    async run(stage) {
      const rescue = await stage.take(await stage.connect(), { source: 'handBack' }, ackAtOnce)
      await rescue.isLinked('missing')
      const { taker } = await takeOne(stage, message('first'))
      await taker.last.handBack(note)
      await rescue.has(1)
      expect(rescue.link).toBe('consuming')
    },
  },
  {
    name: 'handBack off: nothing is prepared, its queue cannot be subscribed to',
    async run(stage) {
      const broker = await stage.connect({ handBack: 'off' })
      expect(broker.capabilities.handBack).toBe(false)
      await broker.prepareHandBack()
      const refused = await stage.take(broker, { source: 'handBack' }, hold).then(
        () => undefined,
        (error: unknown) => error,
      )
      expect(isQueueCanaryError(refused, 'BROKER_REFUSED')).toBe(true)
      expect((await broker.inspect()).handBackBacklog).toBe(0)
    },
  },
]

async function prepared(stage: Stage): Promise<Broker> {
  const broker = await stage.connect()
  await broker.prepareHandBack()
  return broker
}

/** A broker with hand-back, and one unsettled delivery of it. */
async function takeOne(stage: Stage, outgoing: ReturnType<typeof message>): Promise<{ broker: Broker; taker: Taker }> {
  const broker = await prepared(stage)
  await stage.publish([outgoing])
  const taker = await stage.take(broker, { permits: 1 }, hold)
  await taker.has(1)
  return { broker, taker }
}

async function handBackToNowhere(stage: Stage): Promise<void> {
  const { taker } = await takeOne(stage, message('kept', { body: Buffer.from('a secret body') }))
  await stage.faults.deleteHandBackQueue()
  const failure = await settles(
    taker.last.handBack(note).then(
      () => undefined,
      (error: unknown) => error,
    ),
    bounded,
  )
  // where the adapter may declare it, the queue may come again by itself
  expect(failure).toMatchObject({ code: expect.stringMatching(/^(HAND_BACK_FAILED|BROKER_REFUSED)$/) })
  expect(`${String(failure)} ${JSON.stringify(failure)}`).not.toContain('a secret body')
  expect(taker.last.requeue()).toBe(true)
  await taker.close()
  await stage.hasReady(1)
}

/** Handed back, requeued by the cut, or both; never neither. What resolved true is in the hand-back queue. */
async function cutDuringHandBack(stage: Stage): Promise<void> {
  const broker = await prepared(stage)
  await stage.publish(messages(200))
  const taker = await stage.take(broker, { maxUnsettled: 200, permits: 200 }, hold)
  await taker.has(200)
  const attempt = (delivery: Delivery): Promise<boolean> => delivery.handBack(note)
  const pending = taker.deliveries.slice(0, 100).map(attempt)
  await Promise.race(pending)
  const later = taker.deliveries.slice(100).map(attempt)
  await stage.faults.cutLinks()
  const outcomes = await settles(Promise.allSettled([...pending, ...later]), {
    what: 'every hand-back answered',
    deadlineMs: 30_000,
  })
  for (const outcome of outcomes) {
    if (outcome.status === 'rejected') expect(isQueueCanaryError(outcome.reason, 'HAND_BACK_FAILED')).toBe(true)
  }
  await broker.close()
  const rest = await stage.take(await stage.connect(), { maxUnsettled: 200 }, ackAtOnce)
  const handedBack = new Set<string>()
  await eventually(
    async () => {
      for (const raw of await stage.takeHandedBack()) handedBack.add(raw.id)
      return new Set([...rest.ids, ...handedBack]).size === 200
    },
    { what: 'every message in one of the two queues' },
  )
  const resolved = taker.ids.filter((_, index) => outcomes[index]?.status === 'fulfilled' && outcomes[index].value)
  expect(resolved.filter((id) => !handedBack.has(id))).toEqual([])
}

/** Where the broker counts the attempts, it tells them of a message that nobody has tried again. */
function counted({ capabilities }: Pick<Broker, 'capabilities'>, attempts: number): Passage['retried'] {
  if (capabilities.retryLater !== 'counted') return undefined
  return { attempts, waits: 0, version: undefined, reason: undefined }
}
