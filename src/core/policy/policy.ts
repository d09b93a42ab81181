import type { Weekday } from './calendar.ts'

/**
 * A policy as the rest of the program sees it: every default filled in, durations in milliseconds, percentages as fractions of one
 * (5 % is 0.05) except `weight`, which stays in percent as the user reads it. Made only by `parsePolicy`.
 */
export interface Policy {
  readonly strategy: Strategy
  readonly steps: readonly Step[]
  /** The risk-budgeted ramp; `steps` is then one step that ends at its `maxWeight`. */
  readonly ramp: Ramp | undefined
  readonly analysis: Analysis
  readonly limits: Limits
  readonly onFailure: 'rollback' | 'pause' | 'stepBack'
  readonly onInsufficientData: 'extend' | 'pause' | 'rollback' | 'promote'
  /** From the start of the rollout to the commit of the promotion, pauses included; then rollback. */
  readonly progressDeadlineMs: number
  readonly promotion: { readonly workers: number; readonly durationMs: number }
  readonly drain: { readonly timeoutMs: number; readonly onTimeout: 'handBack' | 'wait' }
  /** From the commit of the promotion: the old version's consumers stay linked and take nothing, so that `undo` is a matter of a second. 0: none. */
  readonly rollbackWindowMs: number
  /** Times in which nothing starts and nothing goes forward. */
  readonly freeze: readonly FreezeWindow[]
  readonly webhooks: readonly Webhook[]
  readonly aliases: readonly Alias[]
  readonly tests: readonly PolicyTest[]
}

/** Begins at `fromMinute` of each of its days, as the clock and the calendar of the time zone have them. */
export interface FreezeWindow {
  readonly days: readonly Weekday[]
  /** 0 to 1439, and 0 to 1440; where `toMinute` is not greater, it ends on the next day. */
  readonly fromMinute: number
  readonly toMinute: number
  /** Inclusive; `2026-12-24`. undefined: always. */
  readonly dates: { readonly from: string | undefined; readonly until: string | undefined } | undefined
  /** IANA name. */
  readonly timeZone: string
  readonly reason: string | undefined
}

export const strategies = ['canary', 'blueGreen', 'rolling'] as const
export type Strategy = (typeof strategies)[number]

export type Step = RampStep | PauseStep

export interface RampStep {
  readonly kind: 'ramp'
  /** Target share of the queue's messages in percent, 0 to 100, decimals allowed. */
  readonly weight: number
  /** Most messages in flight over all canary consumers; undefined: as many as the consumers have slots, within `limits.maxInFlight`. */
  readonly concurrency: number | undefined
  /** Least time between two starts on one slot; 0 for none. */
  readonly delayMs: number
  readonly durationMs: number
  /** First outcomes of the canary that the step needs before it can pass; at least 1. */
  readonly minSamples: number
}

export interface PauseStep {
  readonly kind: 'pause'
  /** undefined: until `promote`. The weight of the step before stays. */
  readonly durationMs: number | undefined
}

export interface Ramp {
  readonly failureBudget: number
  readonly maxWeight: number
  readonly minDurationMs: number
  readonly maxDurationMs: number
}

export interface Analysis {
  readonly intervalMs: number
  readonly significanceLevel: number
  readonly promotionErrorRate: number
  readonly metrics: readonly Metric[]
}

/** What every metric may say. Limits fail on exceeding: `failureLimit: 2` fails on the third failed measurement. */
export interface MetricLimits {
  readonly name: string
  readonly intervalMs: number
  readonly initialDelayMs: number
  readonly failureLimit: number
  readonly inconclusiveLimit: number | undefined
  readonly consecutiveErrorLimit: number
  /** Measured, shown, and never acted upon. */
  readonly dryRun: boolean
}

export type Metric = FailuresMetric | LatencyMetric | CeilingMetric | NovelErrorsMetric | ExternalMetric

export interface FailuresMetric extends MetricLimits {
  readonly kind: 'failures'
  readonly rollbackMargin: number
  readonly nonInferiorityMargin: { readonly absolute: number; readonly relative: number }
  readonly promoteWithoutProof: boolean
}

export interface LatencyMetric extends MetricLimits {
  readonly kind: 'latency'
  readonly slowdownTolerance: number
}

export const measures = [
  'failureRate',
  'p50',
  'p95',
  'p99',
  'timeouts',
  'deadLetters',
  'backlog',
  'oldestAge',
  'eventLoopDelay',
] as const
/** `failureRate` and `timeouts` are fractions of first outcomes; `p50 p95 p99 oldestAge eventLoopDelay` milliseconds; `deadLetters` and `backlog` counts. */
export type Measure = (typeof measures)[number]

export interface CeilingMetric extends MetricLimits {
  readonly kind: 'failure-ceiling'
  readonly measure: Measure
  readonly threshold: Range
}

export interface NovelErrorsMetric extends MetricLimits {
  readonly kind: 'novel-errors'
}

/** Where external metrics come from. */
export const providerKinds = ['prometheus', 'http', 'datadog', 'cloudwatch'] as const

export interface ExternalMetric extends MetricLimits {
  readonly kind: 'external'
  readonly provider: Provider
  readonly threshold: Range
}

export type Provider =
  | { readonly kind: 'prometheus'; readonly settings: PrometheusSettings }
  | { readonly kind: 'http'; readonly settings: HttpSettings }
  | { readonly kind: 'datadog' | 'cloudwatch'; readonly settings: Readonly<Record<string, unknown>> }

export interface PrometheusSettings extends AskingSettings {
  /** Up to `/api`. */
  readonly address: string
  /** PromQL with placeholders (`query-template.ts`). */
  readonly query: string
}

export interface HttpSettings extends AskingSettings {
  /** With placeholders in path and query. */
  readonly url: string
  /** Where the number stands in the answer (`json-path.ts`). */
  readonly jsonPath: string
}

export interface AskingSettings {
  readonly timeoutMs: number
  /** By the header's name: the environment variable of the worker that holds its value. The value itself is in no record. */
  readonly headersFrom: Readonly<Record<string, string>>
}

/** Inclusive bounds, in the unit of what is measured; an absent bound does not bind. */
export interface Range {
  readonly min: number | undefined
  readonly max: number | undefined
}

export interface Limits {
  /** Most messages whose first outcome on the canary is not success, over the whole rollout. */
  readonly maxFailedMessages: number
  /** Most messages in flight over all canary consumers at any step. */
  readonly maxInFlight: number
  /** Where a broker counts deliveries: returns that a message which came back must have left, for the canary to take it. */
  readonly maxReceiveCount: number
}

export interface Webhook {
  readonly name: string
  readonly type: WebhookType
  readonly url: string
  readonly timeoutMs: number
}

export const webhookTypes = [
  'confirm-rollout',
  'confirm-traffic-increase',
  'confirm-promotion',
  'rollout',
  'promoted',
  'rollback',
  'event',
] as const
export type WebhookType = (typeof webhookTypes)[number]

/** What an alias can be of. */
export const aliasKinds = ['elasticsearch', 'postgres'] as const

export interface Alias {
  readonly kind: string
  readonly settings: Readonly<Record<string, unknown>>
}

export interface PolicyTest {
  readonly given: Readonly<Record<string, unknown>>
  readonly expect: Readonly<Record<string, unknown>>
}
