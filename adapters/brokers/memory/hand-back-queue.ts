import { QueueCanaryError } from '../../../src/errors.ts'
import type { MemoryHub } from './memory-hub.ts'
import type { StoredMessage } from './stored-message.ts'

export type HandBackMode = 'create' | 'off' | { readonly name: string }

export function handBackQueueName(queue: string, mode: HandBackMode): string | undefined {
  if (mode === 'off') return undefined
  return mode === 'create' ? `${queue}.queue-canary.hand-back` : mode.name
}

/** Declares or checks the hand-back queue. Its dead letters go to the queue itself, which knows them by their death record. */
export function prepareHandBackQueue(hub: MemoryHub, queue: string, mode: HandBackMode): void {
  const name = handBackQueueName(queue, mode)
  if (name === undefined) return
  if (!hub.reachable) throw new QueueCanaryError('BROKER_UNREACHABLE', 'the memory server is not reachable')
  if (mode === 'create') return hub.declare(name, { deadLetterTo: queue })
  if (hub.queue(name) === undefined) {
    throw new QueueCanaryError(
      'BROKER_REFUSED',
      `hand-back queue "${name}" does not exist: declare it, or let the broker create one`,
    )
  }
}

export function diedIn(queue: string | undefined, { deaths }: StoredMessage): boolean {
  return deaths.some((death) => death.queue === queue)
}
