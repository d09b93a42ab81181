import { describe, expect, it } from 'vitest'
import type { Delivery, RetryNote } from '../../src/contracts/broker.ts'
import { message } from '../contract/broker/stage.ts'
import { eventually } from '../support/eventually.ts'
import { of } from '../support/ledger-check.ts'
import { useTeardown } from '../support/teardown.ts'
import { openSqsLab } from './support/sqs-lab.ts'
import { useSqsStage } from './support/sqs-stage.ts'

const putOff: RetryNote = {
  attempts: 0,
  version: 'v1',
  reason: 'unaccepted',
  waits: 1,
  error: undefined,
  delayMs: 1_500,
  dead: false,
  keep: true,
}
const inGroup = (id: string, group: string) => ({ ...message(id), group })
const idOf = ({ message: { headers } }: Delivery): unknown => headers['test-id']

describe('a message of a FIFO queue that nobody accepts yet', () => {
  const teardown = useTeardown({ deadlineMs: 30_000 })

  it('comes back to whoever parked it, beyond its visibility timeout, and has used no receive up', async () => {
    const { helper, queue, take } = await openSqsLab(teardown, { fifo: true, visibility: 1, maxReceiveCount: 2 })
    await helper.publish(queue, [inGroup('strange', 'a'), inGroup('behind', 'a'), inGroup('other', 'b')])
    const taker = await take({}, (delivery) => {
      if (idOf(delivery) === 'strange') void delivery.retryLater({ ...putOff, waits: taker.count })
      else if (idOf(delivery) === 'behind') delivery.requeue()
      else delivery.ack()
    })
    const seen = (id: string) => taker.deliveries.filter((delivery) => idOf(delivery) === id)
    await eventually(() => seen('strange').length === 4, { what: 'four times' })
    expect(seen('strange').map(({ message: { deliveryCount } }) => deliveryCount)).toEqual([0, 0, 0, 0])
    expect(seen('strange').at(-1)?.passage.retried).toMatchObject({ attempts: 0, reason: 'unaccepted', version: 'v1' })
    expect(seen('behind').length).toBeLessThanOrEqual(1)
    expect(seen('other')).toHaveLength(1)
    expect(taker.violations).toEqual([])
  })

  it('goes to others, in its place, once whoever parked it stops', async () => {
    const { helper, queue, take } = await openSqsLab(teardown, { fifo: true, visibility: 20 })
    await helper.publish(queue, [inGroup('first', 'a'), inGroup('second', 'a')])
    const taker = await take({}, (delivery) => {
      if (idOf(delivery) === 'first') void delivery.retryLater({ ...putOff, delayMs: 60_000 })
      else delivery.requeue()
    })
    await eventually(() => taker.count > 0, { what: 'it is parked' })
    const next = await take({}, (delivery) => void delivery.ack())
    await taker.stop()
    await next.has(2)
    expect(next.deliveries.map(idOf)).toEqual(['first', 'second'])
    expect(next.deliveries[0]?.message.deliveryCount).toBe(1)
  })

  it('takes no place from others while it is parked', async () => {
    const { helper, queue, take } = await openSqsLab(teardown, { fifo: true })
    const strange = Array.from({ length: 5 }, (_, index) => inGroup(`strange-${index}`, `s${index}`))
    await helper.publish(queue, strange)
    const taker = await take({ maxUnsettled: 2 }, (delivery) => {
      if (String(idOf(delivery)).startsWith('strange')) void delivery.retryLater({ ...putOff, delayMs: 60_000 })
      else delivery.ack()
    })
    await taker.has(5)
    await helper.publish(queue, [inGroup('other', 'b')])
    await taker.has(6)
    expect(idOf(taker.last)).toBe('other')
  })

  it('is lost to nobody when its lease could not be kept', async () => {
    const { helper, queue, take, proxy } = await openSqsLab(teardown, { fifo: true, visibility: 2 })
    await helper.publish(queue, [inGroup('strange', 'a')])
    const taker = await take({}, (delivery) => void delivery.retryLater({ ...putOff, delayMs: 3_000 }))
    await taker.has(1)
    proxy.inflict(({ action }) =>
      action === 'ChangeMessageVisibilityBatch' ? { kind: 'refuse', status: 400, code: 'RequestThrottled' } : undefined,
    )
    await taker.has(2)
    expect(taker.last.message.deliveryCount).toBe(1)
    proxy.inflict(() => undefined)
  })
})

describe('two versions of which one accepts what the other does not, on a FIFO queue', () => {
  const open = useSqsStage()

  it('wait for a version that accepts a message, and no dead letter comes of that', async () => {
    const stage = await open({ type: 'fifo', maxReceiveCount: 3 })
    const worker = await stage.worker('v1', { handler: { accepts: '<2' } })
    await stage.publisher.backlog(10, { schema: 7 })
    await eventually(async () => expect((await stage.status()).stable.waiting).toBeGreaterThan(0), {
      what: 'they wait',
    })
    // a receive each time would have used up what the redrive policy allows
    await eventually(async () => expect((await stage.status()).stable.unaccepted).toBeGreaterThan(30), {
      what: 'each was looked at several times',
      deadlineMs: 40_000,
    })
    expect((await stage.queues.depths()).dead).toBe(0)
    worker.signal('SIGTERM')
    await worker.exitsWith(0)
    await stage.worker('v1', { name: 'v1 that accepts all' })
    await eventually(() => of(stage.ledger(), 'done').length === 10, { what: 'they are handled', deadlineMs: 40_000 })
    expect((await stage.queues.depths()).dead).toBe(0)
  })
})
