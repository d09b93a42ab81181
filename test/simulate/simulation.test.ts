import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { bridged } from '../../src/core/allocation/permits.ts'
import { trafficKinds } from '../../src/core/policy/traffic-kind.ts'
import type { Policy } from '../../src/core/policy/policy.ts'
import { explainedFailures } from '../../src/core/rollout/expected-failures.ts'
import { scenarioOf } from '../../src/simulate/scenario.ts'
import { simulate, Simulation } from '../../src/simulate/simulation.ts'
import type { Moment } from '../../src/simulate/simulation.ts'
import type { Traffic } from '../../src/simulate/traffic.ts'
import { arbitraryPolicy } from '../support/arbitrary-policy.ts'
import { buildTraffic, failing, policyOf, shortPolicy } from './support.ts'

const rates = fc.constantFrom(0, 0.001, 0.01, 0.1, 0.5, 1)
const latencies = fc.constantFrom(1, 20, 400, 3_000)

const arbitraryTraffic: fc.Arbitrary<Traffic> = fc.record({
  kind: fc.constantFrom(...trafficKinds),
  ratePerSecond: fc.constantFrom(0, 0.2, 5, 100, 3_000),
  stable: fc.record({ failures: rates, latencyMs: latencies }),
  canary: fc.record({ failures: rates, latencyMs: latencies }),
  onsetMs: fc.constantFrom(0, 1_500, 10_000),
  poison: fc.constantFrom(0, 0, 0.05),
  deathsPerHour: fc.constantFrom(0, 0, 600),
  historyMs: fc.constantFrom(0, 5_000, 300_000),
})

/** A policy that compares as well as it bounds. */
const comparingPolicy: fc.Arbitrary<Policy> = fc
  .tuple(arbitraryPolicy, fc.constantFrom(...policyOf({}).analysis.metrics))
  .map(([policy, metric]) => ({
    ...policy,
    analysis: { ...policy.analysis, metrics: [...policy.analysis.metrics, metric] },
  }))

/** What the canary may have taken at the next look. */
function mostTaken(before: Moment | undefined): number {
  const lane = before?.allocations.canary
  if (before === undefined || lane?.kind !== 'throttled' || lane.weight >= 100) return Infinity
  const { permits = 0, bridge } = before.allocations.consumers['canary-1'] ?? {}
  return Math.max(before.canary, permits + (bridge === undefined ? 0 : bridged(bridge, Infinity)))
}

const seeds = fc.nat({ max: 2 ** 32 - 1 })

describe('a simulation', () => {
  it('is the same for the same seed', () => {
    const scenario = scenarioOf(shortPolicy, buildTraffic(failing(0.02)))
    expect(simulate(scenario, 5)).toEqual(simulate(scenario, 5))
    expect(simulate(scenario, 5).messages).not.toEqual(simulate(scenario, 6).messages)
  })

  it('goes on where it was left', () => {
    const scenario = scenarioOf(shortPolicy, buildTraffic())
    const piecemeal = new Simulation(scenario, 3)
    let result = piecemeal.run(10)
    let pieces = 1
    for (; result === undefined; result = piecemeal.run(10)) pieces++
    expect(pieces).toBeGreaterThan(10)
    expect(result).toEqual(simulate(scenario, 3))
  })

  it('is the same where durations are compared for nothing but show', () => {
    const shown = policyOf({ steps: [{ weight: '20%', duration: '2m' }] })
    const metrics = shown.analysis.metrics.filter(({ kind }) => kind !== 'latency')
    expect(metrics.length).toBeLessThan(shown.analysis.metrics.length)
    const traffic = buildTraffic({ canary: { failures: 0.02, latencyMs: 60 } })
    const [run, other] = [shown, { ...shown, analysis: { ...shown.analysis, metrics } }].map((policy) =>
      simulate(scenarioOf(policy, traffic), 3),
    )
    expect(run).toEqual(other)
  })

  it('ends, loses no message and breaks no rule, whatever the policy and the traffic', { timeout: 60_000 }, () => {
    fc.assert(
      fc.property(comparingPolicy, arbitraryTraffic, seeds, (policy, traffic, seed) => {
        const scenario = scenarioOf(policy, traffic)
        let [blamed, excused] = [0, 0]
        const run = simulate(scenario, seed, ({ rollout }) => {
          // Once it is in charge, no budget holds it any more.
          if (rollout.phase === 'Draining' || rollout.phase === 'Succeeded') return
          // What was allowed for a rate that turned out lower has been allowed.
          excused = Math.max(excused, rollout.poison, explainedFailures(rollout))
          blamed = Math.max(blamed, rollout.harmed - excused)
        })
        const { canary, stable, taken } = run.messages
        expect(canary.taken + stable.taken).toBe(taken)
        const open = canary.taken - canary.succeeded - canary.failed
        expect(open).toBeGreaterThanOrEqual(0)
        expect(canary.handedBack).toBe(canary.failed)
        expect(stable.rescued + stable.failedOnBoth).toBeLessThanOrEqual(canary.handedBack)
        expect(blamed).toBeLessThanOrEqual(policy.limits.maxFailedMessages)
        expect(run.elapsedMs).toBeLessThanOrEqual(policy.progressDeadlineMs + policy.drain.timeoutMs + 30_000)
        for (const value of Object.values({ ...canary, ...stable })) expect(Number.isSafeInteger(value)).toBe(true)
      }),
      { numRuns: 300 },
    )
  })

  it('takes no message without a permit', () => {
    fc.assert(
      fc.property(comparingPolicy, arbitraryTraffic, seeds, (policy, traffic, seed) => {
        const scenario = scenarioOf(policy, { ...traffic, deathsPerHour: 0 })
        let before: Moment | undefined
        simulate(scenario, seed, (moment) => {
          expect(moment.canary).toBeLessThanOrEqual(mostTaken(before))
          before = moment
        })
      }),
      { numRuns: 60 },
    )
  })

  it.each(trafficKinds)('gives each step its share of the messages: %s', (kind) => {
    const shares: number[] = []
    let origin: Moment | undefined
    simulate(scenarioOf(shortPolicy, buildTraffic({ kind, ratePerSecond: 200 })), 2, (moment) => {
      if (moment.rollout.step !== origin?.rollout.step && moment.rollout.phase === 'Progressing') origin = moment
      if (origin === undefined || moment.rollout.phase !== 'Progressing') return
      const canary = moment.canary - origin.canary
      shares[moment.rollout.step] = canary / (canary + moment.stable - origin.stable)
    })
    for (const [step, target] of [0.01, 0.1, 0.5].entries()) {
      expect(shares[step]).toBeGreaterThan(0.85 * target)
      expect(shares[step]).toBeLessThan(1.1 * target)
    }
  })

  it.each([
    ['a budget that is spent', { limits: { maxFailedMessages: 5 } }, failing(0.5), 'RolledBack'],
    ['what a failure holds', { onFailure: 'pause' }, failing(0.5), 'Paused'],
    [
      'an open-ended pause, which is promoted',
      { steps: [{ weight: '50%', duration: '3m' }, { pause: {} }] },
      {},
      'Succeeded',
    ],
    ['a blue/green release', { strategy: 'blueGreen', steps: undefined }, {}, 'Succeeded'],
    ['a proof that does not come', { progressDeadline: '4m' }, { ratePerSecond: 5 }, 'WaitingPromotion'],
    ['samples that do not come', { progressDeadline: '4m' }, { ratePerSecond: 0 }, 'Progressing'],
  ] as const)('knows %s', (_, parts, traffic, phase) => {
    const { steps, ...rest } = {
      steps: [{ weight: '10%', duration: '1m' }],
      analysis: { metrics: [{ name: 'failures' }] },
      limits: { maxFailedMessages: 100_000 },
      ...parts,
    }
    const policy = policyOf({ ...rest, ...(steps !== undefined && { steps }) })
    expect(simulate(scenarioOf(policy, buildTraffic(traffic)), 1).phase).toBe(phase)
  })

  it('counts what a dead process held, and goes on with the next', () => {
    const traffic = buildTraffic({ deathsPerHour: 120, stable: { failures: 0, latencyMs: 20 }, ...failing(0) })
    const run = simulate(scenarioOf(shortPolicy, traffic), 4)
    expect(run.messages.canary.failed).toBe(0)
    expect(run.harmed).toBeGreaterThan(0)
    expect(run.messages.canary.taken - run.messages.canary.succeeded).toBeGreaterThanOrEqual(run.harmed)
  })

  it('gives poison back to the budget', () => {
    const policy = policyOf({
      steps: [{ weight: '50%', duration: '1m' }],
      analysis: { metrics: [{ name: 'failures', promoteWithoutProof: true }] },
      limits: { maxFailedMessages: 20 },
    })
    const traffic = buildTraffic({ poison: 0.05, stable: { failures: 0, latencyMs: 20 }, ...failing(0) })
    const run = simulate(scenarioOf(policy, traffic), 1)
    expect(run.phase).toBe('Succeeded')
    expect(run.harmed).toBeGreaterThan(100)
    expect(run.messages.stable.rescued).toBe(0)
  })

  it('lets messages end when their handlers do', () => {
    const traffic = buildTraffic({
      stable: { failures: 0, latencyMs: 5_000 },
      canary: { failures: 0, latencyMs: 5_000 },
    })
    const policy = { ...shortPolicy, limits: { ...shortPolicy.limits, maxInFlight: 8 } }
    let most = 0
    const run = simulate(scenarioOf(policy, traffic), 1, ({ rollout, canary }) => {
      const told = rollout.latest?.canary
      if (told !== undefined && rollout.phase === 'Progressing')
        most = Math.max(most, told.taken - told.succeeded - told.failed)
      expect(canary).toBeGreaterThanOrEqual(told?.taken ?? 0)
    })
    expect(most).toBe(8)
    // Eight slots of five seconds: 1.6 a second, of the 50 that the last step would give.
    expect(run.messages.canary.taken).toBeLessThan(1.6 * (run.elapsedMs / 1_000) + 8 + 100 * 10)
  })
})
