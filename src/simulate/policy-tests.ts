import { spellDuration } from '../core/policy/duration.ts'
import type { PolicyTest } from '../core/policy/policy.ts'
import { readTest } from '../core/policy/test-reader.ts'
import type { Expectation } from '../core/policy/test-reader.ts'
import type { Summary } from './summary.ts'

/** One expectation of a test, held against its runs. */
export interface Check {
  /** As in the policy file: `phase`, `harmed.p95`, `within`. */
  readonly key: string
  readonly expected: string
  readonly found: string
  readonly holds: boolean
}

/** The part of the runs that must end as expected. */
const wantedPart = 0.95

/** Holds each thing that the test expects against what the runs did. */
export function checksOf(test: PolicyTest, summary: Summary): readonly Check[] {
  const { phase, harmed, within } = readTest(test).expect
  return [...phaseCheck(phase, summary), ...harmedChecks(harmed, summary), ...timeCheck(within, summary)]
}

function phaseCheck(phase: Expectation['phase'], { phases, runs }: Summary): readonly Check[] {
  if (phase === undefined) return []
  const part = (phases[phase] ?? 0) / runs
  const found = Object.entries(phases)
    .toSorted(([, a], [, b]) => b - a)
    .map(([name, count]) => `${name} ${percent(count / runs)}`)
    .join(', ')
  return [{ key: 'phase', expected: `${phase} in ${percent(wantedPart)}`, found, holds: part >= wantedPart }]
}

function harmedChecks(harmed: Expectation['harmed'], summary: Summary): readonly Check[] {
  const quantiles = ['p50', 'p95', 'p99'] as const
  return quantiles.flatMap((quantile) => {
    const most = harmed?.[quantile]
    if (most === undefined) return []
    const found = summary.harmed[quantile]
    return [{ key: `harmed.${quantile}`, expected: `at most ${most}`, found: `${found}`, holds: found <= most }]
  })
}

/** Runs that were held until the deadline took that long at least. */
function timeCheck(within: Expectation['within'], { elapsedMs }: Summary): readonly Check[] {
  if (within === undefined) return []
  const expected = `${percent(wantedPart)} within ${spellDuration(within)}`
  return [{ key: 'within', expected, found: spellDuration(elapsedMs.p95), holds: elapsedMs.p95 <= within }]
}

function percent(part: number): string {
  return `${Number((100 * part).toFixed(1))} %`
}
