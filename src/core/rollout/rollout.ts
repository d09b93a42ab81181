import type { Counts } from '../evidence/counts.ts'
import type { MetricState } from '../evidence/metric-state.ts'

/**
 * One attempt to move a queue from its stable version to a canary.
 *
 *   Initialized ──▶ Progressing ◀──▶ Paused
 *        │               │             │
 *        │               ▼             │
 *        │        WaitingPromotion ◀───┘        (`promote --full` leads to Promoting from each of these, stepBack to Progressing)
 *        │               │
 *        │               ▼
 *        │           Promoting ──commit──▶ Draining ──▶ Succeeded
 *        ▼               ▼
 *     RollingBack ◀── from every phase before the commit ──▶ RolledBack
 *
 * Initialized: waits for a ready consumer of each version. Progressing: a step of the ramp runs. Paused: a pause step, an operator or a
 * failure holds it. WaitingPromotion: the steps are passed; waits until enough canary workers live and the hand-back queue is empty.
 * Promoting: the canary takes what it can, the stable version stays warm beside it. The commit makes the canary the stable version; then
 * Draining: the old consumers finish. RollingBack: the canary's consumers finish. Succeeded and RolledBack are absorbing.
 */
export const legalMoves = {
  Initialized: ['Progressing', 'Promoting', 'RollingBack'],
  Progressing: ['Paused', 'WaitingPromotion', 'Promoting', 'RollingBack'],
  Paused: ['Progressing', 'WaitingPromotion', 'Promoting', 'RollingBack'],
  WaitingPromotion: ['Progressing', 'Paused', 'Promoting', 'RollingBack'],
  Promoting: ['Draining', 'RollingBack', 'Paused'],
  Draining: ['Succeeded'],
  RollingBack: ['RolledBack'],
  Succeeded: [],
  RolledBack: [],
} as const satisfies Record<string, readonly string[]>

export type Phase = keyof typeof legalMoves
export const phases = Object.keys(legalMoves) as readonly Phase[]

/** The phases in which an abort still takes the canary back: all before the commit of the promotion. */
export const abortablePhases: readonly Phase[] = [
  'Initialized',
  'Progressing',
  'Paused',
  'WaitingPromotion',
  'Promoting',
]

export function isTerminal(phase: Phase): boolean {
  return legalMoves[phase].length === 0
}

/** Why a rollout is `Paused`. A failure or missing data holds it with a canary that takes nothing; the others keep the step's weight. */
export type Hold = 'step' | 'operator' | 'failure' | 'insufficientData'

export interface Rollout {
  readonly id: string
  readonly canary: string
  readonly stable: string
  readonly policyDigest: string
  readonly phase: Phase
  /** Set while `Paused`. */
  readonly hold: Hold | undefined
  /** Index of the running step; the number of steps once all have passed. */
  readonly step: number
  /** Time that a coordinator has watched, in milliseconds: since the start, in this step, in this phase. Gaps between coordinators do not count. */
  readonly elapsedMs: number
  readonly stepElapsedMs: number
  readonly phaseElapsedMs: number
  /** Totals at the start of the rollout and of the step; what happened since is the difference. undefined until the first look. */
  readonly origin: Totals | undefined
  readonly stepOrigin: Totals | undefined
  /** Permits of the step that the canary let pass and will not be given again (see `permits.ts`). */
  readonly forgone: number
  /** Messages whose first outcome on the canary was not success, `lost` included. */
  readonly harmed: number
  /** Messages that canary consumers held when they died without signing off. */
  readonly lost: number
  /** By the metric's name. */
  readonly metrics: Readonly<Record<string, MetricState>>
  /** One sentence: why it is in this phase. */
  readonly why: string
  readonly history: readonly HistoryEntry[]
}

export interface Totals {
  readonly stable: Counts
  readonly canary: Counts
}

export interface HistoryEntry {
  /** Wall clock, ISO 8601, for display. */
  readonly at: string
  readonly elapsedMs: number
  readonly phase: Phase
  readonly step: number
  readonly why: string
  /** The numbers that the decision was made from. */
  readonly numbers: Readonly<Record<string, number | string>>
}

/** Older entries go first: the record stays small enough to be written at every look. */
export const historyLimit = 100
