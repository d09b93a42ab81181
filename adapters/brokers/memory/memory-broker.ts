import type { Broker, HandBackNote, Passage, RetryNote, SubscribeRequest } from '../../../src/contracts/broker.ts'
import { QueueCanaryError } from '../../../src/errors.ts'
import { diagnoseMemory } from './diagnose-memory.ts'
import { diedIn, handBackQueueName, prepareHandBackQueue } from './hand-back-queue.ts'
import type { HandBackMode } from './hand-back-queue.ts'
import type { MemoryHub } from './memory-hub.ts'
import type { HandOver } from './memory-delivery.ts'
import { MemorySubscription } from './memory-subscription.ts'
import { elsewhere } from './stored-message.ts'
import type { StoredMessage } from './stored-message.ts'

export interface MemoryBrokerOptions {
  readonly queue: string
  /**
   * `create` declares `<queue>.queue-canary.hand-back` when it is needed, `{ name }` uses a queue that exists, `off` has none.
   * @default 'create'
   */
  readonly handBack?: HandBackMode
}

/** One consumer process's view of one queue of the hub. */
export function memoryBroker(hub: MemoryHub, { queue, handBack = 'create' }: MemoryBrokerOptions): Broker {
  const handBackName = handBackQueueName(queue, handBack)
  const subscriptions = new Set<MemorySubscription>()
  let closed = false

  function sourceQueue(source: SubscribeRequest['source']): string {
    if (closed) throw new QueueCanaryError('BROKER_REFUSED', 'this broker is closed')
    if (source === 'queue') return queue
    if (handBackName !== undefined) return handBackName
    throw new QueueCanaryError(
      'BROKER_REFUSED',
      `hand-back is off for queue "${queue}": there is no hand-back queue to subscribe to`,
    )
  }

  return {
    capabilities: { ...abilities, handBack: handBackName !== undefined },
    async subscribe(request, sink) {
      const source = {
        queue: sourceQueue(request.source),
        handOver: handOverTo(hub, handBackName),
        wait: waitFor(hub, sourceQueue(request.source), queue),
        passage: request.source === 'queue' ? queuePassage(handBackName) : handBackPassage,
        onClose: (ended: MemorySubscription) => void subscriptions.delete(ended),
      }
      const subscription = new MemorySubscription(hub, source, request, sink)
      subscriptions.add(subscription)
      return subscription
    },
    async prepareHandBack() {
      prepareHandBackQueue(hub, queue, handBack)
    },
    async inspect() {
      if (closed) throw new QueueCanaryError('BROKER_UNREACHABLE', 'this broker is closed')
      const { ready, consumers, oldestAgeMs } = hub.reach(queue)
      const handBackBacklog = handBackName === undefined ? 0 : (hub.queue(handBackName)?.ready ?? 0)
      return { backlog: ready, handBackBacklog, consumers, handBackConsumers: undefined, oldestAgeMs }
    },
    async diagnose() {
      return diagnoseMemory(hub, queue, handBack)
    },
    async close() {
      closed = true
      for (const subscription of subscriptions) await subscription.close()
    },
  }
}

function handOverTo(hub: MemoryHub, handBackName: string | undefined): HandOver<HandBackNote> {
  return async (message, note, link) => {
    await new Promise<void>((resolve) => hub.schedule(resolve))
    if (!link.live) return false
    const target = handBackName === undefined ? undefined : hub.queue(handBackName)
    if (target === undefined)
      throw new QueueCanaryError('HAND_BACK_FAILED', 'there is no hand-back queue: prepare it first')
    target.add({ ...message, ...elsewhere(message), handedBack: { ...note } })
    link.settle(message)
    return true
  }
}

function waitFor(hub: MemoryHub, queue: string, mainQueue: string): HandOver<RetryNote> {
  return async (message, note, link) => {
    await new Promise<void>((resolve) => hub.schedule(resolve))
    if (!link.live) return false
    if (note.reason === 'unaccepted') void hub.wait(mainQueue, { ...message, handedBack: undefined }, { ...note })
    else void hub.wait(queue, message, { ...note })
    link.settle(message)
    return true
  }
}

const untouched: Passage = Object.freeze({ handedBack: undefined, dead: false, retried: undefined })
const dead: Passage = Object.freeze({ handedBack: undefined, dead: true, retried: undefined })

function queuePassage(handBackName: string | undefined): (message: StoredMessage) => Passage {
  return (message) => {
    if (message.retried?.isBack === true) return retriedPassage(message)
    return message.deaths.length > 0 && diedIn(handBackName, message) ? dead : untouched
  }
}

function handBackPassage(message: StoredMessage): Passage {
  return { ...retriedPassage(message), handedBack: message.handedBack }
}

function retriedPassage({ retried }: StoredMessage): Passage {
  if (retried === undefined) return untouched
  const { attempts, version, reason, waits, dead: isDead } = retried.note
  return { handedBack: undefined, dead: isDead && retried.isBack, retried: { attempts, version, reason, waits } }
}

const abilities = { kind: 'memory', oldestAge: true, retryLater: 'noted', heldBy: 'link' } as const
