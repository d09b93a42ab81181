import { firstOutcomes, harmedIn } from '../evidence/counts.ts'
import type { Counts } from '../evidence/counts.ts'
import type { Rollout, Totals } from './rollout.ts'

/**
 * What the stable version's failure rate makes of the canary's messages, added up over stretches of time: in each, the rate that it had then. An outage
 * that both meet explains what fails on the canary meanwhile, whatever share the canary had before and after.
 */
export interface ExpectedFailures {
  readonly expected: number
  readonly variance: number
  /** How far both had come when the last stretch ended. */
  readonly upTo: { readonly stable: Attempts; readonly canary: Attempts }
}

/** Deliveries from the queue that ended, and those of them that were not success. */
export interface Attempts {
  readonly ended: number
  readonly failed: number
}

/** A stretch ends when the stable version has ended so many messages in it: fewer tell no rate. */
const stretch = 20
/** The same for what the whole rollout tells. */
const leastEnded = 100

export function addStretch(before: ExpectedFailures | undefined, origin: Totals, totals: Totals): ExpectedFailures {
  const known = before ?? { ...nothing, upTo: attemptsOf(origin) }
  const upTo = attemptsOf(totals)
  const stable = since(upTo.stable, known.upTo.stable)
  if (stable.ended < stretch) return known
  const { expected, variance } = expectedOf(stable, since(upTo.canary, known.upTo.canary).ended)
  const furthest = { stable: further(upTo.stable, known.upTo.stable), canary: further(upTo.canary, known.upTo.canary) }
  return { expected: known.expected + expected, variance: known.variance + variance, upTo: furthest }
}

/** What is missing in a report that comes back is not counted a second time. */
function further(a: Attempts, b: Attempts): Attempts {
  return { ended: Math.max(a.ended, b.ended), failed: Math.max(a.failed, b.failed) }
}

/** The failures that a canary no worse would seldom exceed: three standard deviations beyond what is expected. The stretch that has not ended counts by the rate of all before. */
export function explainedFailures({ origin, latest, explained }: Rollout): number {
  if (origin === undefined || latest === undefined) return 0
  const [first, last] = [attemptsOf(origin), attemptsOf(latest)]
  const known = explained ?? { ...nothing, upTo: first }
  const stable = since(last.stable, first.stable)
  const open = since(last.canary, known.upTo.canary).ended
  const rest = stable.ended < leastEnded ? nothing : expectedOf(stable, open)
  return Math.floor(known.expected + rest.expected + 3 * Math.sqrt(known.variance + rest.variance))
}

const nothing = { expected: 0, variance: 0 }

/** Both numbers of failures are Poisson, that of the stable version as it is scaled. */
function expectedOf(stable: Attempts, ended: number): typeof nothing {
  const expected = (stable.failed / stable.ended) * ended
  return { expected, variance: expected * (1 + ended / stable.ended) }
}

function attemptsOf({ stable, canary }: Totals): ExpectedFailures['upTo'] {
  return { stable: attempts(stable), canary: attempts(canary) }
}

function attempts(counts: Counts): Attempts {
  return { ended: firstOutcomes(counts) + counts.repeated, failed: harmedIn(counts) }
}

/** Reports that are missing for a while do not go below nothing. */
function since(later: Attempts, earlier: Attempts): Attempts {
  const ended = Math.max(0, later.ended - earlier.ended)
  return { ended, failed: Math.min(ended, Math.max(0, later.failed - earlier.failed)) }
}
