/** What the share of a ramp that a budget of failures drives is made from. Shares are fractions of one. */
export interface ShareBudget {
  /** Failed messages that a severe regression may cost. */
  readonly failureBudget: number
  /** Chance of rolling back a canary that is not worse: it sets how much evidence a rollback takes. */
  readonly significanceLevel: number
  /** At most a half is wise: beyond it there is too little to compare with. */
  readonly maxShare: number
  readonly minDurationMs: number
  readonly lookMs: number
  /** From a message's beginning to the moment when a decision that knows of it has taken effect. */
  readonly reactionMs: number
}

export interface ShareSituation {
  /** Of the whole queue. */
  readonly ratePerMs: number
  /** Most that the canary's failure rate exceeds the stable one's. */
  readonly excessBound: number
  readonly elapsedMs: number
  /** In force now; 0 at the start. */
  readonly share: number
  readonly suspicious: boolean
}

/**
 * The share from now on. At most doubled at a time, and never above
 *
 * - the share at which a canary that fails everything is found within the budget (`shareCap`),
 * - the share at which, until the next decision takes effect, the excess that is not ruled out costs no more than the budget,
 * - a pace that lets regressions that begin late show while the share is small.
 *
 * At least about one canary message a look. Suspicion lets it only fall; changes of less than a tenth are not worth making.
 */
export function budgetedShare(budget: ShareBudget, situation: ShareSituation): number {
  const { ratePerMs, excessBound, share, suspicious } = situation
  const cap = shareCap(budget)
  const floor = 1 / Math.max(1, ratePerMs * budget.lookMs)
  const affordable = budget.failureBudget / (ratePerMs * budget.reactionMs * excessBound)
  const wanted = Math.max(floor, Math.min(affordable, 2 * share))
  const next = Math.min(cap, wanted, paceLimit(budget, situation.elapsedMs, { cap, floor }))
  if (suspicious && next > share) return share
  return Math.abs(next - share) < leastChange * share ? share : next
}

const leastChange = 0.1
/** The pace begins here. */
const firstShare = 0.01

/**
 * A failed message of a canary that fails everything brings about `ln(1/share)` nats of evidence whatever the rate, so about
 * `(ln(1/alpha) + 2) / ln(1/share)` of them are needed.
 */
export function shareCap({ failureBudget, significanceLevel, maxShare }: ShareBudget): number {
  return Math.min(maxShare, Math.exp(-(Math.log(1 / significanceLevel) + 2) / failureBudget))
}

/** Rises geometrically from the first share to the cap over `minDurationMs`. */
function paceLimit(
  { minDurationMs }: ShareBudget,
  elapsedMs: number,
  { cap, floor }: { readonly cap: number; readonly floor: number },
): number {
  const first = Math.min(cap, Math.max(firstShare, floor))
  const left = minDurationMs === 0 ? 0 : Math.max(0, 1 - elapsedMs / minDurationMs)
  return cap * (first / cap) ** left
}
