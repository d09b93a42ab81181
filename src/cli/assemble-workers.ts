import type { HandlerDefinition } from '../contracts/handler.ts'
import type { Logger } from '../contracts/logger.ts'
import type { Store } from '../contracts/store.ts'
import type { Policy } from '../core/policy/policy.ts'
import { isQueueCanaryError, QueueCanaryError } from '../errors.ts'
import type { ErrorCode } from '../errors.ts'
import { createWorker } from '../worker/worker.ts'
import type { Worker } from '../worker/worker.ts'
import type { Composition } from './compose.ts'
import { queuePrefix } from './environment-names.ts'
import type { QueueEnvironment } from './environment-queue.ts'
import type { Environment } from './environment.ts'
import type { Io } from './io.ts'
import { listed } from './listed.ts'
import { loadHandler } from './load-handler.ts'
import { metricProviders } from './metric-providers.ts'

export interface Assembly {
  readonly environment: Environment
  /** Of automatic rollouts, by queue. */
  readonly policies: ReadonlyMap<string, Policy>
  readonly io: Pick<Io, 'env'>
  readonly log: Logger
  readonly store: Store
  readonly composition: Composition
}

/** One worker of the process, for one queue. */
export interface CrewMember {
  readonly queue: string
  readonly worker: Worker
}

/** One worker per queue, nothing started. Rejects with every queue whose handler does not go with its settings. */
export function assembleWorkers(loaded: readonly Handlers[], assembly: Assembly): Promise<readonly CrewMember[]> {
  const assembled = loaded.map((handlers) =>
    assemble(handlers, assembly).catch((error: unknown) => {
      const { name } = handlers.queue
      throw isQueueCanaryError(error) ? new QueueCanaryError(error.code, `queue ${name}: ${error.message}`) : error
    }),
  )
  return allOrNone(assembled, 'ENVIRONMENT_INVALID', 'queues cannot be consumed')
}

/** A queue, and what handles its messages. */
export interface Handlers {
  readonly queue: QueueEnvironment
  readonly stable: HandlerDefinition
  readonly canary: HandlerDefinition | undefined
}

/** Rejects with every handler that cannot be used. */
export async function loadHandlers(queues: readonly QueueEnvironment[], cwd: string): Promise<readonly Handlers[]> {
  const loading = queues.map((queue) => loadBoth(queue, cwd))
  return allOrNone(loading, 'HANDLER_INVALID', 'handlers cannot be used')
}

/** Rejects with every reason, or with the first that nobody has foreseen. */
async function allOrNone<T>(all: readonly Promise<T>[], code: ErrorCode, what: string): Promise<readonly T[]> {
  const settled = await Promise.allSettled(all)
  const reasons = settled.flatMap((result) => (result.status === 'rejected' ? [result.reason] : []))
  const failures = reasons.map((reason: unknown) => {
    if (!isQueueCanaryError(reason)) throw reason
    return reason.message
  })
  if (failures.length > 0) throw new QueueCanaryError(code, listed(what, failures))
  return settled.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []))
}

async function loadBoth(queue: QueueEnvironment, cwd: string): Promise<Handlers> {
  const { name, handler, canary } = queue
  const prefix = queuePrefix(name)
  return {
    queue,
    stable: await loadHandler({ variable: `${prefix}HANDLER`, path: handler, cwd }),
    canary: canary && (await loadHandler({ variable: `${prefix}CANARY_HANDLER`, path: canary.handler, cwd })),
  }
}

async function assemble(
  { queue, ...handlers }: Handlers,
  { environment, policies, io, composition, store, log }: Assembly,
): Promise<CrewMember> {
  const policy = policies.get(queue.name)
  const { version, worker, namespace, whenRetired, drainTimeoutMs, metricsHosts } = environment
  // A canary of its own connection: what happens to its channel does not happen to the stable one.
  const canary = handlers.canary &&
    queue.canary && {
      version: queue.canary.version,
      handler: handlers.canary,
      broker: await composition.openBroker(queue, log),
    }
  log.info(
    { queue: queue.name, version, broker: queue.broker.kind, concurrency: queue.concurrency, canary: canary?.version },
    `queue ${queue.name}: version ${version}${canary === undefined ? '' : `, with ${canary.version} beside it`}`,
  )
  const member = createWorker({
    queue: queue.name,
    broker: await composition.openBroker(queue, log),
    store,
    handler: handlers.stable,
    version,
    namespace,
    concurrency: queue.concurrency,
    prefetch: queue.prefetch,
    batch: queue.batch,
    handlerTimeoutMs: queue.handlerTimeoutMs,
    maxAttempts: queue.maxAttempts,
    retryDelayMs: queue.retryDelayMs,
    outagePatienceMs: queue.outagePatienceMs,
    drainTimeoutMs,
    whenRetired,
    metrics: metricProviders(io.env, metricsHosts),
    clock: composition.clock,
    log,
    ...(canary && { canary }),
    ...(policy && { autoPolicy: policy }),
    ...(worker !== undefined && { workerId: worker }),
  })
  return { queue: queue.name, worker: member }
}
