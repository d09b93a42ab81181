import fc from 'fast-check'
import { expect, it } from 'vitest'
import { windowOf } from '../../../src/core/evidence/duration-window.ts'
import { evidenceOf } from '../../../src/core/evidence/judge-evidence.ts'
import { explainEvidence, explainProof } from '../../../src/core/evidence/explain.ts'
import { judgeOptionsOf } from '../../../src/core/evidence/judge-options.ts'
import type { CohortFacts } from '../../../src/core/rollout/cohort-clock.ts'
import { turnClock } from '../../../src/core/rollout/cohort-clock.ts'
import { comparisonReader } from '../../../src/core/rollout/comparison-codec.ts'
import { beginComparison, compare, compareAnew, fuseOf } from '../../../src/core/rollout/comparison.ts'
import type { Comparison } from '../../../src/core/rollout/comparison.ts'
import { parseWith } from '../../../src/core/schema/reader.ts'
import { comparing } from '../../support/build-comparison.ts'
import { buildPolicy } from '../../support/build-policy.ts'
import { counts, facts, observation } from '../../support/build-rollout.ts'

const policy = buildPolicy({ analysis: comparing({}, [{ name: 'latency' }]) })
const options = judgeOptionsOf(policy.analysis)

const size = fc.constantFrom(0, 1, 3, 50, 5_000, 1e9)
const tally = fc
  .record({ succeeded: size, failed: size, pending: fc.constantFrom(0, 0, 0, 2), bucket: fc.nat({ max: 400 }) })
  .map(({ succeeded, failed, pending, bucket }) => {
    return { dispatched: succeeded + failed + pending, succeeded, failed, durations: windowOf({ [bucket]: succeeded }) }
  })
const spell = fc.record({
  canary: tally,
  stable: tally,
  target: fc.constantFrom(0, 0.0001, 0.1, 1),
  /** Seconds that look like this. */
  lasts: fc.constantFrom(1, 2, 60),
  begunAnew: fc.constantFrom(false, false, false, true),
})

function readBack(comparison: Comparison): Comparison {
  const read = parseWith(comparisonReader, JSON.parse(JSON.stringify(comparison)))
  expect(read).toEqual({ ok: true, value: comparison })
  return read.ok ? read.value : comparison
}

it('whatever happens, the next coordinator can read what the last one wrote, and people can', () => {
  const history = fc.record({ succeeded: size, failed: size })
  fc.assert(
    fc.property(history, fc.array(spell, { minLength: 1, maxLength: 12 }), (before, spells) => {
      const stable = facts({ counts: counts(before), capacity: 10, durations: { 9: before.succeeded } })
      const told: Record<number, CohortFacts> = {}
      let elapsedMs = 0
      let comparison = beginComparison({ policy, elapsedMs, seen: observation({ stable }) }, 7)
      for (const { canary, stable: other, target, lasts, begunAnew } of spells) {
        if (begunAnew) comparison = compareAnew(comparison)
        for (let second = 0; second < lasts; second++) {
          elapsedMs += 1_000
          const clock = turnClock(comparison.clock, { elapsedMs, target, lengthMs: 1_000 })
          told[clock.current.number] = { canary, stable: other, stableConsumers: [other, other] }
          const seen = observation({ stable, cohorts: told })
          comparison = compare({ ...comparison, clock }, { policy, seen, elapsedMs, sinceMs: 1_000, ratePerMs: 0.1 })
        }
        comparison = readBack(comparison)
        const evidence = evidenceOf(comparison.judge, options)
        const texts = [explainProof(evidence), explainEvidence(evidence, comparison.suspicion)]
        expect(texts.join(' ')).not.toMatch(/NaN|Infinity|null|undefined/)
        expect(Object.values(fuseOf(comparison, policy) ?? {}).every(Number.isFinite)).toBe(true)
      }
    }),
    { numRuns: 50 },
  )
})
