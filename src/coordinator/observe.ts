import type { QueueFacts } from '../contracts/broker.ts'
import type { Allocations } from '../core/allocation/lane.ts'
import { addCounts, harmedIn, noCounts } from '../core/evidence/counts.ts'
import { addHistograms } from '../core/evidence/histogram.ts'
import { hasEnded } from '../core/rollout/consumer-report.ts'
import type { ConsumerReport } from '../core/rollout/consumer-report.ts'
import { sumOfErrors } from '../core/rollout/novel-errors.ts'
import type { ConsumerFacts, DeadConsumer, Observation, VersionFacts } from '../core/rollout/observation.ts'
import { compareOrder } from '../core/rollout/order.ts'
import type { Order } from '../core/rollout/order.ts'
import type { QueueState } from '../core/rollout/queue-state.ts'
import type { Rollout } from '../core/rollout/rollout.ts'
import { cohortsOf } from './observe-cohorts.ts'

/** What the consumers of the queue report; what the broker, providers and other queues tell; and whether a freeze holds. */
export interface Gathered extends Pick<Observation, 'external' | 'freeze' | 'peers' | 'handsBack'> {
  readonly reports: readonly ConsumerReport[]
  readonly isAlive: (report: ConsumerReport) => boolean
  readonly isReady: (report: ConsumerReport) => boolean
  /** undefined: the broker could not be asked lately. */
  readonly facts: QueueFacts | undefined
}

/** All that a decision looks at, with the consumers' reports summed up per version. */
export function observe(state: QueueState, rollout: Rollout, gathered: Gathered): Observation {
  const { facts, handsBack, external, freeze, peers } = gathered
  const isConsumed = gathered.reports.some(
    (report) => report.version === rollout.stable && report.state === 'ready' && gathered.isAlive(report),
  )
  return {
    stable: versionFacts(rollout.stable, rollout, gathered, {}),
    canary: versionFacts(rollout.canary, rollout, gathered, state.allocations.consumers),
    handBackBacklog: believed(facts?.handBackBacklog, facts?.handBackConsumers, isConsumed),
    backlog: believed(facts?.backlog, facts?.consumers, isConsumed),
    oldestAgeMs: facts?.oldestAgeMs,
    handsBack,
    cohorts: cohortsOf(rollout, gathered),
    handlerTimeoutMs: Math.max(
      0,
      ...gathered.reports.filter(gathered.isAlive).map((report) => report.handlerTimeoutMs),
    ),
    external,
    freeze,
    peers,
  }
}

/** Of a queue that it knows nothing of at the moment, a broker may say that it is empty. It says as well that nobody consumes it, and the version in charge does. */
function believed(waiting: number | undefined, consumers: number | undefined, isConsumed: boolean): number | undefined {
  return waiting === 0 && consumers === 0 && isConsumed ? undefined : waiting
}

function versionFacts(
  version: string,
  { order, canary }: Rollout,
  gathered: Gathered,
  allocated: Allocations['consumers'],
): VersionFacts {
  const reports = gathered.reports.filter((report) => report.version === version)
  const live = reports.filter(gathered.isAlive)
  const isReady = (report: ConsumerReport) => gathered.isReady(report) && (believes(report, order) || holds(report))
  // A stable one that refuses the document takes no notice of anything; a canary accepts it as long as it allows nothing.
  const mustKnow = version === canary ? gathered.isReady : isReady
  const consumers = live.map((report) => consumerFacts(report, isReady(report)))
  const ready = consumers.filter((consumer) => consumer.ready)
  const delays = live.map(({ eventLoopDelayMs }) => eventLoopDelayMs)
  return {
    live: live.length,
    ready: ready.length,
    undrained: live.filter(({ state }) => state !== 'drained').length,
    holding: live.filter(holds).length,
    unaware: live.filter((report) => mustKnow(report) && !knows(report, order)).length,
    inFlight: sum(live.map(({ inFlight }) => inFlight)),
    capacity: sum(ready.map(({ capacity }) => capacity)),
    signedOff: sum(reports.filter(hasEnded).map(({ capacity }) => capacity)),
    counts: reports.map(({ counts }) => counts).reduce(addCounts, noCounts),
    errors: sumOfErrors(reports),
    durations: reports.map(({ durations }) => durations).reduce(addHistograms, {}),
    dead: deadAmong(allocated, reports, gathered),
    eventLoopDelayMs: delays.length === 0 ? undefined : Math.max(...delays),
    consumers,
  }
}

/** Who was allocated something and is silent without having signed off or drained. One without a report is taken to have used its permits. */
function deadAmong(
  allocated: Allocations['consumers'],
  reports: readonly ConsumerReport[],
  { isAlive }: Gathered,
): readonly DeadConsumer[] {
  const byId = new Map(reports.map((report) => [report.id, report]))
  return Object.entries(allocated).flatMap(([id, { failures, permits: taken = 0 }]) => {
    const report = byId.get(id)
    if (report === undefined) return [{ id, ready: false, capacity: 0, inFlight: 0, taken, harmed: 0, failures }]
    return hasEnded(report) || isAlive(report) ? [] : [{ ...consumerFacts(report, false), failures }]
  })
}

function holds({ state, link, inFlight }: ConsumerReport): boolean {
  return state !== 'drained' && (link === 'consuming' || inFlight > 0)
}

/** Who refuses a document, or has not seen it, goes on with what it knew; at rest that is nothing. */
function believes({ obeyed }: ConsumerReport, { generation }: Order): boolean {
  return obeyed?.generation === generation
}

function knows({ obeyed }: ConsumerReport, order: Order): boolean {
  return obeyed !== undefined && (compareOrder(obeyed, order) ?? -1) >= 0
}

function consumerFacts(report: ConsumerReport, ready: boolean): ConsumerFacts {
  return {
    id: report.id,
    ready,
    capacity: report.capacity,
    inFlight: report.inFlight,
    taken: report.counts.taken,
    harmed: harmedIn(report.counts),
  }
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0)
}
