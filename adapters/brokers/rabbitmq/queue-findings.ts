import type { Finding } from '../../../src/contracts/broker.ts'
import type { ManagementFacts } from './management.ts'
import type { Argument, QueueArguments } from './queue-arguments.ts'

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
  if (limit < 0 || limit >= 5) return { level: 'ok', subject, found: limit < 0 ? 'none' : String(limit) }
  return { level: 'warning', subject, found: String(limit), mend: 'set at least 5: returned messages count too' }
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
