import type { Finding } from '../../../src/contracts/broker.ts'
import type { QueueAddress } from './address.ts'
import type { QueueSettings } from './queue-settings.ts'

/** What the attributes of the queue mean for a release. */
export function queueFindings(settings: QueueSettings, { isFifo }: Pick<QueueAddress, 'isFifo'>): readonly Finding[] {
  return [visibilityFinding(settings), redriveFinding(settings), ...(isFifo ? [fifoFinding] : [])]
}

/** A timer may be late by as long as handlers block the process; half of the time is left for that. */
const shortS = 20

function visibilityFinding({ visibilityS }: QueueSettings): Finding {
  const subject = 'visibility timeout'
  const found = `${visibilityS} s, extended for as long as a message is held, for 11 h 30 min at most`
  if (visibilityS >= shortS) return { level: 'ok', subject, found }
  const mend = `set at least ${shortS} s: a process that stands still for half of it loses its messages to others`
  return { level: 'warning', subject, found, mend }
}

function redriveFinding({ redrive }: QueueSettings): Finding {
  const subject = 'redrive policy'
  if (redrive === undefined) {
    const mend = 'set one: without it a message that fails for good comes back until it expires'
    return { level: 'warning', subject, found: 'none', mend }
  }
  const { maxReceiveCount, deadLetterQueue } = redrive
  const found = `"${deadLetterQueue}" after ${maxReceiveCount} receives`
  if (maxReceiveCount >= fewReceives) return { level: 'ok', subject, found }
  return {
    level: 'warning',
    subject,
    found,
    mend: `set maxReceiveCount to at least ${fewReceives}: every receive counts, also of what is returned`,
  }
}

const fewReceives = 5

const fifoFinding: Finding = {
  level: 'ok',
  subject: 'order',
  found: 'of each group, across versions; a message that fails blocks its group until it is tried again',
}

/** A canary that has nowhere to put a message that it failed returns it: each time costs one of the receives that the redrive policy allows. */
export function handBackOffFinding({ redrive }: QueueSettings): Finding {
  const subject = 'hand-back queue'
  const found = 'off: a message that the canary fails returns to the queue, at the cost of one receive each time'
  if (redrive === undefined || redrive.maxReceiveCount >= fewReceives) return { level: 'ok', subject, found }
  const mend = 'raise maxReceiveCount, or name a hand-back queue'
  return { level: 'warning', subject, found: `${found}, of ${redrive.maxReceiveCount}`, mend }
}

/** Where copies of messages are sent to. */
export interface CopyTarget {
  readonly subject: 'hand-back queue' | 'dead-letter queue'
  readonly name: string
  readonly maxBytes: number | undefined
}

/** A queue that takes smaller messages than the one they come from refuses the others. */
export function sizeFindings(
  { maxBytes }: QueueSettings,
  { subject, name, maxBytes: theirs }: CopyTarget,
): readonly Finding[] {
  if (maxBytes === undefined || theirs === undefined || theirs >= maxBytes) return []
  const found = `"${name}" takes messages of up to ${theirs} bytes, the queue itself of up to ${maxBytes}`
  return [{ level: 'warning', subject, found, mend: `set its MaximumMessageSize to ${maxBytes}: ${fate[subject]}` }]
}

const fate: Readonly<Record<CopyTarget['subject'], string>> = {
  'hand-back queue': 'what is larger is returned instead of handed back',
  'dead-letter queue': 'what is larger is not sent there, and rests until the redrive policy takes it',
}
