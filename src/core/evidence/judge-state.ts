import { baselineRate, observeBaseline } from './baseline.ts'
import type { Baseline } from './baseline.ts'
import { addAttempts } from './cohort-look.ts'
import type { CohortLook } from './cohort-look.ts'
import { inflationOf, noDispersion, observeDispersion } from './dispersion.ts'
import type { Dispersion } from './dispersion.ts'
import { windowOf } from './duration-window.ts'
import { freeze, frozenFor } from './frozen-rates.ts'
import type { FrozenRates } from './frozen-rates.ts'
import type { Attempts } from './half-space.ts'
import type { Histogram } from './histogram.ts'
import type { JudgeOptions } from './judge-options.ts'
import { openLatencyTest } from './latency-test.ts'
import { openMixture } from './mixture.ts'
import { marginOf, observeForPromotion, openPromotionTests } from './promotion-judge.ts'
import type { PromotionTests } from './promotion-judge.ts'
import { combinedEvidence, observeRollback, rollbackEvidence } from './rollback-judge.ts'
import type { RollbackTests } from './rollback-judge.ts'

/**
 * Everything that the judge remembers of a rollout: plain numbers, written with each decision and taken up from there by whoever coordinates
 * next. About a hundred numbers, and the recent stable durations where latency is judged.
 */
export interface JudgeState {
  /** How often the evidence was lost and begun anew; each loss halves the significance level. */
  readonly losses: number
  readonly rollback: RollbackTests
  readonly promotion: PromotionTests | undefined
  /** The stable version's outcomes before the rollout and, where those are few, its first ones in it. */
  readonly start: Baseline
  readonly baseline: Baseline
  readonly dispersion: Dispersion
  readonly frozen: FrozenRates
  /** Over the whole rollout. */
  readonly canary: Attempts
  readonly stable: Attempts
  /** The canary's part of the newest look that it had messages in; 0 before. */
  readonly share: number
  /** The largest combined evidence so far. */
  readonly peak: number
}

/** What is known before the rollout. All of it may be nothing; then the first looks tell less. */
export interface JudgeHistory {
  /** Outcomes of the stable version in the minutes before, and durations of the succeeded ones. */
  readonly stable: Attempts
  readonly durations: Histogram
}

export const noHistory: JudgeHistory = { stable: { messages: 0, failed: 0 }, durations: {} }

export function openJudge(options: JudgeOptions, history: JudgeHistory = noHistory): JudgeState {
  const rate = baselineRate(history.stable)
  return {
    losses: 0,
    rollback: {
      failures: options.failures && openMixture(),
      latency: options.latency && openLatencyTest(windowOf(history.durations)),
      ceiling: options.ceiling && openMixture(),
    },
    promotion: options.failures && openPromotionTests(marginOf(options.failures, rate)),
    start: history.stable,
    baseline: history.stable,
    dispersion: noDispersion,
    frozen: [{ from: 0, rate, inflation: 1 }],
    canary: { messages: 0, failed: 0 },
    stable: { messages: 0, failed: 0 },
    share: 0,
    peak: 1,
  }
}

/** Stable messages from which on its failure rate is known. */
const enoughToKnow = 200

/** Begins the evidence anew, at half the significance level. What is known of the stable version stays. */
export function judgeAnew(state: JudgeState): JudgeState {
  const { failures, latency, ceiling } = state.rollback
  return {
    ...state,
    losses: state.losses + 1,
    rollback: {
      failures: failures && openMixture(),
      latency: latency && { ...openLatencyTest(), columns: latency.columns },
      ceiling: ceiling && openMixture(),
    },
    promotion: state.promotion && openPromotionTests(state.promotion.margin),
    canary: { messages: 0, failed: 0 },
    stable: { messages: 0, failed: 0 },
    peak: 1,
  }
}

/** Takes in one settled look. Looks come in order and once each. */
export function observeLook(state: JudgeState, look: CohortLook, options: JudgeOptions): JudgeState {
  const frozen = frozenFor(state.frozen, look.first)
  const isJudged = look.canary.messages > 0
  const rollback = observeRollback(state.rollback, look, frozen, options)
  const baseline = observeBaseline(state.baseline, look.stable, look.elapsedMs)
  const dispersion = look.dispersion ? observeDispersion(state.dispersion, look.dispersion) : state.dispersion
  const newest = { rate: baselineRate(baseline), inflation: inflationOf(dispersion) }
  return {
    losses: state.losses,
    start: state.start.messages < enoughToKnow ? addAttempts(state.start, look.stable) : state.start,
    rollback,
    promotion: isJudged && state.promotion ? observeForPromotion(state.promotion, look, frozen) : state.promotion,
    baseline,
    dispersion,
    frozen: freeze(state.frozen, newest, { opened: look.opened, closed: look.last }),
    canary: addAttempts(state.canary, look.canary),
    stable: addAttempts(state.stable, look.stable),
    share: isJudged ? look.canary.messages / (look.canary.messages + look.stable.messages) : state.share,
    peak: Math.max(state.peak, combinedEvidence(rollbackEvidence(rollback), options)),
  }
}
