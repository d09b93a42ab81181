import { messages } from '../../contract/broker/stage.ts'
import { eventually } from '../../support/eventually.ts'
import type { Fault } from '../../support/http-fault-proxy.ts'
import { seededRandom } from '../../support/seeded-random.ts'
import type { Teardown } from '../../support/teardown.ts'
import { openSqsLab } from './sqs-lab.ts'

const actions = ['ReceiveMessage', 'DeleteMessageBatch', 'ChangeMessageVisibilityBatch']
const broken: Fault = { kind: 'refuse', status: 500, code: 'InternalFailure' }
const throttled: Fault = { kind: 'refuse', status: 400, code: 'RequestThrottled' }

/** Two consumers, 1,000 messages, and one answer in six that is cut at some byte, lost or refused. Resolves when every message was handled. */
export async function consumeThrough(teardown: Teardown, seed: number): Promise<{ faults: number; logged: string }> {
  const random = seededRandom(seed)
  const { helper, queue, proxy, take, logged } = await openSqsLab(teardown, { visibility: 3 })
  let faults = 0
  proxy.inflict(({ action }) => {
    if (!actions.includes(action) || random.whole(0, 5) > 0) return undefined
    faults++
    const bytes = random.whole(0, 600)
    return random.pick<Fault>([
      { kind: 'cutAnswer', bytes },
      { kind: 'cutAnswer', bytes },
      { kind: 'loseAnswer' },
      broken,
      throttled,
    ])
  })
  const acked = new Set<string>()
  const react = (delivery: { message: { id: string }; ack(): boolean }): void =>
    void setImmediate(() => void (delivery.ack() && acked.add(delivery.message.id)))
  const takers = [await take({ maxUnsettled: 20 }, react), await take({ maxUnsettled: 20 }, react)]
  await helper.publish(queue, messages(1_000))
  await eventually(() => acked.size === 1_000, { what: 'every message', deadlineMs: 90_000 })
  proxy.inflict(() => undefined)
  for (const taker of takers) await taker.close()
  return { faults, logged: logged.join('\n') }
}
