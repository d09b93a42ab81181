import { blamedFailures } from '../rollout/failure-budget.ts'
import { takenInStep } from '../rollout/measure.ts'
import type { ConsumerFacts, Observation } from '../rollout/observation.ts'
import type { Rollout } from '../rollout/rollout.ts'
import { divide, level } from './divide.ts'
import type { ConsumerAllocation, Lane, ThrottledLane } from './lane.ts'
import { permit } from './permits.ts'
import type { Bridge, Pace } from './permits.ts'

/** One living canary consumer: its slots from now on, and what it was given before. */
export interface Holder {
  readonly consumer: ConsumerFacts
  readonly concurrency: number
  readonly before: ConsumerAllocation | undefined
}

interface Holders {
  readonly rollout: Rollout
  /** With slots. */
  readonly active: readonly Holder[]
  /** Without. */
  readonly resting: readonly Holder[]
}

/** Permits that a consumer was given and that its last report does not show as used. */
export function unusedPermits({ consumer, before }: Pick<Holder, 'consumer' | 'before'>): number {
  return Math.max(0, (before?.permits ?? 0) - consumer.taken)
}

/**
 * The failure budget. What failed on the stable version too, or is explained by its own rate, is given back. A consumer may have `failures` messages
 * failed or in flight together. What is given stays counted until a report shows it as failed, so the sum over all consumers, living and dead,
 * never exceeds the budget, even if every message in flight fails.
 */
export function divideFailures({
  rollout,
  active,
  resting,
  maxFailedMessages,
}: Holders & { readonly maxFailedMessages: number }): readonly number[] {
  const held = active.map(unspentFailures)
  const exposed = sum([...active, ...resting].map(exposedFailures))
  const left = maxFailedMessages - blamedFailures(rollout) - rollout.unaccounted - exposed
  // One more than there are slots: a failure does not idle its slot until the next grant.
  const wants = active.map(({ concurrency }, index) => ({ held: held[index] ?? 0, want: concurrency + 1 }))
  const given = level(left, wants)
  return active.map(({ consumer }, index) => consumer.harmed + (held[index] ?? 0) + (given[index] ?? 0))
}

export interface PermitDivision extends Holders {
  readonly lane: ThrottledLane
  /** In force until now. */
  readonly laneBefore: Lane
  readonly mayFail: readonly number[]
  readonly seen: Observation
  readonly pace: Pace
}

/** Permits by the law of `permits.ts`, divided among the consumers that can use them. */
export function dividePermits(division: PermitDivision): {
  readonly totals: readonly ConsumerAllocation['permits'][]
  readonly bridges: readonly ConsumerAllocation['bridge'][]
  readonly forgone: number
} {
  const { rollout, lane, active, resting, seen, pace } = division
  if (lane.weight >= 100) return { totals: active.map(() => undefined), bridges: [], forgone: rollout.forgone }
  const burst = burstOf(lane, pace)
  const held = heldPermits(division, burst)
  const stranded = sum(resting.map(unusedPermits))
  const { grant, forgone } = permit({
    weight: lane.weight,
    ...takenInStep(rollout, seen),
    unused: sum(held) + stranded,
    ...pace,
    burst: stranded + burst,
    forgone: rollout.forgone,
  })
  const rooms = roomsOf(division)
  const given = spread(grant, rooms, held)
  const totals = active.map(({ consumer }, index) => consumer.taken + (held[index] ?? 0) + (given[index] ?? 0))
  const all = sum(rooms)
  const bridges = rooms.map((room) => bridgeOf(lane, pace, room / all))
  return { totals, bridges, forgone }
}

/**
 * What each has left of its permits. Where the weight falls, and where somebody comes back who had no slot to use them on, those beyond the burst are
 * taken back: a canary that could not use them for a while (a broker that was away) would take them all at once. Whoever uses some before it hears of
 * that is granted as many less afterwards; one that dies unheard meanwhile may have taken so many more than its share.
 */
function heldPermits({ active, lane, laneBefore }: PermitDivision, burst: number): readonly number[] {
  const held = active.map(unusedPermits)
  const hasFallen = laneBefore.kind === 'throttled' && lane.weight < laneBefore.weight
  const hasComeBack = active.some(({ before }) => before?.concurrency === 0)
  return hasFallen || hasComeBack ? divide(burst, held) : held
}

/** `part`: of the version's messages, what this consumer gets. */
function bridgeOf({ weight }: ThrottledLane, { ratePerMs, horizonMs }: Pace, part: number): Bridge | undefined {
  const permitsPerMs = Math.round((weight / 100) * ratePerMs * part * fineness) / fineness
  // When a grant is obeyed, two thirds of its horizon have passed on average.
  return permitsPerMs > 0 ? { permitsPerMs, afterMs: horizonMs / 3 } : undefined
}

/** Enough for two horizons, so that no consumer waits for a grant while permits are due; bounded, whatever the meter says. */
function burstOf({ weight, concurrency }: ThrottledLane, { ratePerMs, horizonMs }: Pace): number {
  return Math.min(mostPermits, Math.max(2, concurrency, Math.ceil((weight / 100) * ratePerMs * horizonMs * 2)))
}

const mostPermits = 10_000
/** Fewer digits travel with each decision. A slower pace adds nothing in the time that it lasts. */
const fineness = 1e6

/** Messages that each consumer can have in flight: within its slots, and within what may fail. */
function roomsOf({ active, mayFail }: PermitDivision): readonly number[] {
  return active.map(({ consumer, concurrency }, index) =>
    Math.min(concurrency, Math.max(0, (mayFail[index] ?? 0) - consumer.harmed)),
  )
}

/** Permits go where fewest lie unused for the messages that can be handled at a time. */
function spread(grant: number, rooms: readonly number[], held: readonly number[]): readonly number[] {
  const room = sum(rooms)
  if (room === 0) return rooms.map(() => 0)
  const all = sum(held) + grant
  return level(
    grant,
    rooms.map((slots, index) => ({ held: held[index] ?? 0, want: Math.ceil((all * slots) / room) })),
  )
}

function unspentFailures({ consumer, before }: Holder): number {
  return Math.max(0, (before?.failures ?? 0) - consumer.harmed)
}

/** Messages in flight that no grant covers, left over from an earlier rollout, may fail as well; they are counted, but grant nothing. */
function exposedFailures(holder: Holder): number {
  return Math.max(holder.consumer.inFlight, unspentFailures(holder))
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0)
}
