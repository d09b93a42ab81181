import { expect, it } from 'vitest'
import { messages } from '../contract/broker/stage.ts'
import { eventually, remains } from '../support/eventually.ts'
import { useTeardown } from '../support/teardown.ts'
import { openSqsLab, reasonsOf } from './support/sqs-lab.ts'

const teardown = useTeardown({ deadlineMs: 30_000 })

it('deletes that are denied are the reason of a link that takes nothing more, and said once, until they are allowed', async () => {
  const { helper, queue, proxy, take, logged } = await openSqsLab(teardown, { visibility: 30 })
  proxy.inflict(({ action }) =>
    action === 'DeleteMessageBatch' ? { kind: 'refuse', status: 403, code: 'AccessDeniedException' } : undefined,
  )
  const taker = await take({ maxUnsettled: 100 }, (delivery) => void delivery.ack())
  await taker.isLinked('consuming')
  const reasons = reasonsOf(taker)
  await helper.publish(queue, messages(400))
  await eventually(() => taker.count > 200, { what: 'as many as it may hold' })
  await remains(() => taker.count < 400 && taker.link === 'consuming', { what: 'it takes no more', forMs: 1_000 })
  const reason = `queue "${queue}" refuses access: grant sqs:DeleteMessage, and the use of its key where it is encrypted (AccessDeniedException)`
  expect(reasons.at(-1)).toBe(reason)
  const said = (text: string) => logged.filter((line) => line.endsWith(text)).length
  expect(said('messages cannot be settled: they wait here, or come again')).toBe(1)
  proxy.inflict(() => undefined)
  await taker.has(400)
  await eventually(() => reasons.at(-1) === undefined, { what: 'no reason any more' })
  expect(said('messages are settled again')).toBe(1)
})
