import { describe, expect, it } from 'vitest'
import type { DrainReport } from '../../src/core/rollout/consumer-report.ts'
import type { Deadline } from '../../src/worker/deadline.ts'
import { Departure } from '../../src/worker/departure.ts'
import { manualClock } from '../support/manual-clock.ts'

const report: DrainReport = { finished: 3, returned: 0, abandoned: 0, durationMs: 40, onTime: true }

function scene(onDrain: (departure: Departure) => void = () => undefined) {
  const clock = manualClock()
  const deadlines: Deadline[] = []
  const { promise, resolve } = Promise.withResolvers<DrainReport>()
  const departure: Departure = new Departure({
    clock,
    drain: (deadline) => {
      deadlines.push(deadline)
      onDrain(departure)
      return promise
    },
    onDrained: () => undefined,
  })
  return { departure, deadlines, drained: () => resolve(report) }
}

describe('a departure', () => {
  it('drains once, also where whoever hears of it wishes that it leaves', async () => {
    const { departure, deadlines, drained } = scene((self) => self.leave({ reason: 'drained', error: undefined }, 500))
    departure.drainBy(2_000)
    expect(deadlines.map(({ remainingMs }) => remainingMs)).toEqual([500])
    drained()
    expect(await departure.ended).toEqual({ reason: 'drained', error: undefined, drain: report })
  })

  it('has ended only when it is to leave, for the first reason or because it was stopped', async () => {
    const { departure, drained } = scene()
    departure.drainBy(2_000)
    drained()
    await Promise.resolve()
    expect([departure.isDraining, departure.isLeaving]).toEqual([true, false])
    departure.leave({ reason: 'failed', error: 'no' }, 100)
    departure.leave({ reason: 'retired', error: undefined }, 100)
    expect((await departure.ended).reason).toBe('failed')
    const stopped = scene()
    stopped.departure.leave({ reason: 'retired', error: undefined }, 100)
    stopped.departure.leave({ reason: 'stopped', error: undefined }, 0)
    stopped.drained()
    expect((await stopped.departure.ended).reason).toBe('stopped')
  })

  it.each([
    ['keeps its time while it is only to drain', false, 2_000],
    ['is given a shorter time once it is to leave', true, 300],
  ])('%s', (_, isLeaving, remaining) => {
    const { departure, deadlines } = scene()
    departure.drainBy(2_000)
    if (isLeaving) departure.leave({ reason: 'drained', error: undefined }, 5_000)
    departure.drainBy(300)
    expect(deadlines[0]?.remainingMs).toBe(remaining)
  })
})
