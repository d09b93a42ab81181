import { setTimeout as pause } from 'node:timers/promises'
import { ledgerNow } from '../../support/ledger.ts'

export interface Pace {
  readonly perSecond: number
  readonly most: number
  readonly signal: AbortSignal
  /** Whether anything can be published now. */
  readonly isOpen: () => boolean
  /** Publishes so many, after `sent` others. */
  readonly publish: (count: number, sent: number) => void
}

const tickMs = 5

/** Publishes at a steady rate. What falls due while nothing can be published is not made up for: the rate is never exceeded. */
export async function paced({ perSecond, most, signal, isOpen, publish }: Pace): Promise<void> {
  let due = 0
  let sent = 0
  for (let before = ledgerNow(); !signal.aborted && sent < most; await pause(tickMs)) {
    const now = ledgerNow()
    due = isOpen() ? due + ((now - before) * perSecond) / 1000 : 0
    before = now
    const count = Math.min(Math.floor(due), most - sent)
    if (count === 0) continue
    publish(count, sent)
    due -= count
    sent += count
  }
}

/** What the message after `sent` others tells the handler: every second one does one of the acts. */
export function actAfter(sent: number, acts: readonly string[]): string | undefined {
  return sent % 2 === 0 ? undefined : acts[((sent - 1) / 2) % acts.length]
}
