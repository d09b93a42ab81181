import type { QueueFacts } from '../contracts/broker.ts'
import { addCounts, harmedIn, noCounts } from '../core/evidence/counts.ts'
import { addHistograms } from '../core/evidence/histogram.ts'
import type { ConsumerReport } from '../core/rollout/consumer-report.ts'
import type { ConsumerFacts, Observation, VersionFacts } from '../core/rollout/observation.ts'
import type { QueueState } from '../core/rollout/queue-state.ts'
import type { Rollout } from '../core/rollout/rollout.ts'

export interface Gathered {
  readonly reports: readonly ConsumerReport[]
  readonly isAlive: (report: ConsumerReport) => boolean
  /** undefined: the broker could not be asked lately. */
  readonly facts: QueueFacts | undefined
}

/** Sums the consumers' reports up per version. */
export function observe(state: QueueState, rollout: Rollout, { reports, isAlive, facts }: Gathered): Observation {
  const allocated = new Set(Object.keys(state.allocations.consumers))
  const of = (version: string) => reports.filter((report) => report.version === version)
  return {
    stable: versionFacts(of(rollout.stable), isAlive, new Set()),
    canary: versionFacts(of(rollout.canary), isAlive, allocated),
    handBackBacklog: facts?.handBackBacklog,
    backlog: facts?.backlog,
    oldestAgeMs: facts?.oldestAgeMs,
  }
}

function versionFacts(
  reports: readonly ConsumerReport[],
  isAlive: (report: ConsumerReport) => boolean,
  allocated: ReadonlySet<string>,
): VersionFacts {
  const live = reports.filter(isAlive)
  const dead = reports.filter((report) => !isAlive(report) && report.state !== 'gone' && allocated.has(report.id))
  const consumers = live.map(consumerFacts)
  const delays = live.map(({ eventLoopDelayMs }) => eventLoopDelayMs)
  return {
    live: live.length,
    ready: consumers.filter(({ ready }) => ready).length,
    undrained: live.filter(({ state }) => state !== 'drained').length,
    inFlight: sum(live.map(({ inFlight }) => inFlight)),
    capacity: sum(consumers.filter(({ ready }) => ready).map(({ capacity }) => capacity)),
    counts: reports.map(({ counts }) => counts).reduce(addCounts, noCounts),
    durations: reports.map(({ durations }) => durations).reduce(addHistograms, {}),
    lost: sum(dead.map(({ inFlight }) => Math.max(1, inFlight))),
    eventLoopDelayMs: delays.length === 0 ? undefined : Math.max(...delays),
    consumers,
  }
}

function consumerFacts(report: ConsumerReport): ConsumerFacts {
  const linked = report.link === 'idle' || report.link === 'consuming'
  return {
    id: report.id,
    ready: report.state === 'ready' && linked,
    capacity: report.capacity,
    inFlight: report.inFlight,
    taken: report.counts.taken,
    harmed: harmedIn(report.counts),
  }
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0)
}
