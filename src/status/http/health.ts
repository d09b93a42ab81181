import { isLinked } from '../../contracts/broker.ts'
import type { ConsumerReport } from '../../core/rollout/consumer-report.ts'

/** What one worker of this process hosts for its queue, as it is now. */
export interface HostedQueue {
  readonly queue: string
  /** The worker's own version first; in solo mode the canary beside it follows. */
  readonly reports: readonly ConsumerReport[]
  /** How the worker has ended; undefined while it runs. */
  readonly ended: 'retired' | 'drained' | 'stopped' | 'failed' | undefined
}

export interface Condition {
  readonly ok: boolean
  /** One line each; empty where all is well. */
  readonly problems: readonly string[]
}

/**
 * Whether starting the process anew would help: a worker has failed, or handlers that do not end hold every slot of its own version. A
 * canary beside it is left out: the version in charge is not to be restarted for it.
 */
export function healthOf(queues: readonly HostedQueue[]): Condition {
  return condition(
    queues.flatMap(({ queue, reports, ended }) => {
      if (ended === 'failed') return [`queue ${queue}: its worker has failed`]
      const own = reports[0]
      const stuck = own !== undefined && own.state !== 'gone' && own.stuck > 0 && own.stuck >= own.capacity
      return stuck ? [`${named(queue, own)}: all ${own.stuck} slots are held by handlers that do not end`] : []
    }),
  )
}

/**
 * Whether every consumer is warmed up, linked to its queue and not about to leave. One that waits for a rollout is ready; one that is
 * retired for good is none any more.
 */
export function readinessOf(queues: readonly HostedQueue[]): Condition {
  const staying = queues.filter(({ ended }) => ended !== 'retired')
  const problems = staying.flatMap(({ queue, reports, ended }) => {
    if (ended !== undefined) return [`queue ${queue}: its worker has ended (${ended})`]
    const present = reports.filter(({ state }) => state !== 'gone')
    if (present.length === 0) return [`queue ${queue}: no consumer is left`]
    return present.filter((report) => !isReady(report)).map((report) => `${named(queue, report)}: ${lack(report)}`)
  })
  return condition(staying.length === 0 ? ['no consumer is left'] : problems)
}

function isReady({ state, link }: ConsumerReport): boolean {
  return state === 'ready' && isLinked(link)
}

function lack({ state, link, linkReason }: ConsumerReport): string {
  const why = linkReason === undefined ? '' : ` (${linkReason})`
  return `${state}, link ${link}${why}`
}

function named(queue: string, { version }: ConsumerReport): string {
  return `queue ${queue}, version ${version}`
}

function condition(problems: readonly string[]): Condition {
  return { ok: problems.length === 0, problems }
}
