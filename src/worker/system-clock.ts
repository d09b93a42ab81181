import type { Clock } from '../contracts/clock.ts'

/** The longest time that a Node timer keeps; a longer one would fire at once. */
const longestTimerMs = 2 ** 31 - 1

/** Time of this machine. A running sleep keeps the process alive. */
export function systemClock(): Clock {
  return { now: () => performance.now(), wall: () => Date.now(), sleep }
}

function sleep(ms: number, signal?: AbortSignal): Promise<void> {
  const end = performance.now() + ms
  return new Promise((resolve) => {
    let timer: NodeJS.Timeout
    // Timers may fire a little early, and long ones have to be armed again: only the clock says when it is over.
    const arm = (): void => {
      const left = Math.ceil(end - performance.now())
      timer = setTimeout(look, left > 0 ? Math.min(left, longestTimerMs) : 0)
    }
    const look = (): void => {
      if (end > performance.now()) arm()
      else finish()
    }
    const finish = (): void => {
      clearTimeout(timer)
      signal?.removeEventListener('abort', finish)
      resolve()
    }
    arm()
    if (signal?.aborted === true) finish()
    else signal?.addEventListener('abort', finish)
  })
}
