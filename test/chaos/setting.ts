import type { WorkerOptions } from '../integration/support/worker-environment.ts'
import type { Moment } from './cell.ts'

/** A release that stays long enough at the moment for something to happen there. */
export interface Setting {
  readonly policy: object
  readonly stable: WorkerOptions
  readonly canary: WorkerOptions
}

/** Messages a second. */
export const rate = 100
export const weights = [20, 50] as const
export const leastSamples = 20
export const canaryConcurrency = 15
export const maxFailedMessages = 30
export const drainMs = 10_000
/** Of one step. */
export const stepMs = 4_000

/** A margin so wide that few messages prove a canary that fails none to be within it: what is looked at is what faults do. */
const analysis = { metrics: [{ name: 'failures', nonInferiorityMargin: { absolute: '20%', relative: '50%' } }] }

export function settingOf(moment: Moment): Setting {
  return {
    policy: {
      steps: weights.map((weight) => ({
        weight: `${weight}%`,
        concurrency: canaryConcurrency,
        duration: `${stepMs}ms`,
        minSamples: leastSamples,
      })),
      analysis,
      limits: { maxFailedMessages },
      drain: { timeout: `${drainMs}ms` },
      progressDeadline: '2m',
      promotion: { workers: 1, duration: moment === 'promoting' ? '4s' : '1s' },
    },
    stable: moment === 'draining' ? slow : quick,
    canary: canaryAt(moment),
  }
}

const quick: WorkerOptions = { handler: { delayMs: 20 } }
function canaryAt(moment: Moment): WorkerOptions {
  if (moment === 'rolling-back') return { handler: { failRate: 0.5, salt: 'chaos', slowMs: 3_000 } }
  return moment === 'draining-canary' ? { handler: { slowMs: 4_000 } } : quick
}

/** Takes a second, so that a drain takes one. */
const slow: WorkerOptions = { concurrency: 100, handler: { delayMs: 1_000 } }
