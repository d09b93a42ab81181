import type { Policy } from '../core/policy/policy.ts'

/** Why a policy cannot be simulated at all; empty where it can. */
export function notSimulated({ strategy }: Policy): readonly string[] {
  return strategy === 'rolling' ? ['strategy: rolling cannot be simulated in this release'] : []
}

/** What a simulation takes for granted of this policy, or leaves out, one sentence each. */
export function takenForGranted({ analysis, ramp, steps, webhooks, freeze }: Policy): readonly string[] {
  return [
    ...analysis.metrics.flatMap((metric) => {
      if (metric.kind === 'external') return [`${metric.name}: taken to be within its bounds`]
      if (metric.kind === 'novel-errors') return [`${metric.name}: errors have no classes here, so it finds none`]
      const isStill = metric.kind === 'failure-ceiling' && stillMeasures.includes(metric.measure)
      return isStill ? [`${metric.name}: ${metric.measure} does not change here`] : []
    }),
    ...(steps.some(({ kind, durationMs }) => kind === 'pause' && durationMs === undefined)
      ? ['a pause without a duration is ended at once, as by `promote`']
      : []),
    ...(ramp === undefined ? [] : ['there is no plan: the evidence moves the weight of a ramp, not the clock']),
    ...(freeze.length === 0 ? [] : ['no freeze holds: there are no days here']),
    ...(webhooks.length === 0 ? [] : ['webhooks are not called']),
  ]
}

const stillMeasures: readonly string[] = ['timeouts', 'deadLetters', 'backlog', 'oldestAge', 'eventLoopDelay']
