import type { Clock } from '../../contracts/clock.ts'

export interface Traffic {
  readonly stop: () => Promise<void>
}

/** Publishes messages at a steady rate until it is stopped. A late turn of the event loop is made up for. */
export function openTraffic(clock: Clock, ratePerSecond: number, publish: (id: string) => void): Traffic {
  const end = new AbortController()
  const startedAt = clock.now()
  let published = 0
  const run = async (): Promise<void> => {
    while (!end.signal.aborted) {
      const due = Math.floor(((clock.now() - startedAt) / 1_000) * ratePerSecond)
      for (; published < due; published += 1) publish(`order-${published + 1}`)
      await clock.sleep(20, end.signal)
    }
  }
  const running = run()
  return {
    stop() {
      end.abort()
      return running
    },
  }
}
