import { defaultHandBackQueue } from '../../adapters/brokers/rabbitmq/options.ts'
import { readQueueUrl, readSibling } from '../../adapters/brokers/sqs/address.ts'
import { escapeText } from '../core/schema/describe-problem.ts'
import { queuePrefix } from './environment-names.ts'
import type { QueueEnvironment } from './environment-queue.ts'
import { problemLine } from './environment-variables.ts'

/** A queue of the broker that one of ours consumes. */
interface Claim {
  /** The broker, and the queue there. May hold a password: never to be shown. */
  readonly place: string
  readonly owner: string
  readonly what: 'queue' | 'hand-back queue'
  readonly variable: string
}

/**
 * Two queues of ours on one queue of the broker would release twice into the same messages. A hand-back queue that another one consumes too brings
 * it messages that are not its own, and its handler acks them.
 */
export function sharedBrokerQueues(queues: readonly QueueEnvironment[]): readonly string[] {
  const claims = [...queues.map(ofQueue), ...queues.flatMap(ofHandBack)]
  return claims.flatMap((claim, index) => {
    const first = claims.slice(0, index).find(({ place }) => place === claim.place)
    if (first === undefined || first.variable === claim.variable) return []
    const found = `the ${first.what} of "${escapeText(first.owner, 60)}"`
    return [problemLine(claim.variable, `a ${claim.what} that no other one is`, found)]
  })
}

function ofQueue(queue: QueueEnvironment): Claim {
  const { name, brokerName } = queue
  return { place: placeOf(queue, brokerName), owner: name, what: 'queue', variable: `${queuePrefix(name)}NAME` }
}

function ofHandBack(queue: QueueEnvironment): readonly Claim[] {
  const { name, brokerName, handBack } = queue
  if (handBack.kind === 'off') return []
  const target = handBack.kind === 'named' ? handBack.name : defaultHandBackQueue(brokerName)
  const variable = `${queuePrefix(name)}HAND_BACK`
  return [{ place: placeOf(queue, target), owner: name, what: 'hand-back queue', variable }]
}

/** On SQS a queue has an address of its own. */
function placeOf({ broker: { url } }: QueueEnvironment, queue: string): string {
  const main = readQueueUrl(url)
  return main === undefined ? `${url} ${queue}` : (readSibling(queue, main)?.url ?? queue)
}
