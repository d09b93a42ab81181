import { describe, expect, it } from 'vitest'
import type { QueueFacts } from '../../src/contracts/broker.ts'
import { LeaseWatch } from '../../src/coordinator/lease.ts'
import { PaceMeter } from '../../src/core/allocation/pace-meter.ts'
import { QueueGauge } from '../../src/coordinator/queue-gauge.ts'
import { Roster } from '../../src/coordinator/roster.ts'
import { Watch } from '../../src/coordinator/watch.ts'
import { buildReport } from '../support/build-report.ts'
import { manualClock } from '../support/manual-clock.ts'
import { emptyQueue } from './lab.ts'

describe('Watch', () => {
  it('counts time that was looked at, and of a gap two seconds', () => {
    const watch = new Watch()
    expect(watch.at(1_000)).toBe(0)
    watch.mark(1_000)
    watch.mark(1_050)
    expect(watch.at(1_500)).toBe(500)
    expect(watch.at(100_000)).toBe(2_050)
    watch.mark(100_000)
    watch.mark(100_100)
    expect(watch.at(100_100)).toBe(2_150)
  })
})

describe('LeaseWatch', () => {
  it('knows nothing before it has looked', () => {
    expect(new LeaseWatch().isFree(1e9)).toBe(false)
  })

  it.each([
    ['a renewal', { holder: 'a', renewals: 2 }],
    ['another holder', { holder: 'b', renewals: 1 }],
  ])('begins anew with %s', (_, changed) => {
    const watch = new LeaseWatch()
    watch.observe({ holder: 'a', renewals: 1 }, 0)
    watch.observe(changed, 4_999)
    expect([watch.isFree(9_998), watch.isFree(9_999)]).toEqual([false, true])
  })

  it('is free when nobody holds it', () => {
    const watch = new LeaseWatch()
    watch.observe({ holder: undefined, renewals: 9 }, 0)
    expect(watch.isFree(0)).toBe(true)
  })
})

describe('Roster', () => {
  it('presumes alive whom it never watched, and finds dead whose beat stands still', () => {
    const roster = new Roster()
    const report = buildReport({ beat: 5 })
    roster.observe([report], 100)
    expect([roster.isAlive(report, 6_099), roster.isAlive(report, 6_100)]).toEqual([true, false])
    roster.observe([{ ...report, beat: 6 }], 7_000)
    expect([roster.isAlive(report, 7_001), roster.silentMs('s1', 7_500)]).toEqual([true, 500])
  })

  it('does not wait for one who signed off', () => {
    const roster = new Roster()
    const gone = buildReport({ state: 'gone' })
    roster.observe([gone], 0)
    expect(roster.isAlive(gone, 0)).toBe(false)
  })

  it('is not taken back by an older report, and keeps one that is not there any more until it is dead', () => {
    const roster = new Roster()
    roster.observe([buildReport({ beat: 5, inFlight: 3 })], 0)
    roster.observe([buildReport({ beat: 4, inFlight: 9 })], 10)
    roster.observe([], 20)
    expect(roster.reports.map(({ inFlight }) => inFlight)).toEqual([3])
    roster.forgetAllBut([], 5_990)
    expect(roster.reports).toHaveLength(1)
    roster.forgetAllBut([], 6_000)
    expect(roster.reports).toEqual([])
  })

  it.each([
    ['ready', 'consuming', true],
    ['ready', 'idle', true],
    ['ready', 'connecting', false],
    ['ready', 'missing', false],
    ['ready', 'refused', false],
    ['ready', 'closed', false],
    ['starting', 'idle', false],
    ['draining', 'consuming', false],
    ['drained', 'idle', false],
  ] as const)('finds a consumer that is %s and %s ready: %s', (state, link, ready) => {
    const roster = new Roster()
    const report = buildReport({ state, link })
    roster.observe([report], 0)
    expect(roster.isReady(report, 0)).toBe(ready)
  })

  it('bears with a link that is away for a moment', () => {
    const roster = new Roster()
    roster.observe([buildReport({ beat: 1 })], 0)
    const away = buildReport({ beat: 2, link: 'connecting' })
    roster.observe([away], 50)
    expect([roster.isReady(away, 1_999), roster.isReady(away, 2_000)]).toEqual([true, false])
  })
})

describe('PaceMeter', () => {
  it('stands still before it has seen two looks', () => {
    const meter = new PaceMeter()
    expect(meter.pace).toEqual({ ratePerMs: 0, horizonMs: 0 })
    meter.look(1_000_000, 500)
    expect(meter.pace).toEqual({ ratePerMs: 0, horizonMs: 0 })
  })

  it('finds rate and interval of a steady queue, and follows when it stops', () => {
    const meter = new PaceMeter()
    for (let look = 0; look < 60; look++) meter.look(10 * look, 50 * look)
    expect(meter.pace.ratePerMs).toBeCloseTo(0.2, 3)
    expect(meter.pace.horizonMs).toBeCloseTo(75)
    for (let look = 60; look < 90; look++) meter.look(590, 50 * look)
    expect(meter.pace.ratePerMs).toBeLessThan(0.01)
  })

  it('does not run backwards when counts go missing, nor divide by no time', () => {
    const meter = new PaceMeter()
    meter.look(100, 0)
    meter.look(50, 0)
    meter.look(40, 50)
    expect(meter.pace.ratePerMs).toBe(0)
  })
})

describe('QueueGauge', () => {
  const facts: QueueFacts = { ...emptyQueue, backlog: 3, consumers: 1 }

  it('asks once a second, never twice at a time, and forgets what is old', async () => {
    const clock = manualClock()
    let asked = 0
    let answer: () => Promise<QueueFacts> = async () => facts
    const gauge = new QueueGauge({ inspect: () => (asked++, answer()) }, clock)
    expect(gauge.read()).toBeUndefined()
    await clock.advance(999)
    expect([gauge.read(), asked]).toEqual([facts, 1])
    answer = () => new Promise(() => {})
    await clock.advance(1)
    gauge.read()
    await clock.advance(3_999)
    expect([gauge.read(), asked]).toEqual([facts, 2])
    await clock.advance(1)
    expect([gauge.read(), asked]).toEqual([undefined, 2])
  })

  it('takes a failure for not knowing, and asks again', async () => {
    const clock = manualClock()
    let fails = true
    const inspect = async () => (fails ? Promise.reject(new Error('no link')) : facts)
    const gauge = new QueueGauge({ inspect }, clock)
    gauge.read()
    await clock.advance(1_000)
    fails = false
    expect(gauge.read()).toBeUndefined()
    await clock.advance(1)
    expect(gauge.read()).toEqual(facts)
  })
})
