import type { Clock } from '../../src/contracts/clock.ts'

export interface ManualClock extends Clock {
  /**
   * Moves time forward by `ms`, waking each sleeper at its own moment, in order, also those that go to sleep on the way. Between two wakes
   * everything that is runnable runs. Resolves when nothing is runnable at the new time. Calls must not overlap.
   */
  advance(ms: number): Promise<void>
  /** Sleeps that have not ended. */
  readonly sleeping: number
}

interface Sleeper {
  readonly due: number
  wake(): void
}

/** Time that stands still until it is told to move. */
export function manualClock({ wall = Date.UTC(2030, 0, 1) } = {}): ManualClock {
  const sleepers = new Set<Sleeper>()
  let now = 0

  function earliest(until: number): Sleeper | undefined {
    let first: Sleeper | undefined
    for (const sleeper of sleepers)
      if (sleeper.due <= until && (first === undefined || sleeper.due < first.due)) first = sleeper
    return first
  }

  return {
    now: () => now,
    wall: () => wall + now,
    get sleeping() {
      return sleepers.size
    },
    sleep(ms, signal) {
      return new Promise((resolve) => {
        const sleeper = { due: now + Math.max(0, ms), wake }
        sleepers.add(sleeper)
        signal?.addEventListener('abort', wake)
        if (signal?.aborted === true) wake()

        function wake(): void {
          sleepers.delete(sleeper)
          signal?.removeEventListener('abort', wake)
          resolve()
        }
      })
    },
    async advance(ms) {
      const until = now + ms
      await idle()
      for (let next = earliest(until); next !== undefined; next = earliest(until)) {
        now = Math.max(now, next.due)
        next.wake()
        await idle()
      }
      now = until
      await idle()
    },
  }
}

/** All microtasks run before one turn of the event loop ends; the few turns are for code that itself waits for a turn. */
async function idle(turns = 5): Promise<void> {
  for (let turn = 0; turn < turns; turn++) await new Promise((resolve) => setImmediate(resolve))
}
