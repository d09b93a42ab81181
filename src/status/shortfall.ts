import { isLinked } from '../contracts/broker.ts'
import { durationOf } from '../core/evidence/histogram.ts'
import type { Histogram } from '../core/evidence/histogram.ts'
import type { ThrottledLane } from '../core/allocation/lane.ts'
import type { ConsumerReport } from '../core/rollout/consumer-report.ts'
import type { Rollout } from '../core/rollout/rollout.ts'
import { sum } from './status-view.ts'
import type { StatusView } from './status-view.ts'

/** Messages of the running step. */
export interface Taken {
  readonly canary: number
  readonly total: number
}

/** Before this much was seen, a share is chance. */
const enough = { messages: 1_000, ms: 10_000 }
/** A share above this part of its target is reached. */
const tolerance = 0.9

/** Says why the canary's share stays behind its target, as far as the numbers tell; undefined while it does not, or too little was seen. */
export function shortfall(view: StatusView, share: Taken & { readonly target: number }): string | undefined {
  const { rollout, allocations } = view.state
  const lane = allocations.canary
  if (rollout === undefined || lane.kind !== 'throttled' || share.total === 0) return undefined
  if (share.total < enough.messages && rollout.stepElapsedMs < enough.ms) return undefined
  if ((100 * share.canary) / share.total >= tolerance * share.target) return undefined
  const consumers = view.living.filter(({ version }) => version === rollout.canary)
  const ready = consumers.filter(
    ({ state, link, linkReason }) => state === 'ready' && isLinked(link) && linkReason === undefined,
  )
  const budget = (view.policy?.limits.maxFailedMessages ?? Infinity) - rollout.harmed - rollout.unaccounted
  return notReady(rollout, consumers, ready) ?? tooSlow({ rollout, lane, ready, budget }, share)
}

function notReady(
  { canary }: Rollout,
  consumers: readonly ConsumerReport[],
  ready: readonly ConsumerReport[],
): string | undefined {
  if (ready.length > 0) return undefined
  if (consumers.length === 0) return `no consumer of ${canary} lives`
  const states = consumers.map(({ state, link, linkReason }) => `${state}, link ${linkReason ?? link}`)
  return `none of the ${consumers.length} consumers of ${canary} can take messages: ${[...new Set(states)].join('; ')}`
}

interface Trial {
  readonly rollout: Rollout
  readonly lane: ThrottledLane
  readonly ready: readonly ConsumerReport[]
  /** Messages that may still fail: no more are ever in flight. */
  readonly budget: number
}

function tooSlow({ rollout, lane, ready, budget }: Trial, share: Taken & { readonly target: number }): string {
  const places = Math.min(lane.concurrency, sum(ready.map(({ capacity }) => capacity)))
  const slots = Math.min(places, budget)
  const limit = limitOf(slots, places)
  const meanMs = mean(ready.map(({ durations }) => durations))
  const slotMs = Math.max(lane.delayMs, meanMs ?? 0)
  const perSecond = share.total / (Math.max(1, rollout.stepElapsedMs) / 1_000)
  const needed = (share.target / 100) * perSecond
  const possible = slotMs === 0 ? Infinity : (slots * 1_000) / slotMs
  const stuck = sum(ready.map((report) => report.stuck))
  if (stuck > 0 && stuck >= slots)
    return `all ${slots} slots are held by handlers that run on after their time was over`
  if (possible < needed) {
    const cause =
      lane.delayMs >= (meanMs ?? 0) ? `delay ${lane.delayMs} ms` : `handlers that take ${round(meanMs ?? 0)} ms`
    return `${limit.name} with ${cause} allows ${round(possible)} msg/s; ${share.target} % of ${round(perSecond)} msg/s needs ${round(needed)}`
  }
  const wanted = Math.round((share.target / 100) * share.total)
  return `${rollout.canary} took ${share.canary} of ${share.total} messages where ${wanted} were meant; ${limit.otherwise}`
}

/** What holds the number of messages in flight down, and what to say where that does not explain it. */
function limitOf(slots: number, places: number): { readonly name: string; readonly otherwise: string } {
  if (slots === places) return { name: `concurrency ${slots}`, otherwise: `its ${slots} slots are not what limits it` }
  const otherwise = `its failure budget leaves it ${slots} messages in flight, though it has ${places} slots`
  return { name: `a failure budget with ${slots} left`, otherwise }
}

/** Of succeeded first attempts, in milliseconds; undefined without any. */
function mean(histograms: readonly Histogram[]): number | undefined {
  const buckets = histograms.flatMap((histogram) => Object.entries(histogram))
  const n = sum(buckets.map(([, count]) => count))
  return n === 0 ? undefined : sum(buckets.map(([bucket, count]) => count * durationOf(Number(bucket)))) / n
}

function round(value: number): number {
  return Number(value.toPrecision(3))
}
