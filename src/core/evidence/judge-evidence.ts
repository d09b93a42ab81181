import { baselineRate } from './baseline.ts'
import type { CohortLook } from './cohort-look.ts'
import { excessBound } from './excess-bound.ts'
import { frozenFor } from './frozen-rates.ts'
import type { Attempts } from './half-space.ts'
import type { JudgeOptions } from './judge-options.ts'
import type { JudgeState } from './judge-state.ts'
import { messagesToPromote } from './planning.ts'
import { logPromotionEvidence } from './promotion-test.ts'
import { combinedEvidence, isSlowness, observeFailures, rollbackEvidence } from './rollback-judge.ts'
import type { RollbackEvidence } from './rollback-judge.ts'

/** What the evidence says, with the numbers to show beside it. Evidence is 1 where nothing speaks for or against. */
export interface Evidence extends RollbackEvidence {
  /** The weighted mean of the rollback tests; and the bound that rolls back once it was reached. */
  readonly combined: number
  /** What speaks loudest against the canary. */
  readonly loudest: 'failures' | 'latency'
  readonly needed: number
  /** Valid whenever one looks: the chance that a canary that is not worse ever shows this much. */
  readonly pValue: number
  readonly rollback: boolean
  /** Enough to raise the share no further. */
  readonly suspicious: boolean
  /** That the canary is not worse by the margin, and the bound that promotes. */
  readonly promotion: number
  readonly promotionNeeded: number
  readonly proven: boolean
  /** The non-inferiority margin, and the most that the canary's failure rate exceeds the stable one's. */
  readonly margin: number
  readonly excessBound: number
  /** The stable version's recent failure rate. */
  readonly baselineRate: number
  /** Over the whole rollout; undefined before the first message. */
  readonly canaryRate: number | undefined
  readonly stableRate: number | undefined
  readonly canary: Attempts
  readonly stable: Attempts
  /** Canary messages that a canary as good as the stable version needs until it is proven, about; undefined where the share is not known. */
  readonly messagesToPromote: number | undefined
}

export function evidenceOf(state: JudgeState, options: JudgeOptions): Evidence {
  const needed = evidenceNeeded(state, options)
  const parts = rollbackEvidence(state.rollback)
  const combined = combinedEvidence(parts, options)
  const { canary, stable } = state
  return {
    ...parts,
    combined,
    loudest: isSlowness(parts, options) ? 'latency' : 'failures',
    needed,
    pValue: 1 / state.peak,
    rollback: state.peak >= needed,
    suspicious: combined >= Math.sqrt(needed),
    ...promotionOf(state, options),
    baselineRate: baselineRate(state.baseline),
    canaryRate: rateOf(canary),
    stableRate: rateOf(stable),
    canary,
    stable,
  }
}

export interface Suspicion {
  /** The most that is shown by what is settled, or will be shown at least once the open cohorts up to some point are. */
  readonly evidence: number
  readonly rollback: boolean
  readonly suspicious: boolean
}

/**
 * Rolls back before slow messages have settled. `open` are the looks of the open cohorts as `closeCohorts` imputes them: the evidence after each
 * is at most what it will be when settled, so that reaching the bound early costs no additional error. Latency cannot be foretold and counts
 * for nothing in it.
 */
export function suspicionOf(state: JudgeState, open: readonly CohortLook[], options: JudgeOptions): Suspicion {
  const needed = evidenceNeeded(state, options)
  let tests = state.rollback
  let evidence = combinedEvidence(rollbackEvidence(tests), options)
  for (const look of open) {
    tests = observeFailures(tests, look, frozenFor(state.frozen, look.first), options)
    evidence = Math.max(evidence, combinedEvidence({ ...rollbackEvidence(tests), latency: 0 }, options))
  }
  return {
    evidence,
    rollback: Math.max(state.peak, evidence) >= needed,
    suspicious: evidence >= Math.sqrt(needed),
  }
}

/** The bound of the rollback tests, after losses of the evidence. */
function evidenceNeeded({ losses }: JudgeState, { significanceLevel }: JudgeOptions): number {
  return 2 ** losses / significanceLevel
}

function promotionOf({ promotion: tests, share, baseline }: JudgeState, { promotionErrorRate }: JudgeOptions) {
  const promotionNeeded = 1 / promotionErrorRate
  if (tests === undefined) return { ...nothingProven, promotionNeeded }
  const log = logPromotionEvidence(tests.promotion)
  const missing = Math.log(promotionNeeded) - log
  const stable = baselineRate(baseline)
  return {
    promotion: Math.exp(Math.min(mostLogShown, log)),
    promotionNeeded,
    proven: missing <= 0,
    margin: tests.margin,
    excessBound: excessBound(tests.excess, promotionErrorRate),
    messagesToPromote: share > 0 && share < 1 ? messagesToPromote({ stable, share }, tests.margin, missing) : undefined,
  }
}

/** Beyond it there is no number to show; a long rollout gets there. */
const mostLogShown = 690

const nothingProven = { promotion: 1, proven: false, margin: 0, excessBound: 1, messagesToPromote: undefined }

function rateOf({ messages, failed }: Attempts): number | undefined {
  return messages === 0 ? undefined : failed / messages
}
