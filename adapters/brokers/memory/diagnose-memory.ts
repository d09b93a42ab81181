import type { Finding } from '../../../src/contracts/broker.ts'
import { handBackQueueName } from './hand-back-queue.ts'
import type { HandBackMode } from './hand-back-queue.ts'
import type { MemoryHub } from './memory-hub.ts'
import type { MemoryQueue } from './memory-queue.ts'

export function diagnoseMemory(hub: MemoryHub, queue: string, mode: HandBackMode): Finding[] {
  if (!hub.reachable) {
    return [
      {
        level: 'error',
        subject: 'server',
        found: 'the memory server is not reachable',
        mend: 'make it reachable again',
      },
    ]
  }
  const found = hub.queue(queue)
  const server: Finding = { level: 'ok', subject: 'server', found: 'in this process; messages are lost when it ends' }
  if (found === undefined) {
    return [server, { level: 'error', subject: 'queue', found: `"${queue}" does not exist`, mend: 'declare the queue' }]
  }
  const backlog: Finding = { level: 'ok', subject: 'queue', found: `"${queue}" has ${found.ready} ready messages` }
  return [server, backlog, deadLetters(hub, found), handBack(hub, queue, mode)]
}

function deadLetters(hub: MemoryHub, { options: { deadLetterTo } }: MemoryQueue): Finding {
  const subject = 'dead letters'
  const mend = 'declare a queue for dead letters and name it in deadLetterTo'
  if (deadLetterTo === undefined)
    return { level: 'warning', subject, found: 'none: rejected messages are dropped', mend }
  if (hub.queue(deadLetterTo) !== undefined) return { level: 'ok', subject, found: `go to "${deadLetterTo}"` }
  return { level: 'error', subject, found: `"${deadLetterTo}" does not exist: rejected messages are dropped`, mend }
}

function handBack(hub: MemoryHub, queue: string, mode: HandBackMode): Finding {
  const subject = 'hand-back'
  const name = handBackQueueName(queue, mode)
  if (name === undefined) return { level: 'ok', subject, found: 'off: failed messages return to the queue' }
  if (hub.queue(name) !== undefined) return { level: 'ok', subject, found: `"${name}" exists` }
  if (mode === 'create') return { level: 'ok', subject, found: `"${name}" will be declared when it is needed` }
  return {
    level: 'error',
    subject,
    found: `"${name}" does not exist`,
    mend: 'declare it, or let the broker create one',
  }
}
