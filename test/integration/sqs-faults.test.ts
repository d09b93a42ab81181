import { describe, expect, it } from 'vitest'
import { message, messages } from '../contract/broker/stage.ts'
import { eventually, remains, settles } from '../support/eventually.ts'
import type { Exchange, Fault } from '../support/http-fault-proxy.ts'
import { testCredentials, testIdOf } from '../support/sqs-helper.ts'
import { useTeardown } from '../support/teardown.ts'
import { consumeThrough } from './support/sqs-cuts.ts'
import { openSqsLab, reasonsOf } from './support/sqs-lab.ts'

const teardown = useTeardown({ deadlineMs: 30_000 })
const throttled: Fault = { kind: 'refuse', status: 400, code: 'RequestThrottled' }
const broken: Fault = { kind: 'refuse', status: 500, code: 'InternalFailure' }

/** The fault, for the first so many requests of the action. */
function first(action: string, count: number, fault: Fault) {
  return (exchange: Exchange): Fault | undefined =>
    exchange.action === action && exchange.count <= count ? fault : undefined
}

describe('deletes (Q-01, Q-02, Q-13)', () => {
  it.each([
    ['answered with 500', broken],
    ['throttled', throttled],
    ['lost on the way back', { kind: 'loseAnswer' }],
    ['cut in the answer', { kind: 'cutAnswer', bytes: 20 }],
  ] as const)('that are %s are made again, and nothing comes back', async (_, fault) => {
    const { helper, queue, proxy, take } = await openSqsLab(teardown)
    proxy.inflict(first('DeleteMessageBatch', 3, fault))
    await helper.publish(queue, messages(5))
    const taker = await take({}, (delivery) => void delivery.ack())
    await taker.has(5)
    await eventually(async () => (await helper.hidden(queue)) === 0, { what: 'all are deleted' })
    await remains(() => taker.count === 5, { what: 'nothing comes back', forMs: 3_500 })
    expect(proxy.seen.filter(({ action }) => action === 'DeleteMessageBatch').length).toBeGreaterThan(3)
  })

  it('that fail for some entries are made again for those alone', async () => {
    const { helper, queue, proxy, take } = await openSqsLab(teardown)
    proxy.inflict(
      first('DeleteMessageBatch', 1, {
        kind: 'edit',
        edit: ({ Successful: all }) => {
          const [failed, ...others] = all as { Id: string }[]
          return { Successful: others, Failed: [{ Id: failed?.Id, Code: 'InternalError', SenderFault: false }] }
        },
      }),
    )
    await helper.publish(queue, messages(4))
    const taker = await take({ permits: 4 }, (_, self) => {
      if (self.count === 4) for (const delivery of self.deliveries) delivery.ack()
    })
    await taker.has(4)
    const deletes = (): readonly unknown[][] =>
      proxy.seen.flatMap(({ action, body }) => (action === 'DeleteMessageBatch' ? [body['Entries'] as unknown[]] : []))
    await eventually(() => deletes().length === 2, { what: 'a second delete' })
    expect(deletes().map((entries) => entries.length)).toEqual([4, 1])
  })
})

describe('receives (Q-03, Q-08, Q-09, Q-17)', () => {
  it('whose answer is lost: the messages come again when their visibility ends', async () => {
    const { helper, queue, proxy, take } = await openSqsLab(teardown, { visibility: 2 })
    await helper.publish(queue, messages(20))
    proxy.inflict(first('ReceiveMessage', 1, { kind: 'loseAnswer' }))
    const taker = await take({}, (delivery) => void delivery.ack())
    await taker.has(20)
    expect(new Set(taker.deliveries.map(({ message: { headers } }) => testIdOf(headers))).size).toBe(20)
  })

  it('of a FIFO queue whose answer is lost are repeated under their own id', async () => {
    const { helper, queue, proxy, take } = await openSqsLab(teardown, { fifo: true, visibility: 2 })
    await helper.publish(queue, messages(3))
    proxy.inflict(first('ReceiveMessage', 1, { kind: 'loseAnswer' }))
    const taker = await take({}, (delivery) => void delivery.ack())
    await taker.has(3)
    const ids = (): readonly unknown[] =>
      proxy.seen.flatMap(({ action, body }) => (action === 'ReceiveMessage' ? [body['ReceiveRequestAttemptId']] : []))
    expect(ids()[1]).toBe(ids()[0])
    await eventually(() => new Set(ids()).size > 1, { what: 'a poll under an id of its own' })
  })

  it.each([
    [throttled, 'consuming', 'SQS gives nothing'],
    [{ kind: 'refuse', status: 503, code: 'ServiceUnavailable' }, 'connecting', 'SQS cannot be reached'],
  ] as const)(
    'that meet %j are made less often, by this consumer alone, until they pass; its link is %s',
    async (fault, link, said) => {
      const lab = await openSqsLab(teardown)
      let on = true
      lab.proxy.inflict(({ action }) => (on && action === 'ReceiveMessage' ? fault : undefined))
      const taker = await lab.take({ maxUnsettled: 100 }, (delivery) => void delivery.ack())
      await eventually(() => lab.logged.some((line) => line.includes(said)), { what: 'a line in the log' })
      await remains(() => taker.link === link, { what: `its link is ${link}`, forMs: 2_000 })
      const asked = lab.proxy.seen.filter(({ action }) => action === 'ReceiveMessage').length
      expect(asked).toBeLessThan(30)
      on = false
      await lab.helper.publish(lab.queue, messages(3))
      await taker.has(3)
      expect(taker.link).toBe('consuming')
      expect(lab.logged.some((line) => line.includes('SQS answers again'))).toBe(true)
    },
  )

  it.each([
    ['ExpiredToken', 403, /credentials/],
    ['RequestTimeTooSkewed', 403, /clock/],
    ['InvalidClientTokenId', 403, /credentials/],
    ['AccessDeniedException', 400, /grant sqs:ReceiveMessage/],
  ] as const)('that meet %s are refused with the reason, and what is held stays held', async (code, status, reason) => {
    const { helper, queue, proxy, take, logged } = await openSqsLab(teardown)
    await helper.publish(queue, messages(2))
    const taker = await take({ maxUnsettled: 5 })
    const reasons = reasonsOf(taker)
    await taker.has(2)
    proxy.inflict(({ action }) => (action === 'ReceiveMessage' ? { kind: 'refuse', status, code } : undefined))
    await taker.isLinked('refused')
    expect(reasons.at(-1)).toMatch(reason)
    expect(taker.deliveries.map((delivery) => delivery.isVoid)).toEqual([false, false])
    proxy.inflict(() => undefined)
    await taker.isLinked('consuming')
    expect(taker.deliveries.map((delivery) => delivery.ack())).toEqual([true, true])
    expect(logged.join('\n')).not.toContain(testCredentials.secretAccessKey)
  })

  it('that hang are given up, and made again', async () => {
    const { helper, queue, proxy, take } = await openSqsLab(teardown)
    proxy.inflict(first('ReceiveMessage', 1, { kind: 'hang' }))
    await helper.publish(queue, messages(1))
    const taker = await take({ permits: 1 }, (delivery) => void delivery.ack())
    await taker.has(1)
    expect(taker.links).toContain('connecting')
  })

  it('of an empty queue ask seldom', async () => {
    const { proxy, take } = await openSqsLab(teardown)
    const taker = await take({ maxUnsettled: 100 })
    await taker.isLinked('consuming')
    await remains(() => true, { what: 'a while', forMs: 5_000 })
    expect(proxy.seen.filter(({ action }) => action === 'ReceiveMessage').length).toBeLessThanOrEqual(3)
  })

  it('of a server that does not wait ask seldom, too', async () => {
    const { proxy, take } = await openSqsLab(teardown)
    const emptyAtOnce: Fault = { kind: 'refuse', status: 200, code: 'None' }
    proxy.inflict(({ action }) => (action === 'ReceiveMessage' ? emptyAtOnce : undefined))
    await take({ maxUnsettled: 100 })
    await remains(() => true, { what: 'a while', forMs: 3_000 })
    expect(proxy.seen.filter(({ action }) => action === 'ReceiveMessage').length).toBeLessThan(60)
  })
})

describe('a message that is delivered twice at once (Q-14)', () => {
  it('is handled twice, and each delivery is settled by its own receipt', async () => {
    const { helper, queue, proxy, take } = await openSqsLab(teardown)
    await helper.publish(queue, messages(1))
    proxy.inflict(
      first('ReceiveMessage', 1, {
        kind: 'edit',
        edit: (answer) => {
          const [only] = (answer['Messages'] ?? []) as object[]
          return { ...answer, Messages: only === undefined ? [] : [only, { ...only, ReceiptHandle: 'of-a-replica' }] }
        },
      }),
    )
    const taker = await take({ permits: 2 })
    await taker.has(2)
    const [one, other] = taker.deliveries
    expect(one?.message.id).toBe(other?.message.id)
    expect([one?.ack(), one?.ack(), other?.ack(), other?.ack()]).toEqual([true, false, true, false])
    await eventually(async () => (await helper.hidden(queue)) + ((await helper.ready(queue)) ?? 0) === 0, {
      what: 'it is deleted',
    })
    await remains(() => taker.count === 2, { what: 'nothing comes back', forMs: 3_500 })
  })
})

describe('leases (Q-04, Q-05)', () => {
  it('a delivery whose extension is throttled too long is void, and says so', async () => {
    const { helper, queue, proxy, take } = await openSqsLab(teardown, { visibility: 2 })
    proxy.inflict(({ action }) => (action === 'ChangeMessageVisibilityBatch' ? throttled : undefined))
    await helper.publish(queue, messages(1))
    const taker = await take({ permits: 1 })
    await taker.has(1)
    await eventually(() => taker.last.isVoid, { what: 'a void delivery' })
    expect(taker.last.ack()).toBe(false)
    expect(proxy.seen.some(({ action }) => action === 'DeleteMessageBatch')).toBe(false)
  })

  it('one throttled extension is made up for in time', async () => {
    const { helper, queue, proxy, take } = await openSqsLab(teardown, { visibility: 3 })
    proxy.inflict(first('ChangeMessageVisibilityBatch', 1, throttled))
    await helper.publish(queue, messages(1))
    const taker = await take({ permits: 1 })
    await taker.has(1)
    await remains(() => !taker.last.isVoid, { what: 'a live delivery', forMs: 6_000 })
    expect(taker.last.ack()).toBe(true)
  })

  it('a late extension never hides a message that was returned meanwhile', async () => {
    const { helper, queue, proxy, take } = await openSqsLab(teardown, { visibility: 4 })
    proxy.inflict(first('ChangeMessageVisibilityBatch', 1, { kind: 'delay', ms: 1_000 }))
    await helper.publish(queue, messages(1))
    const taker = await take({ permits: 1 })
    await taker.has(1)
    await eventually(() => proxy.seen.some(({ action }) => action === 'ChangeMessageVisibilityBatch'), {
      what: 'an extension',
    })
    expect(taker.last.requeue()).toBe(true)
    await eventually(async () => (await helper.ready(queue)) === 1, { what: 'the message is back', deadlineMs: 3_000 })
    await remains(async () => (await helper.ready(queue)) === 1, { what: 'it stays visible', forMs: 1_500 })
  })
})

describe('dead letters and stops', () => {
  it('a message that may not be sent to the dead-letter queue rests, and is not lost', async () => {
    const { helper, queue, dead, proxy, take, logged } = await openSqsLab(teardown)
    proxy.inflict(({ action }) =>
      action === 'SendMessage' ? { kind: 'refuse', status: 400, code: 'AccessDeniedException' } : undefined,
    )
    await helper.publish(queue, messages(1))
    const taker = await take({}, (delivery, self) => void (self.count === 1 ? delivery.deadLetter() : delivery.ack()))
    await taker.has(2)
    expect(await helper.ready(dead)).toBe(0)
    expect(logged.some((line) => line.includes('grant sqs:SendMessage'))).toBe(true)
  })

  it('a message whose dead letter is not answered is sent again, and then deleted', async () => {
    const { helper, queue, dead, proxy, take } = await openSqsLab(teardown)
    proxy.inflict(first('SendMessage', 2, broken))
    await helper.publish(queue, messages(1))
    const taker = await take({}, (delivery) => void delivery.deadLetter())
    await taker.has(1)
    await eventually(async () => (await helper.ready(dead)) === 1, { what: 'one dead letter' })
    await eventually(async () => (await helper.hidden(queue)) === 0, { what: 'the message is deleted' })
    expect(taker.count).toBe(1)
  })

  it('what a poll brings after a stop is returned at once', async () => {
    const { helper, queue, proxy, take } = await openSqsLab(teardown, { visibility: 30 })
    proxy.inflict(({ action }) => (action === 'ReceiveMessage' ? { kind: 'delay', ms: 3_500 } : undefined))
    const taker = await take({ permits: 5 })
    await taker.isLinked('consuming')
    await helper.publish(queue, messages(3))
    await settles(taker.stop(), { what: 'stop ends although the poll does not', deadlineMs: 3_000 })
    await eventually(() => proxy.seen.some(({ body }) => JSON.stringify(body).includes('"VisibilityTimeout":0')), {
      what: 'a return',
    })
    await eventually(async () => (await helper.ready(queue)) === 3, { what: 'all are back' })
    expect(taker.count).toBe(0)
  })

  it('a message knows how often it can still be returned', async () => {
    const { helper, queue, take } = await openSqsLab(teardown, { maxReceiveCount: 3 })
    await helper.publish(queue, [message('worn')])
    const left: number[] = []
    await take({}, (delivery) => {
      left.push(delivery.returnsLeft)
      if (delivery.returnsLeft > 0) delivery.requeue()
      else delivery.ack()
    })
    await eventually(() => left.length === 3, { what: 'three deliveries' })
    expect(left).toEqual([2, 1, 0])
  })
})

describe('returns at the last delivery (Q-07)', () => {
  it.each([
    ['is sent anew', undefined, { ready: 1, dead: 0 }],
    ['returns, where that is not allowed', 'SendMessage', { ready: 0, dead: 1 }],
  ] as const)('a message %s', async (_, denied, expected) => {
    const { helper, queue, dead, proxy, take } = await openSqsLab(teardown, { maxReceiveCount: 1 })
    proxy.inflict(({ action }) =>
      action === denied ? { kind: 'refuse', status: 400, code: 'AccessDeniedException' } : undefined,
    )
    await helper.publish(queue, [message('last', { headers: { tenant: 'a' } })])
    const taker = await take({ permits: 1 })
    await taker.has(1)
    expect(taker.last.returnsLeft).toBe(0)
    expect(taker.last.requeue()).toBe(true)
    await eventually(async () => (await helper.ready(queue)) === 1, { what: 'the message is back' })
    const left = await helper.drain(queue)
    const gone = await helper.drain(dead)
    expect({ ready: left.length, dead: gone.length }).toEqual(expected)
    expect([...left, ...gone]).toMatchObject([{ id: 'last', headers: { tenant: 'a' } }])
  })
})

describe('answers that are cut, lost and refused at random', () => {
  it.each([1])('lose no message (seed %d)', { timeout: 120_000 }, async (seed) => {
    const { faults, logged } = await consumeThrough(teardown, seed)
    expect(faults).toBeGreaterThan(30)
    expect(logged).not.toContain('body of')
    expect(logged).not.toContain(testCredentials.secretAccessKey)
  })
})
