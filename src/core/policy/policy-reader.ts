import { describe, map } from '../schema/combine.ts'
import { list, object, optional, withDefault } from '../schema/objects.ts'
import type { ObjectOf } from '../schema/objects.ts'
import type { Reader } from '../schema/reader.ts'
import { integer, oneOf, string } from '../schema/scalars.ts'
import { duration } from './duration.ts'
import { freezeReader } from './freeze-reader.ts'
import { metricsReader } from './metric-reader.ts'
import { fraction } from './percentage.ts'
import { aliasKinds, strategies } from './policy.ts'
import type { Analysis, Limits, Policy } from './policy.ts'
import { presetNames } from './presets.ts'
import type { Preset } from './presets.ts'
import { settingsReader } from './settings.ts'
import { rampReader, stepsReader, stepWeightsReader } from './step-reader.ts'
import { testReader } from './test-reader.ts'
import { webhookReader } from './webhook-reader.ts'

/** A policy file key by key: defaults filled in, short forms still short. */
export type PolicyFile = ObjectOf<ReturnType<typeof fields>>

/** Reads each key by itself; what holds between keys is checked by `parsePolicy`. */
export function policyReader(preset: Preset): Reader<PolicyFile> {
  return object(fields(preset))
}

function fields(preset: Preset) {
  return { ...rampFields(), ...decisionFields(preset), ...surroundingFields() }
}

function rampFields() {
  return {
    $schema: describe('For editors only.', optional(string())),
    extends: describe('Preset that the defaults come from.', withDefault(oneOf(presetNames), 'standard')),
    strategy: describe('How the new version takes over.', withDefault(oneOf(strategies), 'canary')),
    steps: describe('The ramp, in order.', optional(stepsReader(), 'the steps of the preset')),
    stepWeights: describe(
      'Short form of `steps`: weights that last `interval` each.',
      optional(stepWeightsReader(), 'none'),
    ),
    interval: describe('Duration of the steps that have none of their own.', withDefault(duration(), '5m')),
    ramp: describe('Instead of steps: a ramp that a budget of failures drives.', optional(rampReader(), 'none')),
  }
}

function decisionFields(preset: Preset) {
  return {
    analysis: describe('How the canary is judged.', withDefault(analysis(), {})),
    limits: describe('Hard bounds, whatever the analysis says.', withDefault(limits(preset), {})),
    onFailure: describe(
      'What a failed canary leads to.',
      withDefault(oneOf(['rollback', 'pause', 'stepBack']), 'rollback'),
    ),
    onInsufficientData: describe(
      'What a step without its samples leads to; `extend` ends at `progressDeadline`.',
      withDefault(oneOf(['extend', 'pause', 'rollback', 'promote']), 'extend'),
    ),
    progressDeadline: describe(
      'From the start to the commit of the promotion, pauses included; then rollback.',
      withDefault(duration({ min: '1s' }), preset.progressDeadline),
    ),
    promotion: describe('The last step before the old version is drained.', withDefault(promotion(preset), {})),
    drain: describe('How a version ends.', withDefault(drain(), {})),
    rollbackWindow: describe(
      'After the promotion the old version stays linked and idle this long, so that `undo` is a matter of a second.',
      withDefault(duration(), '0s'),
    ),
    freeze: describe(
      'Times in which no rollout starts, no step passes and no promotion commits; a rollback always does.',
      withDefault(list(freezeReader(), { max: 32 }), []),
    ),
  }
}

function surroundingFields() {
  return {
    webhooks: describe('HTTP endpoints that are asked or told.', withDefault(list(webhookReader(), { max: 32 }), [])),
    aliases: describe(
      'Swapped on promotion, swapped back on rollback.',
      withDefault(list(settingsReader(aliasKinds), { max: 32 }), []),
    ),
    tests: describe('Cases for `queue-canary policy test`.', withDefault(list(testReader(), { max: 100 }), [])),
  }
}

function analysis(): Reader<Analysis> {
  const fields = object({
    interval: describe('Time between two looks.', withDefault(duration({ min: '100ms' }), '1s')),
    significanceLevel: describe(
      'Chance, over the whole rollout, of rolling back a canary that is not worse.',
      withDefault(fraction({ min: 0.001, max: 50 }), '1%'),
    ),
    promotionErrorRate: describe(
      'Chance of promoting a canary that is worse by the margin.',
      withDefault(fraction({ min: 0.001, max: 50 }), '5%'),
    ),
    metrics: describe(
      'What is measured.',
      withDefault(metricsReader(), [{ name: 'failures' }, { name: 'latency', dryRun: true }]),
    ),
  })
  return map(fields, ({ interval, metrics, ...rest }) => ({
    ...rest,
    intervalMs: interval,
    metrics: metrics.map((metric) => ({ ...metric, intervalMs: metric.intervalMs ?? interval })),
  }))
}

function limits(preset: Preset): Reader<Limits> {
  const whole = integer({ min: 1, max: 1e6 })
  return object({
    maxFailedMessages: describe(
      'Most messages whose first outcome on the canary is not success, over the whole rollout.',
      withDefault(whole, preset.maxFailedMessages),
    ),
    maxInFlight: describe('Most messages in flight over all canary consumers.', withDefault(whole, 50)),
    maxReceiveCount: describe(
      'Returns that a message must have left before the broker dead-letters it (SQS), for the canary to take it again.',
      withDefault(whole, 3),
    ),
  })
}

function promotion(preset: Preset): Reader<Policy['promotion']> {
  const fields = object({
    workers: describe(
      'Hold until this many workers of the canary live.',
      withDefault(integer({ min: 1, max: 1e5 }), 1),
    ),
    duration: describe('The old version stays warm this long.', withDefault(duration(), preset.promotionDuration)),
  })
  return map(fields, ({ workers, duration: durationMs }) => ({ workers, durationMs }))
}

function drain(): Reader<Policy['drain']> {
  const fields = object({
    timeout: describe('Time that messages in flight have to end.', withDefault(duration(), '60s')),
    onTimeout: describe(
      'What happens to the rest: given back, or waited for.',
      withDefault(oneOf(['handBack', 'wait']), 'handBack'),
    ),
  })
  return map(fields, ({ timeout, onTimeout }) => ({ timeoutMs: timeout, onTimeout }))
}
