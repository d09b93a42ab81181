import { monitorEventLoopDelay } from 'node:perf_hooks'

export interface LoopDelay {
  /** 99th percentile of how late the event loop was over the last second or two, in milliseconds. */
  read(): number
  stop(): void
}

const resolutionMs = 20
/** A reset loses the interval that is running: one that came with every report would miss most blocked moments. */
const windowMs = 1_000

export function watchLoopDelay(): LoopDelay {
  const histogram = monitorEventLoopDelay({ resolution: resolutionMs })
  histogram.enable()
  let openedAt = performance.now()
  let before = 0
  return {
    read: () => {
      // The histogram holds the intervals between ticks: what exceeds the resolution is the delay.
      const current = histogram.count === 0 ? 0 : Math.max(0, histogram.percentile(99) / 1e6 - resolutionMs)
      const delayMs = Math.round(Math.max(before, current) * 10) / 10
      if (performance.now() - openedAt >= windowMs) {
        histogram.reset()
        openedAt = performance.now()
        before = current
      }
      return delayMs
    },
    stop: () => void histogram.disable(),
  }
}
