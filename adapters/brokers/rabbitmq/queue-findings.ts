import type { Finding } from '../../../src/contracts/broker.ts'
import type { ManagementFacts } from './management.ts'
import type { Argument, QueueArguments } from './queue-arguments.ts'
import { delayQueueLifeMs } from './retry-queues.ts'

/** What the declaration of the queue means for a release. */
export function queueFindings(
  declared: QueueArguments | 'denied' | undefined,
  managed: ManagementFacts | undefined,
): Finding[] {
  if (typeof declared !== 'object') return [hidden(declared), deadLetterFinding(managed?.deadLetterExchange, true)]
  return [
    typeFinding(declared.type),
    durableFinding(declared),
    ...activeConsumerFindings(declared),
    deadLetterFinding(declared.others['x-dead-letter-exchange'] ?? managed?.deadLetterExchange, managed === undefined),
  ]
}

/** How often a message may be returned before the broker takes it away. */
export function limitFindings(
  declared: QueueArguments | 'denied' | undefined,
  managed: ManagementFacts | undefined,
  majorVersion: number,
): Finding[] {
  if (typeof declared !== 'object' || declared.type !== 'quorum') return []
  const limit = managed?.deliveryLimit ?? declared.others['x-delivery-limit']
  if (typeof limit === 'number') return [limitFinding(limit)]
  const usual = majorVersion >= 4 ? '20' : 'none'
  const found = managed === undefined ? `${usual}, unless a policy sets another` : usual
  return [{ level: 'ok', subject: 'delivery limit', found }]
}

function limitFinding(limit: number): Finding {
  const subject = 'delivery limit'
  if (limit < 0 || limit > mostReturns) return { level: 'ok', subject, found: limit < 0 ? 'none' : String(limit) }
  const mend = `set more than ${mostReturns}: a worker may return a message until it was delivered so often, and each return counts`
  return { level: 'warning', subject, found: String(limit), mend }
}

/** What a worker may use up of the limit by itself: the `returnLimit` of `src/worker/settle.ts`. */
export const mostReturns = 10

/** A policy for many queues may take in those of ours. Of two times after which an unused queue ends, the shorter one counts. */
export function expiryFindings(managed: ManagementFacts | undefined, queue: string): Finding[] {
  const ms = managed?.policyExpires
  if (ms === undefined || ms >= delayQueueLifeMs) return []
  const found = `a policy ends queues that were not used for ${ms} ms`
  const mend = `exclude "${queue}.queue-canary.*" from it: a delay queue or a hand-back queue that ends so soon takes its messages with it`
  return [{ level: 'warning', subject: 'expires', found, mend }]
}

function hidden(declared: 'denied' | undefined): Finding {
  const found =
    declared === 'denied'
      ? 'type and arguments are not visible without the right to configure it'
      : 'type and arguments are not visible'
  return {
    level: 'warning',
    subject: 'queue type',
    found,
    mend: 'make sure that it is a classic or quorum queue without single active consumer',
  }
}

function typeFinding(type: string): Finding {
  const subject = 'queue type'
  if (type === 'classic' || type === 'quorum') return { level: 'ok', subject, found: type }
  return {
    level: 'error',
    subject,
    found: type,
    mend: 'use a classic or quorum queue: on others every consumer reads every message',
  }
}

function durableFinding({ durable, autoDelete }: QueueArguments): Finding {
  const subject = 'durability'
  if (!durable)
    return {
      level: 'warning',
      subject,
      found: 'transient: a restart of the broker loses it',
      mend: 'declare it durable',
    }
  if (!autoDelete) return { level: 'ok', subject, found: 'durable' }
  return { level: 'warning', subject, found: 'deleted with its last consumer', mend: 'declare it without auto-delete' }
}

function activeConsumerFindings({ others }: QueueArguments): Finding[] {
  if (others['x-single-active-consumer'] !== true) return []
  return [
    {
      level: 'error',
      subject: 'single active consumer',
      found: 'on: the broker gives all messages to one consumer at a time',
      mend: 'only a full cut-over works here: use strategy blueGreen, or a queue without x-single-active-consumer',
    },
  ]
}

function deadLetterFinding(exchange: Argument | undefined, blind: boolean): Finding {
  const subject = 'dead-letter exchange'
  if (exchange !== undefined)
    return { level: 'ok', subject, found: exchange === '' ? 'the default exchange' : `"${exchange}"` }
  const found = blind ? 'none in the arguments; one set by a policy is not visible' : 'none'
  return { level: 'warning', subject, found, mend: 'set one: without it a message that is dead-lettered is lost' }
}
