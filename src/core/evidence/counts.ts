/**
 * What happened to messages, as cumulative counts. One incarnation of a consumer only ever adds to them, so counts of several consumers
 * merge by adding, and a difference of two states of one consumer is never negative.
 *
 * A message counts once among `succeeded`, `failed`, `timedOut`: by the first outcome of its first delivery from the queue. What comes
 * after (retries, the second try on the stable version) is counted beside, never again.
 */
export const countNames = [
  /** Messages from the queue whose handling began, or which were received by a throttled consumer. */
  'taken',
  'succeeded',
  'failed',
  'timedOut',
  /** First outcomes that count for nothing: the broker said the message had been delivered before. */
  'repeated',
  /** Of these, the ones that were not success: no evidence against a version, but as much harm as any other. */
  'repeatedFailures',
  /** Failed on a canary, and given to the stable version over the hand-back queue. What could only be returned counts no more than as failed. */
  'handedBack',
  /** Failed on a canary, taken from the hand-back queue, and succeeded here / failed here too when it was tried first. */
  'rescued',
  'failedOnBoth',
  'deadLettered',
  /** Returned to the queue without an outcome (drain, link lost before the start). */
  'returned',
  /** Results that came after their message's time was over. */
  'late',
  /** Settlements that came after the link of their delivery was gone. */
  'stale',
] as const
export type CountName = (typeof countNames)[number]
export type Counts = Readonly<Record<CountName, number>>

export const noCounts: Counts = {
  taken: 0,
  succeeded: 0,
  failed: 0,
  timedOut: 0,
  repeated: 0,
  repeatedFailures: 0,
  handedBack: 0,
  rescued: 0,
  failedOnBoth: 0,
  deadLettered: 0,
  returned: 0,
  late: 0,
  stale: 0,
}

export function addCounts(a: Counts, b: Counts): Counts {
  return combine(a, b, sum)
}

/** What was added from `earlier` to `later`; never negative, even where a report that was counted earlier is missing now. */
export function countsSince(later: Counts, earlier: Counts): Counts {
  return combine(later, earlier, increase)
}

/** The larger of each: what two tellers of the same cumulative counts know together. */
export function mergeCounts(a: Counts, b: Counts): Counts {
  return combine(a, b, Math.max)
}

/** Messages whose first outcome is known. */
export function firstOutcomes(counts: Counts): number {
  return counts.succeeded + counts.failed + counts.timedOut
}

/** Of these, the ones that were not success. */
export function failedIn(counts: Counts): number {
  return counts.failed + counts.timedOut
}

/** Messages that were not handled with success, evidence or not: what a failure budget is spent on. */
export function harmedIn(counts: Counts): number {
  return failedIn(counts) + counts.repeatedFailures
}

/** `harmedIn` of what was added. */
export function harmedSince(later: Counts, earlier: Counts): number {
  return (
    increase(later.failed, earlier.failed) +
    increase(later.timedOut, earlier.timedOut) +
    increase(later.repeatedFailures, earlier.repeatedFailures)
  )
}

function sum(x: number, y: number): number {
  return x + y
}

function increase(later: number, earlier: number): number {
  return Math.max(0, later - earlier)
}

/** Name by name rather than in a loop: it is called many times at each look. */
function combine(a: Counts, b: Counts, each: (x: number, y: number) => number): Counts {
  return {
    taken: each(a.taken, b.taken),
    succeeded: each(a.succeeded, b.succeeded),
    failed: each(a.failed, b.failed),
    timedOut: each(a.timedOut, b.timedOut),
    repeated: each(a.repeated, b.repeated),
    repeatedFailures: each(a.repeatedFailures, b.repeatedFailures),
    handedBack: each(a.handedBack, b.handedBack),
    rescued: each(a.rescued, b.rescued),
    failedOnBoth: each(a.failedOnBoth, b.failedOnBoth),
    deadLettered: each(a.deadLettered, b.deadLettered),
    returned: each(a.returned, b.returned),
    late: each(a.late, b.late),
    stale: each(a.stale, b.stale),
  }
}
