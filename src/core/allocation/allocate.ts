import type { ConsumerFacts, Observation } from '../rollout/observation.ts'
import type { Rollout } from '../rollout/rollout.ts'
import { divide, level } from './divide.ts'
import type { Allocations, ConsumerAllocation, Lane, ThrottledLane } from './lane.ts'
import { permit } from './permits.ts'

/** How fast the queue moves and how late news is, as the coordinator measures it. */
export interface Pace {
  /** Messages taken from the queue per millisecond, both versions. */
  readonly ratePerMs: number
  /** From a message's being taken to the moment when a grant that knows of it has taken effect, and until the next one. */
  readonly horizonMs: number
}

export interface AllocationRequest {
  readonly rollout: Rollout
  readonly lanes: { readonly stable: Lane; readonly canary: Lane }
  readonly before: Allocations
  readonly seen: Observation
  readonly maxFailedMessages: number
  readonly pace: Pace
}

export interface AllocationResult {
  readonly allocations: Allocations
  readonly forgone: number
}

/**
 * Turns the lanes of the phase into what each live canary consumer may do. One that has lost its link keeps what it had, and gets nothing
 * new: it may still use what it was given.
 */
export function allocate(request: AllocationRequest): AllocationResult {
  const { lanes, rollout, before } = request
  const { canary } = lanes
  if (canary.kind !== 'throttled') return { allocations: { ...lanes, consumers: {} }, forgone: rollout.forgone }
  const { holders, kept } = holdersOf(request, canary)
  const permits = dividePermits(request, canary, { holders, kept })
  const failures = divideFailures(request, { holders, kept })
  const entries = holders.map(({ consumer, concurrency }, index): readonly [string, ConsumerAllocation] => [
    consumer.id,
    { concurrency, delayMs: canary.delayMs, permits: permits.totals[index], failures: failures[index] ?? 0 },
  ])
  const keptEntries = kept.map(({ consumer }) => [consumer.id, before.consumers[consumer.id]] as const)
  const consumers = Object.fromEntries([...entries, ...keptEntries].filter(hasAllocation))
  return { allocations: { ...lanes, consumers }, forgone: permits.forgone }
}

interface Holder {
  readonly consumer: ConsumerFacts
  readonly concurrency: number
  readonly before: ConsumerAllocation | undefined
}

interface Holders {
  readonly holders: readonly Holder[]
  readonly kept: readonly Holder[]
}

function holdersOf({ seen, before }: AllocationRequest, lane: ThrottledLane): Holders {
  const { consumers } = seen.canary
  const ready = consumers.filter((consumer) => consumer.ready)
  const slots = divide(
    lane.concurrency,
    ready.map(({ capacity }) => capacity),
  )
  const holder = (consumer: ConsumerFacts, concurrency: number): Holder => ({
    consumer,
    concurrency,
    before: Object.hasOwn(before.consumers, consumer.id) ? before.consumers[consumer.id] : undefined,
  })
  return {
    holders: ready
      .map((consumer, index) => holder(consumer, slots[index] ?? 0))
      .filter(({ concurrency, before: had }) => concurrency > 0 || had !== undefined),
    kept: consumers
      .filter((consumer) => !consumer.ready)
      .map((consumer) => holder(consumer, 0))
      .filter(({ before }) => before !== undefined),
  }
}

function hasAllocation(
  entry: readonly [string, ConsumerAllocation | undefined],
): entry is readonly [string, ConsumerAllocation] {
  return entry[1] !== undefined
}

/** A consumer that lost its slots keeps no permits: others need them. */
const unusedPermits = ({ consumer, before, concurrency }: Holder) =>
  consumer.ready && concurrency === 0 ? 0 : Math.max(0, (before?.permits ?? 0) - consumer.taken)
const unspentFailures = ({ consumer, before }: Holder) => Math.max(0, (before?.failures ?? 0) - consumer.harmed)

function dividePermits(request: AllocationRequest, lane: ThrottledLane, { holders, kept }: Holders) {
  const { rollout, seen, pace } = request
  if (lane.weight >= 100) return { totals: holders.map(() => undefined), forgone: rollout.forgone }
  const since = rollout.stepOrigin
  const canary = seen.canary.counts.taken - (since?.canary.taken ?? 0)
  const total = canary + seen.stable.counts.taken - (since?.stable.taken ?? 0)
  const held = holders.map(unusedPermits)
  const unused = sum(held) + sum(kept.map(unusedPermits))
  const burst = Math.max(2, lane.concurrency, Math.ceil((lane.weight / 100) * pace.ratePerMs * pace.horizonMs * 2))
  const law = { weight: lane.weight, total, canary, unused, ...pace, burst, forgone: rollout.forgone }
  const { grant, forgone } = permit(law)
  const given = spread(grant, holders, held)
  const totals = holders.map(({ consumer }, index) => consumer.taken + (held[index] ?? 0) + (given[index] ?? 0))
  return { totals, forgone }
}

/** Permits go where fewest lie unused for the slots there are. */
function spread(grant: number, holders: readonly Holder[], held: readonly number[]): readonly number[] {
  if (holders.length === 1) return [grant]
  const slots = sum(holders.map(({ concurrency }) => concurrency))
  const all = sum(held) + grant
  return level(
    grant,
    holders.map(({ concurrency }, index) => ({ held: held[index] ?? 0, want: Math.ceil((all * concurrency) / slots) })),
  )
}

/**
 * The failure budget, divided like permits: a consumer may have `failures` messages failed or in flight together, so the sum over all of
 * them, dead ones included, never exceeds the budget even if every message in flight fails.
 */
function divideFailures(request: AllocationRequest, { holders, kept }: Holders): readonly number[] {
  const held = holders.map(unspentFailures)
  const left = request.maxFailedMessages - request.rollout.harmed - sum(held) - sum(kept.map(unspentFailures))
  const given = level(
    left,
    holders.map(({ concurrency }, index) => ({ held: held[index] ?? 0, want: 2 * concurrency })),
  )
  return holders.map(({ consumer }, index) => consumer.harmed + (held[index] ?? 0) + (given[index] ?? 0))
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0)
}
