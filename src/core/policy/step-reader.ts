import { describe, inspect, map, refine, select } from '../schema/combine.ts'
import { isObject, list, object, optional, own, withDefault } from '../schema/objects.ts'
import { peek } from '../schema/reader.ts'
import type { Reader } from '../schema/reader.ts'
import { integer } from '../schema/scalars.ts'
import { duration, formatDuration } from './duration.ts'
import { formatPercentage, percentage } from './percentage.ts'
import type { PauseStep, Ramp, RampStep } from './policy.ts'

/** A step as the file gives it: without a duration of its own, the file's `interval` holds. */
export type StepInFile = PauseStep | (Omit<RampStep, 'durationMs'> & { readonly durationMs: number | undefined })

export function stepsReader(): Reader<readonly StepInFile[]> {
  const step = select<StepInFile>({
    variants: { ramp: rampStep(), pause: pauseStep() },
    pick: (value) => (own(value, 'pause') === undefined ? 'ramp' : 'pause'),
    otherwise: { expected: 'a step' },
  })
  return inspect(list(step, { min: 1, max: mostSteps }), (value, complain) => {
    const steps = Array.isArray(value)
      ? value.map((item: unknown) => (isObject(item) ? own(item, 'weight') : undefined))
      : []
    checkAscent(steps, (index, expected, found) => complain([index, 'weight'], expected, found))
  })
}

export function stepWeightsReader(): Reader<readonly number[]> {
  return inspect(list(weight(), { min: 1, max: mostSteps }), (value, complain) => {
    checkAscent(Array.isArray(value) ? value : [], (index, expected, found) => complain([index], expected, found))
  })
}

export function rampReader(): Reader<Ramp> {
  const fields = object({
    failureBudget: describe(
      'Messages that the canary may fail over the whole ramp.',
      withDefault(integer({ min: 1, max: 1e6 }), 5),
    ),
    maxWeight: describe('Where the ramp ends.', withDefault(weight(), '50%')),
    minDuration: describe('The ramp takes at least this long.', withDefault(duration(), '5m')),
    maxDuration: describe('The ramp takes at most this long.', withDefault(duration(), '1h')),
  })
  const ramp = map(fields, ({ minDuration, maxDuration, ...rest }) => ({
    ...rest,
    minDurationMs: minDuration,
    maxDurationMs: maxDuration,
  }))
  return refine(ramp, ({ minDurationMs, maxDurationMs }, complain) => {
    if (minDurationMs <= maxDurationMs) return
    complain(['maxDuration'], `at least minDuration (${formatDuration(minDurationMs)})`, formatDuration(maxDurationMs))
  })
}

const mostSteps = 100
/** The limiter does not keep a shorter pace. */
const leastDelayMs = 5

function rampStep(): Reader<StepInFile> {
  const fields = object({
    weight: describe('Share of the messages that the canary gets.', weight()),
    concurrency: describe(
      'Most messages in flight over all canary consumers.',
      optional(integer({ min: 1, max: 1e6 }), 'what the consumers can take, within limits.maxInFlight'),
    ),
    delay: describe('Least time between two starts on one slot.', withDefault(delay(), '0s')),
    duration: describe('How long the step lasts at least.', optional(duration(), 'interval')),
    minSamples: describe(
      'First outcomes of the canary that the step needs before it can pass.',
      withDefault(integer({ min: 1, max: 1e9 }), 1),
    ),
  })
  return map(fields, (step) => ({
    kind: 'ramp',
    weight: step.weight,
    concurrency: step.concurrency,
    delayMs: step.delay,
    durationMs: step.duration,
    minSamples: step.minSamples,
  }))
}

function pauseStep(): Reader<StepInFile> {
  const pause = object({
    duration: describe('Length of the pause.', optional(duration({ min: '1ms' }), 'until the command promote')),
  })
  const fields = object({ pause: describe('Holds the weight of the step before.', pause) })
  return map(fields, (step) => ({ kind: 'pause', durationMs: step.pause.duration }))
}

function weight(): Reader<number> {
  return refine(percentage({ expected: 'a percentage above 0 and up to 100' }), (percent, complain) => {
    if (percent === 0) complain([], 'a percentage above 0 (a step that takes no messages never passes)', '0%')
  })
}

function delay(): Reader<number> {
  return refine(duration({ max: '1d' }), (ms, complain) => {
    if (ms === 0 || ms >= leastDelayMs) return
    complain([], `0s or at least ${formatDuration(leastDelayMs)} (a shorter pace cannot be kept)`, formatDuration(ms))
  })
}

function checkAscent(
  weights: readonly unknown[],
  complain: (index: number, expected: string, found: string) => void,
): void {
  let before = 0
  for (const [index, text] of weights.entries()) {
    const percent = peek(percentage(), text)
    if (percent === undefined) continue
    if (percent < before)
      complain(index, `at least the ${formatPercentage(before)} of an earlier step`, formatPercentage(percent))
    before = Math.max(before, percent)
  }
}
