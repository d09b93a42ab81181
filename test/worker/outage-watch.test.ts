import { describe, expect, it } from 'vitest'
import { outageMessages, OutageWatch } from '../../src/worker/outage-watch.ts'
import { manualClock } from '../support/manual-clock.ts'
import { useTeardown } from '../support/teardown.ts'
import { bench, deadQueue } from './support/bench.ts'

function failing(watch: OutageWatch, messages: number, from = 0): readonly boolean[] {
  return Array.from({ length: messages }, (_, n) => watch.failed(`m-${n}`, from + n))
}

describe('an outage', () => {
  it('begins with the fifth message that fails, none having succeeded', () => {
    const watch = new OutageWatch(60_000)
    expect(failing(watch, outageMessages)).toEqual([false, false, false, false, true])
    expect(watch.excuses(3, 5)).toBe(true)
  })

  it('is no outage while it is the same message, or others succeed', () => {
    const watch = new OutageWatch(60_000)
    for (let attempt = 0; attempt < 20; attempt++) expect(watch.failed('m-0', attempt)).toBe(false)
    failing(watch, outageMessages - 1, 20)
    expect(watch.succeeded(30)).toBe(false)
    failing(watch, outageMessages - 1, 40)
    expect(watch.excuses(45, 50)).toBe(false)
  })

  it('ends with a success; what began before it is excused, what begins after is not', () => {
    const watch = new OutageWatch(60_000)
    failing(watch, outageMessages)
    expect(watch.succeeded(100)).toBe(true)
    expect(watch.succeeded(101)).toBe(false)
    expect([watch.excuses(99, 120), watch.excuses(101, 120)]).toEqual([true, false])
  })

  it('has an end for want of patience, counted from its first failure', () => {
    const watch = new OutageWatch(1_000)
    failing(watch, outageMessages, 10_000)
    expect([watch.excuses(10_900, 10_999), watch.excuses(10_900, 11_000)]).toEqual([true, false])
  })
})

it('is never one without patience, and no message is remembered for it', () => {
  const watch = new OutageWatch(0)
  expect(failing(watch, 2 * outageMessages)).not.toContain(true)
  expect([watch.excuses(0, 1), watch.succeeded(20)]).toEqual([false, false])
})

describe('a consumer in an outage', () => {
  const teardown = useTeardown()

  it('dead-letters nothing that succeeds later', async () => {
    const clock = manualClock()
    const handle = () => {
      if (clock.now() < 30_000) throw new Error('the database is down')
    }
    const lab = bench(teardown, { clock, handle, retryDelayMs: 1_000, outagePatienceMs: 60_000 })
    lab.stream()
    lab.publish(50)
    await clock.advance(60_000)
    expect(lab.processor.tally.counts.failed).toBeGreaterThan(0)
    expect([lab.depth(), lab.depth(deadQueue), lab.processor.waitingRetries]).toEqual([0, 0, 0])
  })

  it('dead-letters what fails again once others succeed', async () => {
    const clock = manualClock()
    const handle = ({ id }: { readonly id: string }) => {
      if (clock.now() < 30_000 || id === 'm-3') throw new Error('down, or poison')
    }
    const lab = bench(teardown, { clock, handle, retryDelayMs: 1_000, outagePatienceMs: 60_000 })
    lab.stream()
    lab.publish(50)
    await clock.advance(60_000)
    expect([lab.depth(), lab.depth(deadQueue)]).toEqual([0, 1])
  })

  it('leaves what it made fail half of its attempts', async () => {
    const clock = manualClock()
    const tried: number[] = []
    const handle = (_: object, { attempt }: { readonly attempt: number }) => {
      if (clock.now() >= 60_000) tried.push(attempt)
      if (clock.now() < 60_000 || attempt === 4) throw new Error('down, or unlucky')
    }
    const lab = bench(teardown, { clock, handle, maxAttempts: 6, retryDelayMs: 1_000, outagePatienceMs: 120_000 })
    lab.stream()
    lab.publish(30)
    await clock.advance(90_000)
    expect(Math.max(...tried)).toBeLessThanOrEqual(5)
    expect([lab.depth(), lab.depth(deadQueue)]).toEqual([0, 0])
  })

  it('tries nothing twice where one attempt is all there is', async () => {
    const clock = manualClock()
    const handle = () => {
      throw new Error('down')
    }
    const lab = bench(teardown, { clock, handle, maxAttempts: 1, outagePatienceMs: 20_000 })
    lab.stream()
    lab.publish(10)
    await clock.advance(1_000)
    expect(lab.depth(deadQueue)).toBe(10)
  })

  it('gives up when its patience is over', async () => {
    const clock = manualClock()
    const handle = () => {
      throw new Error('poison, all of it')
    }
    const lab = bench(teardown, { clock, handle, retryDelayMs: 1_000, outagePatienceMs: 20_000 })
    lab.stream()
    lab.publish(10)
    await clock.advance(15_000)
    expect(lab.depth(deadQueue)).toBe(0)
    await clock.advance(45_000)
    expect(lab.depth(deadQueue)).toBe(10)
  })
})
