import type { Fuse } from '../evidence/fuse.ts'
import { lookup } from '../lookup.ts'
import { lostWith } from '../rollout/observation.ts'
import type { Observation } from '../rollout/observation.ts'
import type { Rollout } from '../rollout/rollout.ts'
import { divide } from './divide.ts'
import { divideFailures, dividePermits, unusedPermits } from './grants.ts'
import type { Holder } from './grants.ts'
import type { Allocations, ConsumerAllocation, Lane } from './lane.ts'
import type { Pace } from './permits.ts'
import { lookLength } from './rhythm.ts'

export interface AllocationRequest {
  readonly rollout: Rollout
  readonly lanes: { readonly stable: Lane; readonly canary: Lane }
  readonly before: Allocations
  readonly seen: Observation
  readonly maxFailedMessages: number
  readonly maxReceiveCount: number
  readonly pace: Pace
  readonly fuse: Fuse | undefined
}

export interface AllocationResult {
  readonly allocations: Allocations
  /** The rollout's, from now on. */
  readonly forgone: number
  readonly unaccounted: number
}

/**
 * Turns the lanes of the phase into what each canary consumer may do. Only ready ones have slots. The others keep what they were given
 * before, without a slot to use it on, and it stays counted: they may have used it before they learnt that they must not.
 */
export function allocate(request: AllocationRequest): AllocationResult {
  const { lanes, seen, pace } = request
  const lookMs = lookLength(seen.stable.live + seen.canary.live)
  const lane = lanes.canary
  const { forgone, unaccounted, writtenOff } = writeOff(request)
  const rollout = updated(request.rollout, { forgone, unaccounted })
  if (lane.kind === 'stream') return { allocations: { ...lanes, consumers: {}, lookMs }, forgone, unaccounted }
  const holders = holdersOf(request)
  const active = holders.filter(({ concurrency }) => concurrency > 0)
  const resting = holders.filter(({ concurrency }) => concurrency === 0)
  const kept = [...resting.flatMap(restingEntry), ...writtenOff]
  if (lane.kind !== 'throttled')
    return { allocations: { ...lanes, consumers: Object.fromEntries(kept), lookMs }, forgone, unaccounted }
  const failures = divideFailures({ rollout, active, resting, maxFailedMessages: request.maxFailedMessages })
  const laneBefore = request.before.canary
  const permits = dividePermits({ rollout, lane, laneBefore, active, resting, mayFail: failures, seen, pace })
  const given = active.map(({ consumer, concurrency }, index): readonly [string, ConsumerAllocation] => [
    consumer.id,
    {
      concurrency,
      delayMs: lane.delayMs,
      permits: permits.totals[index],
      bridge: permits.bridges[index],
      fuse: request.fuse,
      failures: failures[index] ?? 0,
      returnsToSpare: request.maxReceiveCount,
    },
  ])
  const consumers = Object.fromEntries(kept.length === 0 ? given : [...given, ...kept])
  return { allocations: { ...lanes, consumers, lookMs }, forgone: permits.forgone, unaccounted }
}

/** The same record where nothing has changed: copies of it are what looks are made of. */
function updated(rollout: Rollout, now: Pick<Rollout, 'forgone' | 'unaccounted'>): Rollout {
  const isSame = rollout.forgone === now.forgone && rollout.unaccounted === now.unaccounted
  return isSame ? rollout : { ...rollout, ...now }
}

/** What the dead were given is given to nobody else: they may have used it after their last report, and they may turn out to live. */
function writeOff({ rollout, before, seen }: AllocationRequest) {
  const writtenOff: (readonly [string, ConsumerAllocation])[] = []
  let { forgone } = rollout
  let unaccounted = 0
  for (const consumer of seen.canary.dead) {
    const had = lookup(before.consumers, consumer.id)
    if (had === undefined) continue
    const unused = unusedPermits({ consumer, before: had })
    forgone += unused
    unaccounted += Math.max(0, had.failures - consumer.harmed - lostWith(consumer))
    writtenOff.push([consumer.id, { ...had, concurrency: 0, permits: had.permits && had.permits - unused }])
  }
  return { forgone, unaccounted, writtenOff }
}

function holdersOf({ lanes, before, seen }: AllocationRequest): readonly Holder[] {
  const all = seen.canary.consumers.map((consumer) => ({ consumer, before: lookup(before.consumers, consumer.id) }))
  // Whoever has slots comes first where there are not enough for all: a newcomer takes none away.
  if (all.length > 1) all.sort((a, b) => claim(b) - claim(a))
  const slots = divide(
    lanes.canary.kind === 'throttled' ? lanes.canary.concurrency : 0,
    all.map(({ consumer }) => (consumer.ready ? consumer.capacity : 0)),
  )
  return all.map((holder, index) => ({ ...holder, concurrency: slots[index] ?? 0 }))
}

function claim({ consumer, before }: Omit<Holder, 'concurrency'>): number {
  if (!consumer.ready) return 0
  return (before?.concurrency ?? 0) > 0 ? 2 : 1
}

function restingEntry({ consumer, before }: Holder): readonly (readonly [string, ConsumerAllocation])[] {
  return before === undefined ? [] : [[consumer.id, { ...before, concurrency: 0 }]]
}
