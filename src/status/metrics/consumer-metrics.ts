import { Counter, Gauge } from 'prom-client'
import type { Registry } from 'prom-client'
import { linkStates } from '../../contracts/broker.ts'
import { countNames } from '../../core/evidence/counts.ts'
import { consumerStates } from '../../core/rollout/consumer-report.ts'
import type { ConsumerReport } from '../../core/rollout/consumer-report.ts'
import { durationBuckets } from './duration-buckets.ts'
import { MergedHistogram } from './merged-histogram.ts'

/** One consumer of this process, and its part in the queue's release. */
export interface MeasuredConsumer {
  readonly queue: string
  readonly report: ConsumerReport
  readonly role: Role
}

/** `idle`: neither in charge nor on trial. `unknown`: the store has not told yet. */
export type Role = 'stable' | 'canary' | 'idle' | 'unknown'

/** What this process counts and measures itself. */
export function addConsumerMetrics(registry: Registry, consumers: readonly MeasuredConsumer[]): void {
  const each = consumers.map(({ queue, role, report }) => ({
    report,
    labels: { queue, version: report.version, role },
  }))
  addCounters(registry, each)
  addGauges(registry, each)
  addStates(registry, each)
  addDrains(registry, each)
}

type Each = readonly { readonly report: ConsumerReport; readonly labels: Readonly<Record<string, string>> }[]

const whose = ['queue', 'version', 'role']
/** Everything that is counted per message, except that it was taken. */
const outcomes = countNames.filter((name) => name !== 'taken')

function addCounters(registry: Registry, each: Each): void {
  const registers = [registry]
  const messages = new Counter({
    name: 'queue_canary_messages_total',
    help: 'Messages by what became of them. First outcomes are succeeded, failed and timedOut; the others are counted beside.',
    labelNames: [...whose, 'outcome'],
    registers,
  })
  const taken = new Counter({
    name: 'queue_canary_messages_taken_total',
    help: 'Messages whose handling began.',
    labelNames: whose,
    registers,
  })
  const durations = new MergedHistogram(
    registry,
    'queue_canary_handler_duration_seconds',
    'Durations of succeeded first attempts.',
  )
  for (const { report, labels } of each) {
    for (const outcome of outcomes) messages.inc({ ...labels, outcome }, report.counts[outcome])
    taken.inc(labels, report.counts.taken)
    durations.add(labels, durationBuckets(report.durations))
  }
}

const gauges: readonly (readonly [name: string, help: string, read: (report: ConsumerReport) => number])[] = [
  ['queue_canary_in_flight', 'Messages that are being handled.', ({ inFlight }) => inFlight],
  ['queue_canary_capacity', 'Messages that may be handled at a time when unthrottled.', ({ capacity }) => capacity],
  ['queue_canary_stuck', 'Slots held by handlers that run on after their time was over.', ({ stuck }) => stuck],
  [
    'queue_canary_unaccepted',
    'Messages that the version did not accept and that wait for one that does.',
    ({ contract }) => contract?.waiting ?? 0,
  ],
  [
    'queue_canary_event_loop_delay_seconds',
    'How late the event loop of this process was lately (99th percentile).',
    ({ eventLoopDelayMs }) => eventLoopDelayMs / 1_000,
  ],
]

function addGauges(registry: Registry, each: Each): void {
  for (const [name, help, read] of gauges) {
    const gauge = new Gauge({ name, help, labelNames: whose, registers: [registry] })
    for (const { report, labels } of each) gauge.set(labels, read(report))
  }
}

function addStates(registry: Registry, each: Each): void {
  const labelNames = [...whose, 'state']
  const registers = [registry]
  const states = new Gauge({
    name: 'queue_canary_consumer_state',
    help: '1 for the state that the consumer is in.',
    labelNames,
    registers,
  })
  const links = new Gauge({
    name: 'queue_canary_link_state',
    help: "1 for the state of the consumer's link to its queue.",
    labelNames,
    registers,
  })
  for (const { report, labels } of each) {
    for (const state of consumerStates) states.set({ ...labels, state }, Number(report.state === state))
    for (const state of linkStates) links.set({ ...labels, state }, Number(report.link === state))
  }
}

/** Only of consumers that have drained. */
function addDrains(registry: Registry, each: Each): void {
  const messages = new Gauge({
    name: 'queue_canary_drain_messages',
    help: 'What became of the messages that were held when the drain began.',
    labelNames: [...whose, 'result'],
    registers: [registry],
  })
  const duration = new Gauge({
    name: 'queue_canary_drain_duration_seconds',
    help: 'How long the drain took.',
    labelNames: whose,
    registers: [registry],
  })
  for (const { report, labels } of each) {
    if (report.drain === undefined) continue
    const { finished, returned, abandoned, durationMs } = report.drain
    for (const [result, n] of Object.entries({ finished, returned, abandoned })) messages.set({ ...labels, result }, n)
    duration.set(labels, durationMs / 1_000)
  }
}
