import { randomBytes } from 'node:crypto'
import { hostname } from 'node:os'
import type { Broker } from '../contracts/broker.ts'
import type { Clock } from '../contracts/clock.ts'
import type { BatchSettings, Handler, HandlerDefinition } from '../contracts/handler.ts'
import type { Logger } from '../contracts/logger.ts'
import type { OpenMetricProvider } from '../contracts/metric-provider.ts'
import type { Store } from '../contracts/store.ts'
import type { Policy } from '../core/policy/policy.ts'
import type { ConsumerState } from '../core/rollout/consumer-report.ts'
import { versionProblems } from '../core/version.ts'
import { QueueCanaryError } from '../errors.ts'
import { policyDigest } from '../policy-digest.ts'
import type { PinnedPolicy } from './automatic-start.ts'
import type { ConsumerLimits } from './consumer-options.ts'
import { batchProblems, lingerProblems } from './batch-settings.ts'
import { normaliseHandler } from './define-handler.ts'
import { systemClock } from './system-clock.ts'

export interface WorkerOptions<T = unknown, C = T> {
  /** Names the queue's records in the store. Workers of one queue agree on it, and on the store and the namespace. */
  readonly queue: string
  /** The worker closes it when it ends. */
  readonly broker: Broker
  /** Shared with whoever else uses it; never closed by the worker. */
  readonly store: Store
  readonly handler: Handler<T>
  /** Identity of the handler's code: a git sha, a release number. Printable ASCII without spaces. Never ordered. */
  readonly version: string
  /** Solo mode: the next version, hosted in this process too. @default its broker is the worker's */
  readonly canary?: { readonly handler: Handler<C>; readonly version: string; readonly broker?: Broker }
  /** Separates environments on one store. @default 'default' */
  readonly namespace?: string
  /** @default host name and process id */
  readonly workerId?: string
  /** Handlers at a time of one consumer in charge. @default 10 */
  readonly concurrency?: number
  /** Deliveries at a time, those that wait for a handler included. @default 2 x concurrency */
  readonly prefetch?: number
  /** Then the handler's signal aborts and its message counts as timed out. @default 30_000 */
  readonly handlerTimeoutMs?: number
  /** Then the message is dead-lettered. @default 5 */
  readonly maxAttempts?: number
  /** Before the second attempt; doubles with each further one, with full jitter. @default 1_000 */
  readonly retryDelayMs?: number
  /**
   * While every message fails, as in an outage of what handlers need, messages are tried again beyond `maxAttempts`, for so long at most. 0:
   * never. A message with one attempt (`maxAttempts: 1`) has no other. @default 120_000
   */
  readonly outagePatienceMs?: number
  /** For a handler of batches, over what the handler says. @default what the handler says, else 10 messages and 50 ms */
  readonly batch?: Partial<BatchSettings>
  /** @default 300_000 */
  readonly warmUpTimeoutMs?: number
  /** Within this time a drain ends, whatever answers. @default 25_000 */
  readonly drainTimeoutMs?: number
  /** What a consumer of a retired version does: end, or wait for a new rollout of its version. @default 'exit' */
  readonly whenRetired?: 'exit' | 'idle'
  /** A version that is new to the store starts a rollout by itself, by this policy. @default none: somebody has to start it */
  readonly autoPolicy?: Policy
  /** Loads the provider of an external metric. @default none: an external metric of a policy is then an error, and no success */
  readonly metrics?: OpenMetricProvider
  /** @default the system's */
  readonly clock?: Clock
  /** @default none */
  readonly log?: Logger
  /** Called with every change of a consumer's state. Must not throw. */
  readonly onState?: (change: StateChange) => void
  /** A number in [0, 1), for jitter. @default Math.random */
  readonly random?: () => number
  /** A short unique id. @default eight random hexadecimal digits */
  readonly newId?: () => string
}

export interface StateChange {
  readonly consumer: string
  readonly version: string
  readonly state: ConsumerState
}

/** One version that the worker hosts. */
export interface HostedVersion {
  readonly version: string
  readonly handler: HandlerDefinition
  readonly broker: Broker
}

export interface ResolvedOptions {
  readonly queue: string
  readonly namespace: string
  readonly workerId: string
  readonly store: Store
  readonly hosted: readonly HostedVersion[]
  readonly limits: ConsumerLimits
  readonly batch: Partial<BatchSettings>
  readonly whenRetired: 'exit' | 'idle'
  readonly automatic: PinnedPolicy | undefined
  readonly metrics: OpenMetricProvider | undefined
  readonly clock: Clock
  readonly log: Logger
  readonly onState: (change: StateChange) => void
  readonly random: () => number
  readonly newId: () => string
}

/** Fills in the defaults. Throws `USAGE` with everything that is wrong, and `HANDLER_INVALID`. */
export function resolveOptions<T, C>(options: WorkerOptions<T, C>): ResolvedOptions {
  const { namespace = 'default', whenRetired = 'exit', batch = {}, autoPolicy } = options
  const limits = limitsOf(options)
  refuse([...wrongNames(options, namespace), ...wrongLimits(limits), ...batchProblems(batch)])
  const hosted = hostedVersions(options)
  refuse([...new Set(hosted.flatMap(({ handler }) => lingerProblems(handler, batch, limits.handlerTimeoutMs)))])
  return {
    queue: options.queue,
    namespace,
    workerId: options.workerId ?? `${hostname()}-${process.pid}`,
    store: options.store,
    hosted,
    limits,
    batch,
    whenRetired,
    automatic: autoPolicy && { policy: autoPolicy, digest: policyDigest(autoPolicy) },
    metrics: options.metrics,
    ...surroundingsOf(options),
  }
}

function surroundingsOf<T, C>(options: WorkerOptions<T, C>) {
  const { clock = systemClock(), log = silent, onState = nothing, random = Math.random } = options
  return { clock, log, onState, random, newId: options.newId ?? (() => randomBytes(4).toString('hex')) }
}

function limitsOf<T, C>(options: WorkerOptions<T, C>): ConsumerLimits {
  const { concurrency = 10 } = options
  return {
    concurrency,
    prefetch: options.prefetch ?? 2 * concurrency,
    handlerTimeoutMs: options.handlerTimeoutMs ?? 30_000,
    maxAttempts: options.maxAttempts ?? 5,
    retryDelayMs: options.retryDelayMs ?? 1_000,
    outagePatienceMs: options.outagePatienceMs ?? 120_000,
    warmUpTimeoutMs: options.warmUpTimeoutMs ?? 300_000,
    drainTimeoutMs: options.drainTimeoutMs ?? 25_000,
  }
}

function hostedVersions<T, C>({ version, handler, broker, canary }: WorkerOptions<T, C>): readonly HostedVersion[] {
  const first = { version, handler: normaliseHandler(handler), broker }
  if (canary === undefined) return [first]
  const second = { version: canary.version, handler: normaliseHandler(canary.handler), broker: canary.broker ?? broker }
  return [first, second]
}

function wrongNames<T, C>({ queue, version, canary }: WorkerOptions<T, C>, namespace: string): readonly string[] {
  const empty = Object.entries({ queue, namespace }).filter(([, value]) => typeof value !== 'string' || value === '')
  return [
    ...empty.map(([name]) => `${name}: expected a name that is not empty`),
    ...versionProblems('version', version),
    ...(canary === undefined ? [] : wrongCanary(canary.version, version)),
  ]
}

function wrongCanary(canary: string, version: string): readonly string[] {
  if (canary === version) return ["canary.version: expected another version than the worker's own"]
  return versionProblems('canary.version', canary)
}

function wrongLimits(limits: ConsumerLimits): string[] {
  return Object.entries(limits).flatMap(([name, value]) => {
    if ((name === 'retryDelayMs' || name === 'outagePatienceMs') && value === 0) return []
    if (name.endsWith('Ms'))
      return Number.isFinite(value) && value > 0 ? [] : [`${name}: expected milliseconds above 0, found ${value}`]
    return Number.isInteger(value) && value >= 1 && value <= 65_535
      ? []
      : [`${name}: expected a whole number from 1 to 65535, found ${value}`]
  })
}

function refuse(problems: readonly string[]): void {
  if (problems.length > 0) throw new QueueCanaryError('USAGE', `the worker's options are wrong: ${problems.join('; ')}`)
}

const nothing = (): void => undefined
const silent: Logger = { debug: nothing, info: nothing, warn: nothing, error: nothing }
