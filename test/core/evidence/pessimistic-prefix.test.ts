import fc from 'fast-check'
import { expect, it } from 'vitest'
import { closeCohorts, openCohorts } from '../../../src/core/evidence/cohorts.ts'
import type { Cohort, CohortTally } from '../../../src/core/evidence/cohorts.ts'
import { evidenceOf, suspicionOf } from '../../../src/core/evidence/judge-evidence.ts'
import { observeLook, openJudge } from '../../../src/core/evidence/judge-state.ts'
import { cohort } from './build-cohort.ts'
import { everyTest, judgeOptions } from './judge-options.ts'

/** One message: whether it fails, and how many looks after its cohort its outcome is known. */
interface Message {
  readonly fails: boolean
  readonly after: number
}

interface Traffic {
  readonly canary: readonly Message[]
  readonly stable: readonly Message[]
  readonly target: number
}

const message = fc.record({ fails: fc.boolean(), after: fc.nat(8) })
const mostlyGood = fc.record({ fails: fc.nat(9).map((draw) => draw === 0), after: fc.nat(3) })
const traffic = fc.array(
  fc.record({
    canary: fc.array(message, { maxLength: 5 }),
    stable: fc.array(mostlyGood, { maxLength: 30 }),
    target: fc.constantFrom(0.05, 0.05, 0.05, 0.25),
  }),
  { minLength: 3, maxLength: 25 },
)

const rules = {
  cohortMs: 1_000,
  completeAfterMs: 1_000,
  settleTimeoutMs: 6_000,
  minimum: { canary: 1, stable: 5 },
}

function seenAt(now: number, cohorts: readonly Traffic[]): readonly Cohort[] {
  return cohorts.slice(0, now + 1).map(({ canary, stable, target }, number) =>
    cohort(number, {
      ageMs: (now - number) * 1_000,
      target,
      canary: tallyAt(now - number, canary),
      stable: tallyAt(now - number, stable),
      stableConsumers: [tallyAt(now - number, stable.slice(0, 9)), tallyAt(now - number, stable.slice(9))],
    }),
  )
}

function tallyAt(age: number, messages: readonly Message[]): CohortTally {
  const known = messages.filter(({ after }) => after <= age)
  const failed = known.filter(({ fails }) => fails).length
  return { dispatched: messages.length, succeeded: known.length - failed, failed, durations: undefined }
}

it.each([
  ['failures', judgeOptions()],
  ['failures and a ceiling', { ...everyTest, latency: undefined }],
])('no prefix of open cohorts shows more evidence of %s than it does when settled', (_, options) => {
  fc.assert(
    fc.property(traffic, (cohorts) => {
      let state = openJudge(options)
      let waiting = openCohorts(0)
      const claims: { readonly last: number; readonly evidence: number }[] = []
      const settled: { readonly last: number; readonly evidence: number }[] = [{ last: -1, evidence: 1 + 1e-12 }]
      for (let now = 0; now < cohorts.length + 10; now++) {
        const closed = closeCohorts(waiting, seenAt(now, cohorts), rules)
        waiting = closed.state
        for (const look of closed.looks) {
          state = observeLook(state, look, options)
          settled.push({ last: look.last, evidence: evidenceOf(state, options).combined })
        }
        for (const [index, { last }] of closed.open.entries()) {
          claims.push({ last, evidence: suspicionOf(state, closed.open.slice(0, index + 1), options).evidence })
        }
      }
      for (const { last, evidence } of claims) {
        const reached = settled.filter((look) => look.last <= last).map((look) => look.evidence)
        expect(evidence).toBeLessThanOrEqual(Math.max(...reached) * (1 + 1e-9))
      }
    }),
    { numRuns: 400 },
  )
})
