import type { Draw } from './draw.ts'
import type { ExternalAnswer, MetricFile, PolicyFile } from './scenario.ts'

interface Asked {
  readonly external: ExternalAnswer | undefined
  /** A budget of failures drives the ramp, instead of steps. */
  readonly isBudgeted: boolean
  /** Several queues cannot step back together. */
  readonly isGroup: boolean
  /** That the canary is within a margin so wide that a few dozen messages are enough. */
  readonly asksProof: boolean
}

/** Short steps: a rollout of a minute has everything that one of a day has. */
export function drawPolicy(dice: Draw, { external, isBudgeted, isGroup, asksProof }: Asked): PolicyFile {
  const isBlueGreen = dice.chance(0.1)
  const ramp = isBlueGreen ? { strategy: 'blueGreen' } : { steps: drawSteps(dice) }
  const metrics = drawMetrics(dice, external).map((metric) => (asksProof ? withProof(metric) : metric))
  const isDriven = isBudgeted && metrics.some(({ name }) => name === 'failures')
  return {
    ...(isDriven ? { ramp: budgetedRamp } : ramp),
    analysis: { interval: '500ms', metrics },
    limits: { maxFailedMessages: dice.whole(2, 8), maxInFlight: dice.pick([2, 4, 50]) },
    onFailure: dice.pick(['rollback', 'rollback', 'pause', isGroup ? 'rollback' : 'stepBack']),
    onInsufficientData: dice.pick(['extend', 'extend', 'pause', 'rollback', 'promote']),
    progressDeadline: `${dice.whole(20, 36) + (asksProof ? 30 : 0)}s`,
    promotion: { workers: 1, duration: dice.pick(['300ms', '1s', '1500ms', '9s']) },
    drain: { timeout: `${dice.whole(1, 4)}s`, onTimeout: dice.pick(['handBack', 'wait']) },
  }
}

const budgetedRamp = { failureBudget: 4, minDuration: '2s', maxDuration: '12s' }

function drawSteps(dice: Draw): readonly object[] {
  const weights = dice.pick([[5, 50], [10], [20, 50], [50], [10, 30, 80]])
  const steps = weights.map((weight) => ({
    weight: `${weight}%`,
    ...(dice.chance(0.5) && { concurrency: dice.whole(1, 3) }),
    ...(dice.chance(0.15) && { delay: `${dice.whole(5, 100)}ms` }),
    duration: `${dice.whole(5, 30)}00ms`,
    minSamples: dice.whole(1, 8),
  }))
  return dice.chance(0.2) ? [...steps, { pause: { duration: '500ms' } }] : steps
}

const wideMargin = { absolute: '40%', relative: '50%' }

function withProof(metric: MetricFile): MetricFile {
  if (metric.name !== 'failures') return metric
  return { ...metric, promoteWithoutProof: false, nonInferiorityMargin: wideMargin }
}

function drawMetrics(dice: Draw, external: ExternalAnswer | undefined): readonly MetricFile[] {
  return [
    ...(dice.chance(0.75) ? [{ name: 'failures', promoteWithoutProof: dice.chance(0.9) }] : []),
    ...(dice.chance(0.2) ? [{ name: 'novel-errors', failureLimit: 1 }] : []),
    ...(dice.chance(0.2)
      ? [
          {
            name: 'failure-ceiling',
            measure: 'failureRate',
            thresholdRange: { max: '20%' },
            failureLimit: 1,
            interval: '1s',
          },
        ]
      : []),
    ...(external === undefined
      ? []
      : [
          {
            name: 'elsewhere',
            provider: { http: { url: 'http://figures.internal/value', jsonPath: '$.value', timeout: '1s' } },
            interval: '1s',
            thresholdRange: { max: 1 },
          },
        ]),
  ]
}
