import type { Clock } from '../../contracts/clock.ts'
import { parsePolicy } from '../../core/policy/parse-policy.ts'
import type { Policy } from '../../core/policy/policy.ts'
import type { QueueStatus } from '../../status/queue-status.ts'
import { beginRollout } from '../begin-rollout.ts'
import { openDisplay } from '../display.ts'
import { exitCodeOfPhase } from '../exit-codes.ts'
import { follow } from '../follow.ts'
import type { Io } from '../io.ts'
import type { QueueView } from '../queue-view.ts'

/** How fast the story is told. */
export interface Pace {
  readonly ratePerSecond: number
  readonly handlerMs: number
  readonly good: Policy
  readonly bad: Policy
  /** Then an act that has not ended has failed. */
  readonly actDeadlineMs: number
}

/** A look is short, so that evidence can be watched as it grows. */
const analysis = { interval: '500ms' }

/** Less than half a minute in all. */
export const demoPace: Pace = {
  ratePerSecond: 200,
  handlerMs: 5,
  good: policyOf({
    steps: [
      { weight: '5%', duration: '3s', concurrency: 2 },
      { weight: '25%', duration: '3s' },
      { weight: '50%', duration: '3s' },
    ],
    analysis,
    promotion: { workers: 1, duration: '1s' },
    drain: { timeout: '5s' },
    progressDeadline: '20s',
  }),
  bad: policyOf({
    steps: [
      { weight: '20%', duration: '5s' },
      { weight: '50%', duration: '5s' },
    ],
    analysis,
    limits: { maxFailedMessages: 10 },
    promotion: { workers: 1, duration: '1s' },
    drain: { timeout: '5s' },
    progressDeadline: '20s',
  }),
  actDeadlineMs: 20_000,
}

export function policyOf(content: object): Policy {
  const parsed = parsePolicy(content)
  if (parsed.ok) return parsed.policy
  throw new Error(`the policy of the demo is not valid: ${JSON.stringify(parsed.problems)}`)
}

export interface Act {
  readonly view: QueueView
  readonly clock: Clock
  readonly io: Io
  readonly canary: string
  readonly policy: Policy
  readonly deadlineMs: number
}

export interface Played {
  /** At the end of the rollout. */
  readonly status: QueueStatus
  /** The share of the last running step when it was last looked at. */
  readonly lastShare: number | null
  /** Evidence against the version, at each look that changed it. */
  readonly evidence: readonly number[]
}

/** Releases a version and shows it until its rollout ends. Resolves to undefined when it was interrupted or too slow. */
export async function play({ view, clock, io, canary, policy, deadlineMs }: Act): Promise<Played | undefined> {
  const rollout = await beginRollout(view, clock, () => ({ canary, policy, force: false }))
  const display = openDisplay(io, false)
  let lastShare: number | null = null
  const evidence: number[] = []
  try {
    const followed = await follow({
      read: view.read,
      onValue: (status) => {
        lastShare = status.step?.weight.measured ?? lastShare
        const found = status.analysis.find(({ metric }) => metric === 'failures')?.statistic ?? 1
        if (found !== (evidence.at(-1) ?? 1)) evidence.push(found)
        display.show([status])
      },
      isOver: (status) => status.rollout === rollout && exitCodeOfPhase(status.phase, false) !== undefined,
      clock,
      everyMs: Math.min(200, display.everyMs),
      timeoutMs: deadlineMs,
      signal: io.signal,
    })
    return followed.kind === 'over' ? { status: followed.value, lastShare, evidence } : undefined
  } finally {
    display.close()
  }
}
