import { describe, expect, it } from 'vitest'
import type { Delivery } from '../../src/contracts/broker.ts'
import { message, note } from '../contract/broker/stage.ts'
import { eventually } from '../support/eventually.ts'
import type { Fault } from '../support/http-fault-proxy.ts'
import { useTeardown } from '../support/teardown.ts'
import { openSqsLab } from './support/sqs-lab.ts'
import type { SqsLab } from './support/sqs-lab.ts'

const teardown = useTeardown({ deadlineMs: 30_000 })

describe('a hand-back that fails', () => {
  it.each([
    ['AccessDeniedException', 400, 'grant sqs:SendMessage'],
    ['KmsAccessDeniedException', 400, 'the use of its key'],
    ['QueueDoesNotExist', 400, 'does not exist'],
    ['InvalidMessageContents', 400, 'refused with InvalidMessageContents'],
  ])('with %s is refused: it would fail again', async (code, status, reason) => {
    const { lab, delivery } = await takeOne()
    lab.proxy.inflict(sends({ kind: 'refuse', status, code }))
    const failure = await failureOf(delivery)
    expect(failure).toMatchObject({ code: 'BROKER_REFUSED', message: expect.stringContaining(reason) })
    await isBackAfterReturn(lab, delivery)
  })

  it.each([
    ['RequestThrottled', 400],
    ['KmsThrottled', 400],
    ['InternalFailure', 500],
    ['ServiceUnavailable', 503],
    ['ExpiredToken', 403],
    ['RequestTimeTooSkewed', 403],
  ])('with %s may be tried again', async (code, status) => {
    const { lab, delivery } = await takeOne()
    lab.proxy.inflict(sends({ kind: 'refuse', status, code }))
    expect(await failureOf(delivery)).toMatchObject({ code: 'HAND_BACK_FAILED', retryable: true })
    lab.proxy.inflict(() => undefined)
    expect(await delivery.handBack(note)).toBe(true)
  })

  it('as the hand-back queue takes no message of that size is refused, and says so', async () => {
    const { lab, delivery } = await takeOne('secret'.repeat(500), { MaximumMessageSize: '2048' })
    const failure = await failureOf(delivery)
    expect(failure).toMatchObject({
      code: 'BROKER_REFUSED',
      message: `hand-back refused: queue "${lab.queue}-back" takes no message of more than 2048 bytes`,
    })
    expect(`${String(failure)} ${JSON.stringify(failure)}`).not.toContain('secret')
    await isBackAfterReturn(lab, delivery)
  })
})

async function takeOne(body = 'x', attributes: Readonly<Record<string, string>> = {}) {
  const lab = await openSqsLab(teardown, { visibility: 30 })
  const handBackQueue = teardown.add(`${lab.queue}-back`, (name) => lab.helper.delete(name))
  await lab.helper.declare(handBackQueue, attributes)
  await lab.helper.publish(lab.queue, [message('only', { body: Buffer.from(body) })])
  const broker = lab.broker({ handBack: { kind: 'existing', queue: handBackQueue } })
  const taker = await lab.take({ permits: 1 }, () => {}, broker)
  await taker.has(1)
  return { lab, delivery: taker.last }
}

function sends(fault: Fault) {
  return ({ action }: { readonly action: string }): Fault | undefined => (action === 'SendMessage' ? fault : undefined)
}

function failureOf(delivery: Delivery): Promise<unknown> {
  return delivery.handBack(note).catch((error: unknown) => error)
}

async function isBackAfterReturn({ helper, queue }: SqsLab, delivery: Delivery): Promise<void> {
  expect(delivery.requeue()).toBe(true)
  await eventually(async () => expect(await helper.ready(queue)).toBe(1), { what: 'the message' })
}
