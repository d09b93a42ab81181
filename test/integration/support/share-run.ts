import { expect } from 'vitest'
import type { QueueStatus } from '../../../src/status/queue-status.ts'
import { ledgerTime } from '../../support/ledger.ts'
import { shareIn } from '../../support/ledger-check.ts'
import type { Share, Window } from '../../support/ledger-check.ts'
import type { Stage } from './stage.ts'

export interface Regime {
  /** Messages per second; undefined: a backlog. */
  readonly perSecond: number | undefined
  /** Of each step. */
  readonly seconds: number
  /** Messages of the backlog. @default as many as RabbitMQ can have taken by then */
  readonly backlog?: number
  readonly weights: readonly number[]
}

export interface StepShare extends Share {
  readonly weight: number
  /** Messages of the step per millisecond. */
  readonly perMs: number
}

/** The relative distance from the target that is allowed once this many messages have passed in a step. */
const tolerance = 0.1
const settled = 1_000
/** Neither slots nor a small failure budget are to be what bounds the share here: both bound what is in flight. */
const slots = 100
const limits = { maxFailedMessages: 1_000, maxInFlight: slots }

/** The stable workers keep up with 2,000 messages a second, with room to spare. */
const onTraffic = { concurrency: 10, handler: { delayMs: 5 } }
/** They never keep up, and leave the machine room for a canary that does as much again. */
const onBacklog = { concurrency: 5, handler: { delayMs: 10 } }

/** Ramps through the weights, two stable workers beside one canary, and measures each step from the ledger alone. */
export async function measureShares(
  stage: Stage,
  { perSecond, seconds, weights, backlog = 5_000 + 2_000 * seconds * weights.length }: Regime,
): Promise<readonly StepShare[]> {
  const settings = perSecond === undefined ? onBacklog : onTraffic
  await stage.worker('v1', { name: 'v1-a', ...settings })
  await stage.worker('v1', { name: 'v1-b', ...settings })
  await stage.worker('v2', { ...settings, concurrency: slots })
  if (perSecond === undefined) await stage.publisher.backlog(backlog)
  const stream = perSecond === undefined ? undefined : stage.publisher.stream(perSecond)

  const steps = weights.map((weight) => ({ weight: `${weight}%`, duration: `${seconds}s` }))
  const rollout = stage.start(
    'v2',
    { steps: [...steps, { pause: {} }], limits, analysis: { metrics: [] } },
    '--exit-on-pause',
  )
  await rollout.exitsWith(4, 1_000 * (seconds * weights.length + 60))
  await stream?.stop()
  if (stream === undefined) expect((await stage.queues.depths()).queue).toBeGreaterThan(0)

  const events = stage.ledger()
  const { history } = await stage.status()
  return weights.map((weight, index) => {
    const window = windowOf(history, index)
    const share = shareIn(events, { version: 'v2', target: weight, window, settled })
    return { weight, perMs: share.total / (window.to - window.from), ...share }
  })
}

/**
 * What is off, in words; empty when the share was within the tolerance at the end of each step. One message more or less is always within: of
 * 1,000 messages at 1 %, one is 10 %. With `stallMs`, also at every moment since the first 1,000 messages, up to what passes while the machine lets
 * the coordinator wait for so long: that needs a machine that does nothing else.
 */
export function offTarget(
  shares: readonly StepShare[],
  { stallMs }: { readonly stallMs?: number } = {},
): readonly string[] {
  return shares.flatMap(({ weight, total, share, worst, perMs }) => {
    const off = (measured: number, messages: number, stall = 0): boolean =>
      !(Math.abs(measured - weight) <= tolerance * weight + (100 + weight * perMs * stall) / messages)
    return [
      ...(total < settled ? [`only ${total} messages passed at ${weight} %`] : []),
      ...(off(share, total) ? [`${share} % instead of ${weight} % of ${total} messages`] : []),
      ...(stallMs !== undefined && worst.at > 0 && off(worst.share, worst.at, stallMs)
        ? [`${worst.share} % instead of ${weight} % after ${worst.at} messages`]
        : []),
    ]
  })
}

export function shareTable(title: string, shares: readonly StepShare[]): string {
  const rows = shares.map(
    ({ weight, share, total, worst }) =>
      `${weight} %: ${share.toFixed(2)} % of ${total} (worst after ${settled}: ${worst.share.toFixed(2)} % at ${worst.at})`,
  )
  return `share, ${title}: ${rows.join('; ')}`
}

function windowOf(history: QueueStatus['history'], step: number): Window {
  const from = history.find((entry) => entry.phase === 'Progressing' && entry.step === step)
  const to = history.find((entry) => entry.step > step)
  return { from: ledgerTime(from?.at ?? Number.NaN), to: ledgerTime(to?.at ?? Number.NaN) }
}
