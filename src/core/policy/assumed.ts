import { spellDuration } from './duration.ts'
import type { Policy, RampStep } from './policy.ts'

/** What is known of a queue; undefined where nobody said. */
export interface Assumed {
  readonly ratePerSecond: number | undefined
  /** Mean duration of the canary's handler. */
  readonly latencyMs: number | undefined
  /** Fraction of one. */
  readonly stableFailures: number | undefined
}

export const nothingAssumed: Assumed = { ratePerSecond: undefined, latencyMs: undefined, stableFailures: undefined }

/** Something that a policy cannot do, however right its file is. */
export interface Warning {
  /** Where it stands in the file. */
  readonly path: string
  readonly text: string
}

/** A step of the ramp, and where it stands. */
export interface Place {
  readonly step: RampStep
  readonly path: string
}

export function rampOf({ steps }: Policy): readonly Place[] {
  return steps.flatMap((step, index) => (step.kind === 'ramp' ? [{ step, path: `steps[${index}]` }] : []))
}

/** Messages a second that the step's slots can begin; undefined where nothing bounds them that is known. */
export function capacityOf(
  { concurrency, delayMs }: RampStep,
  { limits }: Policy,
  { latencyMs }: Assumed,
): number | undefined {
  const occupiedMs = Math.max(delayMs, latencyMs ?? 0)
  const slots = Math.min(concurrency ?? limits.maxInFlight, limits.maxInFlight)
  return occupiedMs === 0 ? undefined : (1_000 * slots) / occupiedMs
}

/** Messages a second that the canary gets in the step. */
export function paceOf(step: RampStep, policy: Policy, assumed: Assumed): number | undefined {
  const capacity = capacityOf(step, policy, assumed) ?? Infinity
  const wanted = assumed.ratePerSecond === undefined ? Infinity : (step.weight / 100) * assumed.ratePerSecond
  const pace = Math.min(capacity, wanted)
  return Number.isFinite(pace) ? pace : undefined
}

/** What a lack of data leads to at once; without an entry, it is waited for. */
export const consequences: Readonly<Partial<Record<Policy['onInsufficientData'], string>>> = {
  pause: 'every rollout is held there',
  rollback: 'every canary is taken back there',
}

/** Rounded for a sentence. */
export function short(value: number): string {
  return String(Number(value.toPrecision(2)))
}

export function percent(value: number): string {
  return `${Number(value.toPrecision(3))} %`
}

export function count(value: number): string {
  if (value >= million) return `${Number((value / million).toPrecision(2))} million`
  return value.toFixed(0)
}

/** Whole seconds, of what is but an estimate. */
export function spell(ms: number): string {
  return ms >= 1e12 ? 'for ever' : spellDuration(Math.max(1_000, Math.round(ms / 1_000) * 1_000))
}

const million = 1e6
