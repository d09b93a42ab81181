import { describe, expect, it } from 'vitest'
import { messages } from '../contract/broker/stage.ts'
import { remains } from '../support/eventually.ts'
import type { Fault } from '../support/http-fault-proxy.ts'
import { useTeardown } from '../support/teardown.ts'
import { openSqsLab } from './support/sqs-lab.ts'

const teardown = useTeardown({ deadlineMs: 30_000 })
const down: Fault = { kind: 'refuse', status: 503, code: 'ServiceUnavailable' }

describe('a broker that is closed while SQS settles nothing', () => {
  it.each([
    ['deletes', 'DeleteMessageBatch', down],
    ['returns', 'ChangeMessageVisibilityBatch', down],
    ['dead letters that are refused', 'SendMessage', down],
    ['dead letters that are not answered', 'SendMessage', { kind: 'hang' }],
  ] as const)('makes no request any more: %s', async (_, failing, fault) => {
    const { helper, queue, proxy, broker: made, take, logged } = await openSqsLab(teardown, { visibility: 600 })
    await helper.publish(queue, messages(3))
    const broker = made()
    const taker = await take({ permits: 3 }, () => {}, broker)
    await taker.has(3)
    const isHit = (action: string): boolean => action === failing || action === 'ChangeMessageVisibilityBatch'
    proxy.inflict(({ action }) => (isHit(action) ? fault : undefined))
    for (const delivery of taker.deliveries) {
      if (failing === 'DeleteMessageBatch') delivery.ack()
      else if (failing === 'SendMessage') delivery.deadLetter()
      else delivery.requeue()
    }
    await broker.close()
    // What was on its way when the broker closed arrives before this.
    await fetch(proxy.origin)
    const { length } = proxy.seen
    await remains(() => proxy.seen.length === length, { what: 'silence', forMs: 1_500 })
    const line = logged.find((text) => text.includes('closed before SQS had confirmed'))
    expect(line).toContain('"messages":3')
  })
})
