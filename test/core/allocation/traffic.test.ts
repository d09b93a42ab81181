import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { permitsOf } from './canary-model.ts'
import type { Canary } from './canary-model.ts'
import { lookLength } from '../../../src/core/allocation/rhythm.ts'
import { Traffic } from './traffic-model.ts'

const weights = fc.oneof(
  fc.constantFrom(0.5, 1, 5, 10, 25, 50, 75, 90, 99),
  fc.double({ min: 0.5, max: 99, noNaN: true }),
)
const fleet = {
  seed: fc.nat(),
  weight: weights,
  canaries: fc.integer({ min: 1, max: 4 }),
  concurrency: fc.integer({ min: 1, max: 40 }),
  handlerMs: fc.integer({ min: 1, max: 300 }),
  latencyMs: fc.integer({ min: 0, max: 200 }),
  perSecond: fc.constantFrom(5, 20, 200, 2_000),
  backlog: fc.boolean(),
  arrivals: fc.constantFrom('even' as const, 'random' as const),
}

const troubles = {
  dies: (canary) => Object.assign(canary, { acts: false, connected: false, foundDead: true }),
  isTakenForDead: (canary) => Object.assign(canary, { foundDead: true }),
  comesBack: (canary) => Object.assign(canary, { acts: true, connected: true, ready: true, foundDead: false }),
  isCutOff: (canary) => Object.assign(canary, { connected: false }),
  losesItsLink: (canary) => Object.assign(canary, { acts: false, ready: false }),
  saysItIsNotReady: (canary) => Object.assign(canary, { ready: false }),
} satisfies Record<string, (canary: Canary) => unknown>

const incident = fc.record({
  at: fc.integer({ min: 0, max: 2_500 }),
  who: fc.nat({ max: 5 }),
  what: fc.constantFrom('joins' as const, ...(Object.keys(troubles) as (keyof typeof troubles)[])),
})

function happen(traffic: Traffic, { who, what }: { who: number; what: 'joins' | keyof typeof troubles }): void {
  const canary = traffic.canaries[who % traffic.canaries.length]
  if (what === 'joins') traffic.join()
  else if (canary !== undefined) troubles[what](canary)
}

/**
 * What the canary may have taken at most: its share of what has passed and of what the law took to be on its way, rounded up, and what each
 * consumer may have added while its grants were late.
 */
function bound({ options, passed, assumed, mostBridged, canaries }: Traffic): number {
  return (options.weight / 100) * (passed + assumed) + 1 + mostBridged * canaries.length
}

describe('the share', () => {
  it('never exceeds the weight by more than the burst, whatever happens to the consumers and the traffic', () => {
    const surges = fc.array(fc.constantFrom(0, 0.1, 1, 10), { minLength: 3, maxLength: 3 })
    fc.assert(
      fc.property(fc.record(fleet), fc.array(incident, { maxLength: 12 }), surges, (options, incidents, surge) => {
        const perSecond = (ms: number) => options.perSecond * (surge[Math.floor(ms / 1_200)] ?? 1)
        const traffic = new Traffic({ ...options, perSecond }).run(1_000).begin()
        const begun = traffic.now
        let worst = -Infinity
        traffic.run(2_500, () => {
          for (const event of incidents) if (event.at === traffic.now - begun) happen(traffic, event)
          worst = Math.max(worst, traffic.taken - bound(traffic))
        })
        expect(worst).toBeLessThanOrEqual(0)
      }),
      { numRuns: 40 },
    )
  })

  it.each([
    { perSecond: 20, backlog: false },
    { perSecond: 200, backlog: false },
    { perSecond: 2_000, backlog: false },
    { perSecond: 20, backlog: true },
    { perSecond: 200, backlog: true },
    { perSecond: 2_000, backlog: true },
  ])('is within 2 % of the traffic after 1,000 messages ($perSecond/s, backlog $backlog)', ({ perSecond, backlog }) => {
    const steady = fc.record({
      seed: fc.nat(),
      canaries: fc.integer({ min: 1, max: 4 }),
      weight: fc.constantFrom(0.5, 1, 5, 25, 50),
    })
    fc.assert(
      fc.property(steady, (options) => {
        const traffic = new Traffic({ ...options, perSecond, backlog, concurrency: 100 }).run(2_000).begin()
        traffic.runUntil(1_000)
        // At 2,000/s a thousand messages are ten looks: a little longer, so that the first grant's way does not count for much.
        if (perSecond === 2_000) traffic.run(2_500)
        expect(Math.abs(traffic.taken / traffic.passed - options.weight / 100)).toBeLessThan(0.02)
      }),
      { numRuns: 12 },
    )
  })

  it.each([1, 5, 25, 50].map((weight) => ({ weight })))(
    'keeps to $weight percent after 1,000 messages although the coordinator stalls',
    ({ weight }) => {
      for (const seed of [1, 2, 3, 4, 5]) {
        const traffic = new Traffic({ seed, weight, perSecond: 2_000, concurrency: 100 }).run(2_000)
        traffic.begin().runUntil(1_000)
        let worst = 0
        const look = (): void => {
          const due = (weight / 100) * traffic.passed
          worst = Math.max(worst, (Math.abs(traffic.taken - due) - 2) / due)
        }
        for (let stalls = 0; stalls < 20; stalls++) traffic.stall(200).run(400, look)
        expect(worst).toBeLessThan(0.1)
      }
    },
  )

  it.each([200, 2_000])('is kept by a large fleet, whose looks are far apart, at %i/s', (perSecond) => {
    for (const weight of [1, 5, 25, 50]) {
      for (const seed of [1, 2, 3]) {
        const traffic = new Traffic({
          perSecond,
          seed,
          weight,
          canaries: 4,
          concurrency: 100,
          intervalMs: lookLength(300),
        })
        traffic.run(5_000).begin()
        traffic.run(5_000)
        let worst = 0
        traffic.run(60_000, () => {
          const due = (weight / 100) * traffic.passed
          worst = Math.max(worst, (Math.abs(traffic.taken - due) - 2) / due)
        })
        expect(worst).toBeLessThan(0.1)
      }
    }
  })

  it.each([1, 5, 25, 50, 75, 90, 99])('converges to %s percent within a relative error of 2 %%', (weight) => {
    for (const seed of [1, 2, 3]) {
      const traffic = new Traffic({ seed, weight, perSecond: 200, canaries: 2 }).run(2_000).begin().runUntil(10_000)
      expect(Math.abs(traffic.taken / traffic.passed / (weight / 100) - 1)).toBeLessThan(0.02)
    }
  })
})

describe('stable consumers that die', () => {
  const fleet = { seed: 3, weight: 20, concurrency: 100, canaries: 2, backlog: true }
  const diesAt = 6_000

  it.each([0.75, 0.5, 0.1])('leave the canary its share of what is left, and no more: %s of them live on', (left) => {
    const perSecond = (ms: number) => (ms < diesAt ? 400 : 400 * left)
    const traffic = new Traffic({ ...fleet, perSecond })
      .run(2_000)
      .begin()
      .run(diesAt - 2_000)
    const { taken, passed } = traffic
    let worst = -Infinity
    traffic.run(20_000, () => (worst = Math.max(worst, traffic.taken - bound(traffic))))
    expect(worst).toBeLessThanOrEqual(0)
    const [byCanary, all] = [traffic.taken - taken, traffic.passed - passed]
    expect(byCanary / all).toBeLessThan(0.23)
    expect(byCanary / 20).toBeLessThan(left * 0.25 * 400 * 1.1)
  })

  it('leave the canary next to nothing when all are dead, though the queue is full', () => {
    const perSecond = (ms: number) => (ms < diesAt ? 400 : 0)
    const traffic = new Traffic({ ...fleet, perSecond })
      .run(2_000)
      .begin()
      .run(diesAt - 2_000)
    const { taken } = traffic
    traffic.run(3_000)
    const inherited = traffic.taken - taken
    traffic.run(60_000)
    expect(inherited).toBeLessThan(0.25 * 400 * 0.5)
    expect(traffic.taken - taken).toBe(inherited)
  })
})

describe('a canary consumer', () => {
  const options = { seed: 7, weight: 20, perSecond: 500, canaries: 1 }

  it('runs dry when it is cut off, and once it is found dead the other makes up for it', () => {
    const traffic = new Traffic({ ...options, canaries: 2 }).run(1_000).begin().run(3_000)
    const [one, other] = traffic.canaries
    if (one === undefined || other === undefined) throw new Error('two canaries were asked for')
    troubles.isCutOff(one)
    traffic.run(6_000)
    const most = permitsOf(one, Infinity)
    expect(one.taken).toBe(most)
    one.foundDead = true
    traffic.run(20_000)
    expect(one.taken).toBe(most)
    expect(traffic.taken / traffic.passed).toBeCloseTo(0.2, 2)
  })

  it('does not catch up what it missed beyond the reserve', () => {
    const traffic = new Traffic({ ...options, concurrency: 40 }).run(1_000).begin().run(3_000)
    const [slow] = traffic.canaries
    if (slow === undefined) throw new Error('a canary was asked for')
    slow.acts = false
    traffic.run(60_000)
    slow.acts = true
    const { taken, passed } = traffic
    traffic.run(20_000)
    const beyond = traffic.taken - taken - 0.2 * (traffic.passed - passed)
    const reserve = 40 + 0.2 * 0.5 * 2_000
    expect(beyond).toBeGreaterThan(reserve / 2)
    expect(beyond).toBeLessThan(reserve * 1.2)
    const later = { taken: traffic.taken, passed: traffic.passed }
    traffic.run(20_000)
    expect((traffic.taken - later.taken) / (traffic.passed - later.passed)).toBeCloseTo(0.2, 2)
  })

  it('that is late to join gets its part at once', () => {
    const traffic = new Traffic(options).run(1_000).begin().run(5_000)
    const newcomer = traffic.join()
    traffic.run(5_000)
    expect(newcomer.taken).toBeGreaterThan(0.2 * 0.4 * 500 * 4)
  })
})
