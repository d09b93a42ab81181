import type { Counts } from '../evidence/counts.ts'
import type { MetricState } from '../evidence/metric-state.ts'
import type { Comparison } from './comparison.ts'
import type { ExpectedFailures } from './expected-failures.ts'
import type { Order } from './order.ts'

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
 * Initialized: waits for a ready consumer of each version, then goes where the first step leads: to Progressing, to Paused, or without steps to
 * Promoting. Progressing: a step of the ramp runs. Paused: a pause step, an operator or a failure holds it. WaitingPromotion: the steps are
 * passed; waits until enough canary workers live and the hand-back queue is empty. Promoting: the canary takes what it can, the stable version
 * stays warm beside it. The commit makes the canary the stable version; then Draining: the old consumers finish. RollingBack: the canary's
 * consumers finish. Succeeded and RolledBack are absorbing.
 */
export const legalMoves = {
  Initialized: ['Progressing', 'Paused', 'Promoting', 'RollingBack'],
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

/** Whether another step or phase has begun. */
export function hasMoved(before: Place | undefined, after: Place | undefined): boolean {
  return before?.phase !== after?.phase || before?.step !== after?.step
}

type Place = Pick<Rollout, 'phase' | 'step'>

/** Why a rollout is `Paused`. A failure or missing data holds it with a canary that takes nothing; the others keep the step's weight. */
export type Hold = 'step' | 'operator' | 'failure' | 'insufficientData'

export interface Rollout {
  readonly id: string
  readonly canary: string
  readonly stable: string
  readonly policyDigest: string
  /** Set where several queues go together. */
  readonly group: RolloutGroup | undefined
  /** Of the document that started it: whoever obeys this or a newer one knows of the rollout. */
  readonly order: Order
  readonly phase: Phase
  /** Set while `Paused`. */
  readonly hold: Hold | undefined
  /** Index of the running step; the number of steps once none is left. */
  readonly step: number
  /** Time that a coordinator has watched, in milliseconds: since the start, in this step, in this phase. Gaps between coordinators do not count. */
  readonly elapsedMs: number
  readonly stepElapsedMs: number
  readonly phaseElapsedMs: number
  /** How much of `elapsedMs` was in a freeze; undefined: nothing. */
  readonly frozenMs: number | undefined
  /** Set where it was forced to start in a freeze. */
  readonly ignoresFreeze: boolean | undefined
  /** Totals at the start of the rollout (the stable version's: of its first step) and of the step; what happened since is the difference. undefined until the first look. */
  readonly origin: Totals | undefined
  readonly stepOrigin: Totals | undefined
  /** Totals at the last look, for whoever asks after the reports are gone. */
  readonly latest: Totals | undefined
  /** How long consumers still have to report anew, where the store may have lost reports; undefined: it has lost none. Until then, who is not there may live. */
  readonly recountMs: number | undefined
  /** Permits of the step that the canary let pass, died with, or learnt of too late, and will not be given again (see `permits.ts`). */
  readonly forgone: number
  /** Messages that the canary did not handle with success at the first try, `lost` included. Never goes down. */
  readonly harmed: number
  /** Of these, the ones that canary consumers held when they died without signing off, as far as they had reported. */
  readonly lost: number
  /** Failures that dead consumers were allowed beyond that. They may have happened unseen, so nobody else is allowed them. */
  readonly unaccounted: number
  /** Failed on the stable version too when they were handed back: no fault of the canary. */
  readonly poison: number
  /** Failures that the stable version's own rate explains; undefined before the first step. */
  readonly explained: ExpectedFailures | undefined
  /** How long the failure budget has been used up while it is not known yet what became of the messages. */
  readonly exhaustedMs: number
  /** Of a policy with `ramp`: its weight; undefined before the first step. */
  readonly ramp: RampProgress | undefined
  /** The canary held against the stable version; undefined before the first step, and where the policy compares nothing. */
  readonly comparison: Comparison | undefined
  /** The canary's failed attempts by class when the judging began; undefined until the first look. Consumers may have lived before. */
  readonly errorsBefore: Readonly<Record<string, number>> | undefined
  /** By the metric's name. */
  readonly metrics: Readonly<Record<string, MetricState>>
  /** One sentence: why it is in this phase. */
  readonly why: string
  readonly history: readonly HistoryEntry[]
  /** Ids of the newest commands that had their effect or their refusal: repeating one does nothing. */
  readonly carriedOut: readonly string[]
}

/** This queue's part in a rollout of several (`group.ts`). */
export interface RolloutGroup {
  readonly id: string
  /** All of them; the first decides the commit for all. */
  readonly queues: readonly string[]
  /** This one. */
  readonly queue: string
  /** Positions below it may be left as far as this queue is concerned. Never goes down. */
  readonly ready: number
}

/** Where a ramp stands that a budget of failures drives. */
export interface RampProgress {
  /** Percent. */
  readonly weight: number
  /** When it was last thought about, on the rollout's own clock. */
  readonly consideredMs: number
  /** The most slots that the stable version had at a time, those that have signed off by now included. */
  readonly peak: number | undefined
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
export const carriedOutLimit = 100
