import { map } from '../schema/combine.ts'
import { list, optional, tolerantObject as record } from '../schema/objects.ts'
import type { Reader } from '../schema/reader.ts'
import { boolean, integer, number } from '../schema/scalars.ts'
import type { Comparison } from './comparison.ts'

const whole = () => integer({ min: 0 })
const amount = () => number({ min: 0 })

const attempts = record({ messages: amount(), failed: amount() })
const dispersion = record({ observed: amount(), expected: amount() })
const durations = record({ first: whole(), counts: list(amount()) })
const mixture = record({ evidence: list(amount()), reserve: number(), restarts: whole(), since: amount() })

const rollbackTests = record({
  failures: optional(mixture),
  latency: optional(record({ columns: durations, quantiles: list(mixture) })),
  ceiling: optional(mixture),
})

const trials = record({
  share: amount(),
  canaryFailed: amount(),
  canarySucceeded: amount(),
  stableFailed: amount(),
  stableSucceeded: amount(),
})

const promotionTests = record({
  margin: amount(),
  promotion: map(list(number()), ([equal = 0, halfway = 0]): readonly [number, number] => [equal, halfway]),
  excess: list(number()),
  batch: optional(record({ looks: whole(), target: amount(), stableRate: amount(), trials })),
})

const judge = record({
  losses: whole(),
  rollback: rollbackTests,
  promotion: optional(promotionTests),
  start: attempts,
  baseline: attempts,
  dispersion,
  frozen: list(record({ from: whole(), rate: amount(), inflation: amount() })),
  canary: attempts,
  stable: attempts,
  share: amount(),
  peak: amount(),
})

const look = record({
  first: whole(),
  last: whole(),
  opened: whole(),
  target: amount(),
  elapsedMs: amount(),
  canary: attempts,
  stable: attempts,
  durations: optional(record({ canary: durations, stable: durations })),
  dispersion: optional(dispersion),
})

const clock = record({
  current: record({ number: whole(), begunMs: amount(), target: amount() }),
  ended: list(record({ number: whole(), endedMs: amount(), target: amount() })),
  progress: record({ closed: whole(), gathered: optional(look) }),
})

export const comparisonReader: Reader<Comparison> = record({
  judge,
  clock,
  suspicion: record({ evidence: amount(), rollback: boolean(), suspicious: boolean() }),
  recent: attempts,
})
