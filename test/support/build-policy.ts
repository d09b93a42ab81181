import type {
  CeilingMetric,
  ExternalMetric,
  Metric,
  PauseStep,
  Policy,
  RampStep,
} from '../../src/core/policy/policy.ts'

/** A policy with one ramp step of 10 % for a second, and no metrics; with what is given instead. */
export function buildPolicy(parts: Partial<Policy> = {}): Policy {
  return {
    strategy: 'canary',
    steps: [rampStep()],
    ramp: undefined,
    analysis: analysisOf([]),
    limits: { maxFailedMessages: 25, maxInFlight: 50, maxReceiveCount: 3 },
    onFailure: 'rollback',
    onInsufficientData: 'extend',
    progressDeadlineMs: 7_200_000,
    promotion: { workers: 1, durationMs: 0 },
    drain: { timeoutMs: 1_000, onTimeout: 'handBack' },
    rollbackWindowMs: 0,
    freeze: [],
    webhooks: [],
    aliases: [],
    tests: [],
    ...parts,
  }
}

export function rampStep(parts: Partial<RampStep> = {}): RampStep {
  return { kind: 'ramp', weight: 10, concurrency: 4, delayMs: 0, durationMs: 1_000, minSamples: 1, ...parts }
}

export function pauseStep(durationMs?: number): PauseStep {
  return { kind: 'pause', durationMs }
}

/** At most 5 % of the canary's messages may fail; measured at each look of 100 ms; fails on the first failed measurement. */
export function ceilingMetric(parts: Partial<CeilingMetric> = {}): CeilingMetric {
  return {
    kind: 'failure-ceiling',
    name: 'failure-rate',
    measure: 'failureRate',
    threshold: { min: undefined, max: 0.05 },
    intervalMs: 100,
    initialDelayMs: 0,
    failureLimit: 0,
    inconclusiveLimit: undefined,
    consecutiveErrorLimit: 4,
    dryRun: false,
    ...parts,
  }
}

/** A value from elsewhere, at most 0.05; asked for at each look of 100 ms; fails on the first failed measurement. */
export function externalMetric(parts: Partial<ExternalMetric> = {}): ExternalMetric {
  const { kind: _, measure: __, ...limits } = ceilingMetric()
  const settings = { url: 'http://figures/orders', jsonPath: '$.value', timeoutMs: 10_000, headersFrom: {} }
  return { ...limits, kind: 'external', name: 'logs', provider: { kind: 'http', settings }, ...parts }
}

export function analysisOf(metrics: readonly Metric[]): Policy['analysis'] {
  return { intervalMs: 1_000, significanceLevel: 0.01, promotionErrorRate: 0.05, metrics }
}
