import type { LedgerEvent } from './ledger.ts'

export interface Window {
  readonly from: number
  readonly to: number
}

/** Confirmed messages that no handler finished with success. */
export function lost(confirmed: Iterable<string>, events: readonly LedgerEvent[]): readonly string[] {
  const done = new Set(of(events, 'done').map(({ id }) => id))
  return [...confirmed].filter((id) => !done.has(id))
}

/** Messages that handlers finished with success more than once, and those handled again after a success. */
export function duplicates(events: readonly LedgerEvent[]): readonly string[] {
  const done = new Set<string>()
  const twice = new Set<string>()
  for (const { id, kind } of events) {
    if (done.has(id) && (kind === 'start' || kind === 'done')) twice.add(id)
    if (kind === 'done') done.add(id)
  }
  return [...twice]
}

export interface Fault extends Window {
  /** Processes whose deliveries the fault made void; undefined: all. */
  readonly pids: readonly number[] | undefined
}

/**
 * Duplicates that the fault does not explain. It explains those of which one handling by an affected process touched the time of the fault:
 * the message was in that process's hands.
 */
export function unexplained(events: readonly LedgerEvent[], fault: Fault): readonly string[] {
  const suspects = new Set(duplicates(events))
  const explained = new Set<string>()
  for (const handling of handlings(events.filter(({ id }) => suspects.has(id)))) {
    const affected = fault.pids === undefined || fault.pids.includes(handling.pid)
    if (affected && handling.from <= fault.to && handling.to >= fault.from) explained.add(handling.id)
  }
  return [...suspects].filter((id) => !explained.has(id))
}

interface Handling extends Window {
  readonly id: string
  readonly pid: number
}

/** One per start: until the same process's next event of the message, or for ever where there is none. */
function handlings(events: readonly LedgerEvent[]): readonly Handling[] {
  return events
    .map((event, index) => ({ event, index }))
    .filter(({ event }) => event.kind === 'start')
    .map(({ event, index }) => {
      const end = events
        .slice(index + 1)
        .find(({ id, pid, kind }) => id === event.id && pid === event.pid && kind !== 'start')
      return { id: event.id, pid: event.pid, from: event.at, to: end?.at ?? Infinity }
    })
}

export interface Share {
  readonly canary: number
  readonly total: number
  /** Percent. */
  readonly share: number
  /** Largest relative distance from the target at any moment after `settled` messages, and the share it was. */
  readonly worst: { readonly off: number; readonly share: number; readonly at: number }
}

/**
 * The share of the version among first handlings that started in the window, and how far the cumulative share was from the target at
 * worst once `settled` messages had passed.
 */
export function shareIn(
  events: readonly LedgerEvent[],
  { version, target, window, settled = 1_000 }: { version: string; target: number; window: Window; settled?: number },
): Share {
  let canary = 0
  let total = 0
  let worst = { off: 0, share: target, at: 0 }
  for (const event of firstStarts(events)) {
    if (event.at < window.from || event.at >= window.to) continue
    total++
    if (event.version === version) canary++
    if (total < settled) continue
    const share = (100 * canary) / total
    const off = Math.abs(share - target) / target
    if (off > worst.off) worst = { off, share, at: total }
  }
  return { canary, total, share: total === 0 ? Number.NaN : (100 * canary) / total, worst }
}

/** The first handling of each message: what the queue gave out, without retries and hand-backs. */
export function firstStarts(events: readonly LedgerEvent[]): readonly LedgerEvent[] {
  const seen = new Set<string>()
  return of(events, 'start').filter(({ id }) => !seen.has(id) && seen.add(id))
}

export function of(events: readonly LedgerEvent[], kind: LedgerEvent['kind']): readonly LedgerEvent[] {
  return events.filter((event) => event.kind === kind)
}

/** Handlings of a version that started after a moment. */
export function startsAfter(events: readonly LedgerEvent[], version: string, moment: number): readonly LedgerEvent[] {
  return of(events, 'start').filter((event) => event.version === version && event.at > moment)
}

/** Most handlings of a version under way at one moment, over all processes. */
export function mostInFlight(events: readonly LedgerEvent[], version: string): number {
  let now = 0
  let most = 0
  for (const event of events) {
    if (event.version !== version) continue
    if (event.kind === 'start') most = Math.max(most, ++now)
    else if (event.kind === 'done' || event.kind === 'fail') now--
  }
  return most
}

/** How many messages each version finished with success. */
export function doneBy(events: readonly LedgerEvent[]): Readonly<Record<string, number>> {
  const counts: Record<string, number> = {}
  for (const { version } of of(events, 'done')) counts[version] = (counts[version] ?? 0) + 1
  return counts
}
