import { canonicalJson } from '../schema/json-value.ts'
import type { Json } from '../schema/reader.ts'
import { assertNever } from '../assert-never.ts'
import { formatDuration } from './duration.ts'
import { showFreeze } from './freeze-reader.ts'
import { formatFraction, formatPercentage } from './percentage.ts'
import type { Metric, MetricLimits, Policy, Provider, Ramp, Step } from './policy.ts'
import { showThreshold, unitOfMeasure } from './threshold.ts'

/** The file that says every default aloud. `parsePolicy` reads it as an equal policy. */
export function showPolicy(policy: Policy): { readonly [key: string]: Json } {
  return {
    strategy: policy.strategy,
    ...(policy.ramp !== undefined && { ramp: showRamp(policy.ramp) }),
    ...(policy.ramp === undefined && policy.steps.length > 0 && { steps: policy.steps.map(showStep) }),
    analysis: {
      interval: formatDuration(policy.analysis.intervalMs),
      significanceLevel: formatFraction(policy.analysis.significanceLevel),
      promotionErrorRate: formatFraction(policy.analysis.promotionErrorRate),
      metrics: policy.analysis.metrics.map(showMetric),
    },
    limits: { ...policy.limits },
    onFailure: policy.onFailure,
    onInsufficientData: policy.onInsufficientData,
    progressDeadline: formatDuration(policy.progressDeadlineMs),
    promotion: { workers: policy.promotion.workers, duration: formatDuration(policy.promotion.durationMs) },
    drain: { timeout: formatDuration(policy.drain.timeoutMs), onTimeout: policy.drain.onTimeout },
    rollbackWindow: formatDuration(policy.rollbackWindowMs),
    freeze: policy.freeze.map(showFreeze),
    webhooks: policy.webhooks.map(({ timeoutMs, ...rest }) => ({ ...rest, timeout: formatDuration(timeoutMs) })),
    aliases: policy.aliases.map(showSettings),
    tests: policy.tests.map(({ given, expect }) => ({ given: given as Json, expect: expect as Json })),
  }
}

/** The same text for equal policies, whatever their files looked like; what a policy's digest is made of. */
export function canonicalPolicy(policy: Policy): string {
  const { rollbackWindow = null, freeze = null, ...rest } = showPolicy(policy)
  // Keys that came later are left out where they say nothing: the digests of older policies stay.
  return canonicalJson({
    ...rest,
    ...(policy.rollbackWindowMs > 0 && { rollbackWindow }),
    ...(policy.freeze.length > 0 && { freeze }),
  })
}

function showRamp(ramp: Ramp): Json {
  return {
    failureBudget: ramp.failureBudget,
    maxWeight: formatPercentage(ramp.maxWeight),
    minDuration: formatDuration(ramp.minDurationMs),
    maxDuration: formatDuration(ramp.maxDurationMs),
  }
}

function showStep(step: Step): Json {
  if (step.kind === 'pause') {
    return { pause: step.durationMs === undefined ? {} : { duration: formatDuration(step.durationMs) } }
  }
  return {
    weight: formatPercentage(step.weight),
    ...(step.concurrency !== undefined && { concurrency: step.concurrency }),
    delay: formatDuration(step.delayMs),
    duration: formatDuration(step.durationMs),
    minSamples: step.minSamples,
  }
}

function showMetric(metric: Metric): Json {
  return { name: metric.name, ...showKind(metric), ...showLimits(metric) }
}

function showKind(metric: Metric): { readonly [key: string]: Json } {
  switch (metric.kind) {
    case 'failures':
      return {
        rollbackMargin: formatFraction(metric.rollbackMargin),
        nonInferiorityMargin: {
          absolute: formatFraction(metric.nonInferiorityMargin.absolute),
          relative: formatFraction(metric.nonInferiorityMargin.relative),
        },
        promoteWithoutProof: metric.promoteWithoutProof,
      }
    case 'latency':
      return { slowdownTolerance: formatFraction(metric.slowdownTolerance) }
    case 'failure-ceiling': {
      const { measure, threshold } = metric
      return { measure, thresholdRange: showThreshold(unitOfMeasure[measure], threshold) }
    }
    case 'novel-errors':
      return {}
    case 'external':
      return { provider: showProvider(metric.provider), thresholdRange: showThreshold('number', metric.threshold) }
    default:
      return assertNever(metric)
  }
}

function showLimits(metric: MetricLimits): { readonly [key: string]: Json } {
  return {
    interval: formatDuration(metric.intervalMs),
    initialDelay: formatDuration(metric.initialDelayMs),
    failureLimit: metric.failureLimit,
    ...(metric.inconclusiveLimit !== undefined && { inconclusiveLimit: metric.inconclusiveLimit }),
    consecutiveErrorLimit: metric.consecutiveErrorLimit,
    dryRun: metric.dryRun,
  }
}

function showProvider(provider: Provider): Json {
  if (provider.kind !== 'prometheus' && provider.kind !== 'http') return showSettings(provider)
  const { timeoutMs, ...settings } = provider.settings
  return { [provider.kind]: { ...settings, timeout: formatDuration(timeoutMs) } }
}

function showSettings({ kind, settings }: { readonly kind: string; readonly settings: object }): Json {
  return { [kind]: settings as Json }
}
