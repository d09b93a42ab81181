import type { Counts } from '../core/evidence/counts.ts'
import type { Verdict } from '../core/evidence/metric-state.ts'
import type { Strategy } from '../core/policy/policy.ts'
import type { ConsumerState } from '../core/rollout/consumer-report.ts'
import type { VersionState } from '../core/rollout/queue-state.ts'
import type { HistoryEntry, Hold, Phase } from '../core/rollout/rollout.ts'
import type { ErrorCode } from '../errors.ts'

/**
 * What status shows of one queue, as JSON. A value that is not known or does not apply is null. Durations are milliseconds, weights percent,
 * rates fractions of one. `stable` and `canary` keep their places from the start of a rollout until the next one, whoever is in charge in
 * the meantime: `current` names the version in charge.
 */
export interface QueueStatus {
  readonly queue: string
  readonly namespace: string
  /** null where no rollout was ever started; after a rollout, the phase that it ended in. */
  readonly phase: Phase | null
  /** Why it is paused. */
  readonly hold: Hold | null
  /** One sentence: why it is in this phase. */
  readonly why: string
  readonly strategy: Strategy | null
  readonly rollout: string | null
  readonly generation: string
  readonly epoch: number
  readonly sequence: number
  /** Id of the consumer that holds the lease. */
  readonly coordinator: string | null
  readonly current: string
  readonly stable: VersionStatus
  readonly canary: VersionStatus | null
  /** The running step; null before the first and once the canary is in charge or taken back. */
  readonly step: StepStatus | null
  readonly steps: readonly StepOverview[]
  /** The queues that go as one with this one; the first decides the commit for all. */
  readonly group: { readonly id: string; readonly queues: readonly string[] } | null
  /** What holds everything that goes forward; null where nothing is held, or there is nothing to hold any more. */
  readonly freeze: FreezeStatus | null
  /** The version before, while it stays warm: `undo` is a matter of a second. */
  readonly rollbackWindow: { readonly version: string; readonly remainingMs: number } | null
  /** Messages whose first outcome on the canary was not success. */
  readonly harmed: number
  readonly policyDigest: string | null
  readonly analysis: readonly AnalysisEntry[]
  readonly history: readonly HistoryEntry[]
  readonly workers: readonly WorkerStatus[]
}

/** In the place of the status of a queue whose records cannot be read, so that it hides no other. */
export interface UnreadableQueue {
  readonly queue: string
  readonly namespace: string
  readonly error: { readonly code: ErrorCode; readonly message: string }
}

export type QueueEntry = QueueStatus | UnreadableQueue

export interface VersionStatus {
  readonly version: string
  readonly state: VersionState
  /** Consumers that reported lately. */
  readonly workers: number
  readonly inFlight: number
  /** Slots of these consumers. */
  readonly capacity: number
  /** Since the canary was first let take something; without a rollout, since the consumers started. */
  readonly outcomes: Counts
  /** Which messages it accepts; null where it accepts all, or does not live. */
  readonly accepts: { readonly header: string; readonly range: string } | null
  /** How often its living consumers were given a message that the version does not accept. One that goes round counts each time. */
  readonly unaccepted: number
  /** Of these, messages that wait now, to come back for a version that accepts them. */
  readonly waiting: number
}

export interface FreezeStatus {
  /** ISO 8601; null where no end is in sight. */
  readonly until: string | null
  readonly why: string
}

export interface StepStatus {
  /** From 0; equal to `of` once none is left. */
  readonly index: number
  readonly of: number
  readonly weight: Share
  readonly concurrency: number | null
  readonly delayMs: number
  readonly elapsedMs: number
  /** null for a pause until `promote`, and after the last step. */
  readonly remainingMs: number | null
}

export interface Share {
  readonly target: number
  /** null until a message was taken in this step. */
  readonly measured: number | null
  /** Present when enough was seen and the share is not reached: one sentence that says why. */
  readonly why?: string
}

/** A step as the policy gives it, and what became of it. */
export interface StepOverview {
  readonly kind: 'ramp' | 'pause'
  /** `skipped`: an operator went on before it had passed. `ended`: the rollout was taken back in it. */
  readonly state: 'passed' | 'skipped' | 'running' | 'ended' | 'ahead'
  /** null for a pause. */
  readonly weight: number | null
  readonly durationMs: number | null
  /** The share measured when the step was left, or now while it runs. */
  readonly measured: number | null
}

export interface AnalysisEntry {
  readonly metric: string
  readonly verdict: Verdict
  readonly value: number | null
  /** Where the canary is compared: evidence of all such metrics together (1: none), which rolls back at `bound`; null for the others. */
  readonly statistic: number | null
  /** Chance that a canary that is not worse ever shows this much evidence, whenever one looks; null for the others. */
  readonly pValue: number | null
  /** Bound that the value (or the statistic, where there is one) is held against, where it is one number. */
  readonly bound: number | null
  readonly n: number
  readonly stable: { readonly n: number; readonly failed: number }
  readonly canary: { readonly n: number; readonly failed: number }
  readonly why: string
}

export interface WorkerStatus {
  readonly id: string
  readonly worker: string
  readonly version: string
  readonly state: ConsumerState
  /** False when it signed off or was not heard of lately. */
  readonly alive: boolean
  readonly link: string
  readonly linkReason: string | null
  readonly inFlight: number
  readonly stuck: number
  readonly failures: number
}
