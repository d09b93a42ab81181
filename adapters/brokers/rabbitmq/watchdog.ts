import type { Clock } from '../../../src/contracts/clock.ts'

export interface Watched {
  /** Deliveries so far. */
  readonly deliveries: () => number
  /** Whether the broker may deliver now, as far as this side knows: it was told to, and its credit is not used up. */
  readonly thirsty: () => boolean
  /** Milliseconds without a delivery before somebody asks the queue. */
  readonly silenceMs: number
  /** The queue's own counts. */
  readonly count: () => Promise<{ readonly messageCount: number; readonly consumerCount: number }>
  readonly clock: Clock
  /** From 0 to 1: so that many consumers do not ask at the same moment. */
  readonly random: () => number
}

export const leastSilenceMs = 20_000
const longestSilenceMs = 3_600_000
/** Messages that nobody gets are seen twice, so far apart, before they prove anything. */
const proofMs = 2_000

/**
 * Waits until a consumer turns out to be forgotten: linked and with credit, it gets nothing although messages wait, or the queue knows no consumer
 * at all. Connections that die are found by heartbeats; this is for a broker that lives and does not deliver. Resolves to what was found, or to
 * undefined when the signal aborts. A queue that cannot be asked proves nothing.
 */
export async function untilForgotten(watched: Watched, signal: AbortSignal): Promise<string | undefined> {
  const { clock, random, silenceMs } = watched
  while (!signal.aborted) {
    const before = watched.deliveries()
    const isSilent = (): boolean => !signal.aborted && watched.thirsty() && watched.deliveries() === before
    await clock.sleep(silenceMs * (0.75 + 0.5 * random()), signal)
    if (!isSilent() || (await trouble(watched)) === undefined) continue
    await clock.sleep(proofMs, signal)
    const found = isSilent() ? await trouble(watched) : undefined
    if (found !== undefined && isSilent()) return found
  }
  return undefined
}

/** Of the consumer that takes the place of a forgotten one. Where that was never served either, the broker may have its reasons: another one is the single active consumer, or goes before. */
export function nextSilenceMs(silenceMs: number, wasServed: boolean): number {
  return wasServed ? leastSilenceMs : Math.min(longestSilenceMs, 2 * silenceMs)
}

async function trouble({ count }: Watched): Promise<string | undefined> {
  try {
    const { messageCount, consumerCount } = await count()
    if (consumerCount === 0) return 'the queue knows no consumer'
    return messageCount > 0 ? `${messageCount} messages wait and none is delivered` : undefined
  } catch {
    return undefined
  }
}
