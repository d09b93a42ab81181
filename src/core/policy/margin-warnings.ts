import { judgeOptionsOf } from '../evidence/judge-options.ts'
import { messagesToPromote, messagesToRollBack } from '../evidence/planning.ts'
import { marginOf } from '../evidence/promotion-judge.ts'
import { consequences, count, paceOf, percent, rampOf, short, spell } from './assumed.ts'
import type { Assumed, Place, Warning } from './assumed.ts'
import type { FailuresMetric, Policy } from './policy.ts'

/** Whether `failures` are compared, and both margins of that: proof that can be had, and regressions that can be found. */
export function marginWarnings(policy: Policy, assumed: Assumed): readonly Warning[] {
  const { metrics } = policy.analysis
  const index = metrics.findIndex(({ kind }) => kind === 'failures')
  const metric = metrics[index]
  const ramp = rampOf(policy)
  if (ramp.length === 0) return []
  if (metric?.kind !== 'failures') return [uncompared(policy)]
  if (metric.dryRun) return []
  const failing = Math.max(assumed.stableFailures ?? usualFailures, leastFailures)
  const path = `analysis.metrics[${index}]`
  const waits = !metric.promoteWithoutProof && policy.onInsufficientData !== 'promote'
  return [
    ...(waits ? beyondProof(policy, { ramp, failing, assumed, path: `${path}.nonInferiorityMargin` }) : []),
    ...beyondRollback(policy, metric, { ramp, failing, assumed, path: `${path}.rollbackMargin` }),
  ]
}

/** A list of metrics takes the place of the default one; that may have been overlooked. */
function uncompared({ limits: { maxFailedMessages } }: Policy): Warning {
  const then = `a canary that fails more is taken back after ${maxFailedMessages} messages or never, and promoted without proof`
  const mend = 'add { name: failures }, with dryRun: true where that is meant'
  return { path: 'analysis.metrics', text: `nothing compares the failures of the two versions: ${then}; ${mend}` }
}

interface Judged {
  readonly ramp: readonly Place[]
  /** Of the stable version's messages. */
  readonly failing: number
  readonly assumed: Assumed
  readonly path: string
}

/** The proof that a promotion waits for. */
function beyondProof(policy: Policy, { ramp, failing, assumed, path }: Judged): readonly Warning[] {
  const { failures, promotionErrorRate } = judgeOptionsOf(policy.analysis)
  const margin = failures === undefined ? 0 : marginOf(failures, failing)
  const nats = Math.log(1 / promotionErrorRate)
  const places = ramp.map((place) => ({
    ...place,
    needed: messagesOfProof(place, failing, margin, nats),
    pace: paceOf(place.step, policy, assumed),
  }))
  const least = Math.min(...places.map(({ needed }) => needed))
  if (least === Infinity) {
    const why =
      margin === 0 ? 'a margin of 0 can never be proven' : 'no step has a weight below 100 %, so nothing is compared'
    return [{ path, text: `${why}: no canary is promoted without promoteWithoutProof` }]
  }
  if (least > millions) {
    const text = `proof of a margin of ${percent(100 * margin)} takes ${count(least)} messages of a canary as good as the stable version`
    return [{ path, text }]
  }
  return notInRamp(places, policy, path)
}

function messagesOfProof({ step: { weight } }: Place, stable: number, margin: number, nats: number): number {
  return weight >= 100 ? Infinity : messagesToPromote({ stable, share: weight / 100 }, margin, nats)
}

interface PlaceOfProof extends Place {
  readonly needed: number
  /** Canary messages a second. */
  readonly pace: number | undefined
}

function notInRamp(places: readonly PlaceOfProof[], policy: Policy, path: string): readonly Warning[] {
  const last = places.at(-1)
  let lacking = 1
  for (const { step, needed, pace } of places) {
    if (pace === undefined) return []
    lacking -= (pace * step.durationMs) / 1_000 / needed
  }
  if (lacking <= 0 || last?.pace === undefined) return []
  const brought = `the ramp brings about ${percent(Math.round(100 * (1 - lacking)))} of the proof that a promotion needs`
  const then = consequences[policy.onInsufficientData]
  if (then !== undefined) return [{ path, text: `${brought}: ${then}` }]
  const rampMs = policy.steps.reduce((sum, { durationMs = 0 }) => sum + durationMs, 0)
  const moreMs = (1_000 * lacking * last.needed) / last.pace
  const rest = `${spell(moreMs)} more at ${percent(last.step.weight)}`
  return rampMs + moreMs > policy.progressDeadlineMs
    ? [{ path: 'progressDeadline', text: `${brought}; the rest takes ${rest}, and the deadline comes first` }]
    : [{ path, text: `${brought}; it waits about ${rest}` }]
}

/** A canary that fails twice as often as the margin allows should be found some day. */
function beyondRollback(
  policy: Policy,
  { rollbackMargin }: FailuresMetric,
  { ramp, failing, path }: Judged,
): readonly Warning[] {
  const line = { slope: 1 + rollbackMargin, intercept: 0 }
  const tolerated = line.slope * failing
  if (tolerated >= 1) {
    const text = `${short(line.slope)} times the ${percent(100 * failing)} that the stable version fails is everything: no canary is ever worse`
    return [{ path, text }]
  }
  const canary = twice * tolerated
  if (canary >= 1) return []
  const { significanceLevel } = policy.analysis
  const messages = ramp.map(({ step: { weight } }) =>
    weight >= 100
      ? Infinity
      : messagesToRollBack({ canary, stable: failing, share: weight / 100 }, line, significanceLevel),
  )
  const least = Math.min(...messages)
  if (least <= millions || least === Infinity) return []
  const text = `a canary that fails ${percent(100 * canary)} of its messages, where ${percent(100 * tolerated)} is tolerated, is found after ${count(least)} of them`
  return [{ path, text }]
}

/** What is assumed of a stable version that nobody spoke of, for what depends on it little. */
const usualFailures = 0.01
/** Nothing is known to fail never. */
const leastFailures = 1e-5
const millions = 1e6
const twice = 2
