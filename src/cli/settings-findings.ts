import type { Finding } from '../contracts/broker.ts'
import { attemptsInARow } from '../worker/retries.ts'
import type { QueueEnvironment } from './environment-queue.ts'
import { elapsed } from './view/text.ts'

export type QueueSettings = Pick<
  QueueEnvironment,
  'name' | 'broker' | 'concurrency' | 'prefetch' | 'handlerTimeoutMs' | 'maxAttempts' | 'retryDelayMs'
>

/** What the settings of a queue mean on its broker, as far as nobody has to be asked. */
export function settingsFindings(settings: QueueSettings): readonly Finding[] {
  const { broker, name } = settings
  const subject = `queue ${name}`
  if (broker.kind === 'memory') {
    const found = 'memory: keeps messages only while this process lives'
    return [{ level: 'warning', subject, found, mend: 'use RabbitMQ or SQS for messages that matter' }]
  }
  const { retryLater, ms, consequence } = holdLimits[broker.kind]
  const attempts = attemptsInARow({ ...settings, retryLater })
  const heldMs = heldFor(settings, attempts)
  if (heldMs < ms) return []
  const found = `a message may be held for ${elapsed(heldMs)}; ${consequence}`
  const retries = attempts > 1 ? ', or raise RETRY_DELAY to 1s' : ''
  return [{ level: 'warning', subject, found, mend: `lower HANDLER_TIMEOUT or PREFETCH${retries}` }]
}

/** For how long a broker lets a message be held. */
const holdLimits = {
  /** From then on the message, and all else that its consumer holds, is delivered again. */
  rabbitmq: {
    retryLater: 'noted',
    ms: 30 * 60_000,
    consequence: 'the broker takes it back at 30m unless consumer_timeout is raised',
  },
  /** Half an hour less than what SQS allows (`longestLeaseMs` of its adapter). */
  sqs: {
    retryLater: 'counted',
    ms: 11.5 * 3_600_000,
    consequence: 'SQS gives it to another consumer after 12h, whatever is done',
  },
} as const

/** While others run that were sent before it, and while it is handled itself; what waits for a retry at the broker is held by nobody. */
function heldFor({ prefetch, concurrency, handlerTimeoutMs }: QueueSettings, attempts: number): number {
  return handlerTimeoutMs * (Math.ceil(prefetch / concurrency) - 1 + attempts)
}
