import { joinLooks } from './cohort-look.ts'
import type { CohortLook } from './cohort-look.ts'
import type { CohortRules, LookMinimum } from './cohort-rules.ts'
import { dispersionAmong } from './dispersion.ts'
import type { DurationWindow } from './duration-window.ts'
import type { Attempts } from './half-space.ts'
import type { LookDurations } from './latency-test.ts'

/**
 * Messages are counted where their handling began, never where it ended: a canary that is merely slower would otherwise show its failures
 * before its successes. A cohort is the messages that both versions began within one interval. It is settled when each has its outcome, or
 * when it is too old to wait for the rest, which then counts as failed on both versions: it did not finish in time.
 */
export interface Cohort {
  /** Whole, increasing with time. */
  readonly number: number
  /** Since its beginning. */
  readonly ageMs: number
  /** The canary's target share in this interval; 0 while it may take nothing. */
  readonly target: number
  readonly canary: CohortTally
  readonly stable: CohortTally
  /** The stable tally by consumer, for the dispersion guard; empty where it is not known. */
  readonly stableConsumers: readonly Tally[]
}

/**
 * First attempts of one version in one cohort. Cumulative: told anew at each look until the cohort is closed. A message that went back to the
 * queue without an outcome is taken out of `dispatched`.
 */
export interface Tally {
  readonly dispatched: number
  readonly succeeded: number
  readonly failed: number
}

export interface CohortTally extends Tally {
  /** Of the succeeded ones; undefined where nobody measures them. */
  readonly durations: DurationWindow | undefined
}

/** What is remembered of cohorts between looks: where they are closed to, and a look that still lacks messages. */
export interface CohortState {
  readonly closed: number
  readonly gathered: CohortLook | undefined
}

/** Cohorts from `first` on count. */
export function openCohorts(first: number): CohortState {
  return { closed: first - 1, gathered: undefined }
}

export interface ClosedCohorts {
  readonly state: CohortState
  /** Settled looks, in order. */
  readonly looks: readonly CohortLook[]
  /**
   * The looks that will follow when the open cohorts settle, as if what is pending on the canary succeeded and on the stable version failed: they show
   * no more evidence against the canary than they will when settled.
   */
  readonly open: readonly CohortLook[]
}

/** Closes what is settled, oldest first; a cohort that is not settled holds up those after it. Results of closed cohorts come too late. */
export function closeCohorts(state: CohortState, cohorts: readonly Cohort[], rules: CohortRules): ClosedCohorts {
  const unclosed = cohorts.filter(({ number }) => number > state.closed).toSorted((a, b) => a.number - b.number)
  const incomplete = unclosed.findIndex(({ ageMs }) => ageMs < rules.completeAfterMs)
  const waiting = incomplete === -1 ? unclosed : unclosed.slice(0, incomplete)
  const unsettled = waiting.findIndex((cohort) => !isSettled(cohort, rules))
  const settled = unsettled === -1 ? waiting : waiting.slice(0, unsettled)
  const newest = cohorts.reduce((most, { number }) => Math.max(most, number), state.closed)
  const closed = gather(state, settled.map(settledLook), { rules, newest })
  const open = gather(closed.state, waiting.slice(settled.length).map(imputedLook), { rules, newest })
  return { ...closed, open: open.looks }
}

/** True when every message that both versions began has its outcome, or has had its time. */
export function isSettled({ ageMs, canary, stable }: Cohort, rules: CohortRules): boolean {
  return ageMs >= rules.settleTimeoutMs || (pending(canary) === 0 && pending(stable) === 0)
}

interface Gathering {
  readonly rules: CohortRules
  readonly newest: number
}

function gather(
  state: CohortState,
  parts: readonly CohortLook[],
  { rules, newest }: Gathering,
): Omit<ClosedCohorts, 'open'> {
  const looks: CohortLook[] = []
  let { closed, gathered } = state
  for (const part of parts) {
    const look = { ...part, elapsedMs: (part.last - closed) * rules.cohortMs }
    closed = part.last
    if (gathered !== undefined && gathered.target !== look.target) {
      looks.push({ ...withoutCanary(gathered), opened: newest })
      gathered = undefined
    }
    const joined: CohortLook = gathered === undefined ? look : joinLooks(gathered, look)
    const isWhole = isEnough(joined, rules.minimum)
    if (isWhole) looks.push({ ...joined, opened: newest })
    gathered = isWhole ? undefined : joined
  }
  return { state: { closed, gathered }, looks }
}

/** While the canary may take nothing there is nothing to wait for: the baseline learns from the stable version alone. */
function isEnough({ target, canary, stable }: CohortLook, minimum: LookMinimum): boolean {
  if (target === 0 && canary.messages === 0) return true
  return canary.messages >= minimum.canary && stable.messages >= minimum.stable
}

/** Too short when the share changed: nothing may be compared across the change, so its canary messages count for nothing. */
function withoutCanary(look: CohortLook): CohortLook {
  return { ...look, canary: { messages: 0, failed: 0 }, durations: undefined }
}

function settledLook(cohort: Cohort): CohortLook {
  return lookOf(cohort, attempts(cohort.canary), attempts(cohort.stable))
}

function imputedLook(cohort: Cohort): CohortLook {
  const { canary, stable } = cohort
  return lookOf(cohort, { messages: attempts(canary).messages, failed: canary.failed }, attempts(stable))
}

function lookOf(cohort: Cohort, canary: Attempts, stable: Attempts): CohortLook {
  const durations = { canary: cohort.canary.durations, stable: cohort.stable.durations }
  return {
    first: cohort.number,
    last: cohort.number,
    opened: cohort.number,
    target: cohort.target,
    elapsedMs: 0,
    canary,
    stable,
    durations: areMeasured(durations) ? durations : undefined,
    dispersion: cohort.stableConsumers.length > 1 ? dispersionAmong(cohort.stableConsumers.map(attempts)) : undefined,
  }
}

function areMeasured(durations: Record<keyof LookDurations, DurationWindow | undefined>): durations is LookDurations {
  return durations.canary !== undefined && durations.stable !== undefined
}

/** What is pending counts as failed. */
function attempts({ dispatched, succeeded, failed }: Tally): Attempts {
  const messages = Math.max(dispatched, succeeded + failed)
  return { messages, failed: messages - succeeded }
}

function pending({ dispatched, succeeded, failed }: Tally): number {
  return Math.max(0, dispatched - succeeded - failed)
}
