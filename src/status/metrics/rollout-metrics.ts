import { Gauge } from 'prom-client'
import type { Registry } from 'prom-client'
import { verdicts } from '../../core/evidence/metric-state.ts'
import { phases } from '../../core/rollout/rollout.ts'
import type { QueueStatus } from '../queue-status.ts'

/** What the store tells of the queues: the same from every worker of a queue, so take `max by (queue, …)` of it. */
export function addRolloutMetrics(registry: Registry, statuses: readonly QueueStatus[]): void {
  addRollouts(registry, statuses)
  addWeights(registry, statuses)
  addAnalysis(registry, statuses)
}

function gauge(registry: Registry, name: string, help: string, labels: readonly string[]): Gauge {
  return new Gauge({ name, help, labelNames: ['queue', ...labels], registers: [registry] })
}

function addRollouts(registry: Registry, statuses: readonly QueueStatus[]): void {
  const phase = gauge(registry, 'queue_canary_rollout_phase', '1 for the phase of the newest rollout.', ['phase'])
  const info = gauge(registry, 'queue_canary_rollout_info', '1, with the versions of the newest rollout.', [
    'stable',
    'canary',
  ])
  const harmed = gauge(
    registry,
    'queue_canary_rollout_harmed_messages',
    'Messages whose first outcome on the canary was not success.',
    [],
  )
  for (const { queue, ...status } of statuses) {
    if (status.phase === null) continue
    for (const each of phases) phase.set({ queue, phase: each }, Number(each === status.phase))
    info.set({ queue, stable: status.stable.version, canary: status.canary?.version ?? '' }, 1)
    harmed.set({ queue }, status.harmed)
  }
}

/** Only while a step runs. */
function addWeights(registry: Registry, statuses: readonly QueueStatus[]): void {
  const step = gauge(registry, 'queue_canary_rollout_step', 'Index of the running step, from 0.', [])
  const steps = gauge(registry, 'queue_canary_rollout_steps', 'Steps of the policy.', [])
  const weight = gauge(
    registry,
    'queue_canary_weight_percent',
    "The canary's share of the messages in the running step, wanted and measured.",
    ['kind'],
  )
  for (const { queue, step: running } of statuses) {
    if (running === null) continue
    step.set({ queue }, running.index)
    steps.set({ queue }, running.of)
    const { target, measured } = running.weight
    weight.set({ queue, kind: 'target' }, target)
    if (measured !== null) weight.set({ queue, kind: 'measured' }, measured)
  }
}

function addAnalysis(registry: Registry, statuses: readonly QueueStatus[]): void {
  const verdict = gauge(registry, 'queue_canary_verdict', '1 for the newest verdict of the metric.', [
    'metric',
    'verdict',
  ])
  const value = gauge(registry, 'queue_canary_metric_value', 'The newest value of the metric, in its own unit.', [
    'metric',
  ])
  for (const { queue, analysis } of statuses)
    for (const { metric, verdict: found, value: measured } of analysis) {
      for (const each of verdicts) verdict.set({ queue, metric, verdict: each }, Number(each === found))
      if (measured !== null) value.set({ queue, metric }, measured)
    }
}
