import { inspect, map, refine } from '../schema/combine.ts'
import type { Complain } from '../schema/combine.ts'
import { isObject, own } from '../schema/objects.ts'
import { parseWith, peek } from '../schema/reader.ts'
import type { Problem, Reader } from '../schema/reader.ts'
import { oneOf } from '../schema/scalars.ts'
import { checkShape } from './check-shape.ts'
import { spellDuration } from './duration.ts'
import type { Policy, Ramp, Step } from './policy.ts'
import { policyReader } from './policy-reader.ts'
import type { PolicyFile } from './policy-reader.ts'
import { presetNames, presets } from './presets.ts'
import type { Preset, PresetName } from './presets.ts'
import { stepsReader } from './step-reader.ts'

export type ParsedPolicy =
  | { readonly ok: true; readonly policy: Policy }
  | { readonly ok: false; readonly problems: readonly Problem[] }

/** Reads the content of a policy file, short forms and presets included. Reports every problem at once and never throws. */
export function parsePolicy(value: unknown): ParsedPolicy {
  const parsed = parseWith(readers[presetOf(value)], value)
  return parsed.ok ? { ok: true, policy: parsed.value } : parsed
}

const readers: Readonly<Record<PresetName, Reader<Policy>>> = {
  careful: resolvedReader(presets.careful),
  standard: resolvedReader(presets.standard),
  fast: resolvedReader(presets.fast),
}

/** A preset that does not exist is a problem of its own; the rest of the file is then read as if there were none. */
function presetOf(value: unknown): PresetName {
  return (isObject(value) ? peek(oneOf(presetNames), own(value, 'extends')) : undefined) ?? 'standard'
}

function resolvedReader(preset: Preset): Reader<Policy> {
  const steps = resolveSteps(peek(stepsReader(), preset.steps) ?? [], 0)
  const shaped = inspect(policyReader(preset), checkShape)
  return refine(
    map(shaped, (file) => resolve(file, steps)),
    (policy, complain, file) => {
      checkRamp(policy, complain)
      checkDeadline(policy, complain, file)
    },
  )
}

function resolve(file: PolicyFile, presetSteps: readonly Step[]): Policy {
  return {
    strategy: file.strategy,
    steps: stepsOf(file, presetSteps),
    ramp: file.ramp,
    analysis: file.analysis,
    limits: file.limits,
    onFailure: file.onFailure,
    onInsufficientData: file.onInsufficientData,
    progressDeadlineMs: file.progressDeadline,
    promotion: file.promotion,
    drain: file.drain,
    rollbackWindowMs: file.rollbackWindow,
    freeze: file.freeze,
    webhooks: file.webhooks,
    aliases: file.aliases,
    tests: file.tests,
  }
}

function stepsOf(file: PolicyFile, presetSteps: readonly Step[]): readonly Step[] {
  const { steps, stepWeights, interval, ramp, strategy } = file
  if (steps !== undefined) return resolveSteps(steps, interval)
  if (stepWeights !== undefined) {
    const rest = { kind: 'ramp', concurrency: undefined, delayMs: 0, durationMs: interval, minSamples: 1 } as const
    return stepWeights.map((weight) => ({ ...rest, weight }))
  }
  if (ramp !== undefined) return [rampAsStep(ramp)]
  return strategy === 'canary' ? presetSteps : []
}

/** A ramp is one long step whose weight the evidence moves, up to `maxWeight`. */
function rampAsStep({ maxWeight: weight, minDurationMs: durationMs }: Ramp): Step {
  return { kind: 'ramp', weight, concurrency: undefined, delayMs: 0, durationMs, minSamples: 1 }
}

function checkRamp({ ramp, analysis }: Policy, complain: Complain): void {
  if (ramp === undefined || analysis.metrics.some(({ kind }) => kind === 'failures')) return
  complain(['ramp'], 'the metric failures beside it, which drives it', 'no such metric')
}

function resolveSteps(steps: NonNullable<PolicyFile['steps']>, intervalMs: number): readonly Step[] {
  return steps.map((step) => (step.kind === 'pause' ? step : { ...step, durationMs: step.durationMs ?? intervalMs }))
}

function checkDeadline(policy: Policy, complain: Complain, file: unknown): void {
  const steps = policy.steps.reduce((sum, step) => sum + (step.durationMs ?? 0), 0)
  const leastMs = steps + policy.promotion.durationMs
  if (policy.progressDeadlineMs > leastMs) return
  const given = isObject(file) && own(file, 'progressDeadline') !== undefined
  const found = spellDuration(policy.progressDeadlineMs)
  const expected = `more than the ${spellDuration(leastMs)} that steps and promotion take`
  complain(['progressDeadline'], expected, given ? found : `the default ${found}`)
}
