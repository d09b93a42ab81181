import { describe, expect, it } from 'vitest'
import { PaceMeter } from '../../../src/core/allocation/pace-meter.ts'
import { Takings } from '../../../src/core/allocation/takings.ts'
import { noCounts } from '../../../src/core/evidence/counts.ts'

/** A step that began before all of it. */
const long = 1e9
const told = (id: string, taken: number, uptimeMs: number) => ({ id, counts: { ...noCounts, taken }, uptimeMs })

describe('what reports tell of', () => {
  it('before the first look is not counted, and all of whoever appears after it', () => {
    const takings = new Takings()
    takings.look([told('a', 1_000, 60_000)], 0, long)
    takings.look([told('a', 1_000, 60_000), told('b', 3, 100), told('c', 500, 50_000)], 50, long)
    expect(takings.timely).toBeCloseTo(3 + 0.5)
    expect(takings.takeBelated()).toBeCloseTo(499.5)
  })

  it.each([
    ['within a look', 50, 10, 0],
    ['within the time that a quiet consumer may take', 2_000, 10, 0],
    ['held up for ten seconds, between looks of 50 ms', 10_000, 0.05, 9.95],
  ])('%s', (_, tellsOfMs, timely, belated) => {
    const takings = new Takings()
    takings.look([told('a', 5, 1_000)], 0, long)
    takings.look([told('a', 15, 1_000 + tellsOfMs)], 50, long)
    expect(takings.timely).toBeCloseTo(timely)
    expect(takings.takeBelated()).toBeCloseTo(belated)
  })

  it('is of now where the reader did not look meanwhile either', () => {
    const takings = new Takings()
    takings.look([told('a', 0, 0)], 0, long)
    takings.look([told('a', 1_000, 10_000)], 10_000, long)
    expect([takings.timely, takings.takeBelated()]).toEqual([1_000, 0])
  })

  it('belatedly is given once', () => {
    const takings = new Takings()
    takings.look([told('a', 0, 0)], 0, long)
    takings.look([told('a', 1_000, 10_000)], 0, long)
    takings.look([told('a', 1_000, 10_000)], 50, long)
    expect([takings.takeBelated(), takings.takeBelated()]).toEqual([1_000, 0])
  })

  it('by a consumer that is always slow to report is of now', () => {
    const takings = new Takings()
    for (let report = 0; report <= 10; report++)
      takings.look([told('a', 100 * report, 2_500 * report)], 2_500 * report, long)
    takings.takeBelated()
    for (let ms = 50; ms < 2_500; ms += 50) takings.look([told('a', 1_000, 25_000)], 25_000 + ms, long)
    takings.look([told('a', 1_100, 27_500)], 27_500, long)
    expect(takings.takeBelated()).toBe(0)
  })

  it('of a time before the step is belated as far as it is of that', () => {
    const takings = new Takings()
    takings.look([told('a', 0, 0)], 0, long)
    takings.look([told('a', 100, 1_000)], 50, 250)
    expect([takings.timely, takings.takeBelated()]).toEqual([100, 75])
  })

  it('is held up also where it comes in two reports of a long time each', () => {
    const takings = new Takings()
    for (let ms = 0; ms <= 200; ms += 50) takings.look([told('a', ms / 10, ms)], ms, long)
    takings.look([told('a', 1_000, 10_000)], 250, long)
    takings.look([told('a', 2_000, 20_000)], 300, long)
    expect(takings.takeBelated()).toBeGreaterThan(1_900)
  })

  it('does not run backwards when counts go missing', () => {
    const takings = new Takings()
    takings.look([told('a', 100, 0)], 0, long)
    takings.look([told('a', 40, 50)], 50, long)
    expect([takings.timely, takings.takeBelated()]).toEqual([0, 0])
  })

  it('leaves the pace as it is when nine of ten come back at once', () => {
    const takings = new Takings()
    const meter = new PaceMeter()
    const ids = Array.from({ length: 10 }, (_, index) => `c${index}`)
    const isHeldUp = (id: string, at: number): boolean => id !== 'c0' && at > 2_000 && at < 8_000
    const newest = new Map<string, ReturnType<typeof told>>()
    for (let at = 0; at <= 8_000; at += 50) {
      for (const id of ids) if (!isHeldUp(id, at)) newest.set(id, told(id, at / 100, at))
      takings.look([...newest.values()], at, long)
      meter.look(takings.timely, at)
    }
    expect(meter.pace.ratePerMs).toBeLessThan(0.1)
  })
})
