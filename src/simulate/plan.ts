import { judgeOptionsOf } from '../core/evidence/judge-options.ts'
import type { FailuresOptions, JudgeOptions } from '../core/evidence/judge-options.ts'
import { messagesToPromote, messagesToRollBack } from '../core/evidence/planning.ts'
import { marginOf } from '../core/evidence/promotion-judge.ts'
import type { Policy, RampStep } from '../core/policy/policy.ts'
import type { Traffic } from './traffic.ts'
import { meanRatePerSecond } from './traffic.ts'

/** What is to be expected of a ramp by calculation, without a single run. */
export interface Plan {
  readonly steps: readonly PlannedStep[]
  /** Where all steps together bring a verdict about; undefined where they do not, however long the last one lasts. */
  readonly rollback: Planned | undefined
  readonly proof: Planned | undefined
}

export interface PlannedStep {
  readonly step: number
  /** Percent. */
  readonly weight: number
  readonly durationMs: number
  /** Canary messages in the step. */
  readonly messages: number
  /** Canary messages that a verdict takes at this weight alone. Infinity where it never comes. */
  readonly toRollBack: number
  readonly toProve: number
}

export interface Planned {
  readonly messages: number
  /** Of these, the ones that the canary fails. */
  readonly failures: number
  readonly elapsedMs: number
}

/** undefined where the policy does not compare failures, has no steps, or moves the weight by the evidence. */
export function planOf(policy: Policy, traffic: Traffic): Plan | undefined {
  const options = judgeOptionsOf(policy.analysis)
  const { failures } = options
  const ramp = policy.steps.flatMap((step, index) => (step.kind === 'ramp' ? [{ step, index }] : []))
  if (failures === undefined || ramp.length === 0 || policy.ramp !== undefined) return undefined
  const steps = ramp.map(({ step, index }) => plannedStep(step, index, { traffic, options, failures }))
  const pauses = policy.steps.map((step) => (step.kind === 'pause' ? (step.durationMs ?? 0) : 0))
  const rest = { traffic, pauses }
  return {
    steps,
    rollback: planned(steps, ({ toRollBack }) => toRollBack, {
      ...rest,
      failing: traffic.canary.failures,
      fromMs: traffic.onsetMs,
    }),
    proof: planned(steps, ({ toProve }) => toProve, { ...rest, failing: traffic.stable.failures, fromMs: 0 }),
  }
}

interface Given {
  readonly traffic: Traffic
  readonly options: JudgeOptions
  readonly failures: FailuresOptions
}

function plannedStep(
  { weight, durationMs }: RampStep,
  step: number,
  { traffic, options, failures }: Given,
): PlannedStep {
  const share = weight / 100
  const { stable, canary } = traffic
  // The tests against the canary share one level by their weights.
  const weights = failures.weight + (options.latency?.weight ?? 0)
  const level = (options.significanceLevel * failures.weight) / weights
  const line = { slope: 1 + failures.rollbackMargin, intercept: 0 }
  const compares = share < 1
  return {
    step,
    weight,
    durationMs,
    messages: (share * meanRatePerSecond(traffic) * durationMs) / 1_000,
    toRollBack:
      compares && level > 0
        ? messagesToRollBack({ canary: canary.failures, stable: possible(stable.failures), share }, line, level)
        : Infinity,
    toProve: compares
      ? messagesToPromote(
          { stable: possible(stable.failures), share },
          marginOf(failures, stable.failures),
          Math.log(1 / options.promotionErrorRate),
        )
      : Infinity,
  }
}

/** Nothing is known to fail never, and the judge takes it for no less. */
function possible(rate: number): number {
  return Math.max(1e-5, rate)
}

interface Course {
  readonly traffic: Traffic
  /** By step. */
  readonly pauses: readonly number[]
  readonly failing: number
  /** What happens earlier tells nothing. */
  readonly fromMs: number
}

/** Adds up what each step brings of the verdict; the last one goes on. */
function planned(
  steps: readonly PlannedStep[],
  needed: (step: PlannedStep) => number,
  { traffic, pauses, failing, fromMs }: Course,
): Planned | undefined {
  let [done, messages, elapsedMs] = [0, 0, 0]
  for (const [index, step] of steps.entries()) {
    const lastsMs = index === steps.length - 1 ? Infinity : step.durationMs + pauseAfter(step, steps[index + 1], pauses)
    const perMs = (step.weight / 100) * (meanRatePerSecond(traffic) / 1_000)
    const idleMs = Math.min(lastsMs, Math.max(0, fromMs - elapsedMs))
    const wantedMs = ((1 - done) * needed(step)) / perMs
    if (wantedMs <= lastsMs - idleMs) {
      messages += wantedMs * perMs
      return Number.isFinite(wantedMs)
        ? { messages, failures: messages * failing, elapsedMs: elapsedMs + idleMs + wantedMs }
        : undefined
    }
    const counts = lastsMs - idleMs
    done += (counts * perMs) / needed(step)
    messages += counts * perMs
    elapsedMs += lastsMs
  }
  return undefined
}

function pauseAfter({ step }: PlannedStep, next: PlannedStep | undefined, pauses: readonly number[]): number {
  return pauses.slice(step, next?.step).reduce((sum, ms) => sum + ms, 0)
}
