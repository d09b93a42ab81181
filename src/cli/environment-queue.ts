import type { BatchSettings } from '../contracts/handler.ts'
import { describeValue } from '../core/schema/describe-problem.ts'
import { readQueueUrl } from '../../adapters/brokers/sqs/address.ts'
import { readHandBack } from './environment-hand-back.ts'
import { queuePrefix } from './environment-names.ts'
import type { BrokerSettings, HandBackSettings } from './environment-readers.ts'
import { problemLine, queueFields, readVariables, variable, variablePrefix } from './environment-variables.ts'
import type { Read, Variables } from './environment-variables.ts'

export interface QueueEnvironment {
  readonly name: string
  /** The queue's name on the broker. */
  readonly brokerName: string
  readonly broker: BrokerSettings
  /** Path of the handler module, as given. */
  readonly handler: string
  /** Solo mode: a canary in the same process. Its version differs from the worker's. */
  readonly canary: { readonly handler: string; readonly version: string } | undefined
  /** Path of the policy file of automatic rollouts, as given; undefined: the queue has none. */
  readonly policy: string | undefined
  readonly concurrency: number
  /** At least the concurrency. */
  readonly prefetch: number
  /** For a handler of batches; what is missing the handler says. */
  readonly batch: Partial<BatchSettings>
  readonly handlerTimeoutMs: number
  readonly maxAttempts: number
  readonly retryDelayMs: number
  readonly outagePatienceMs: number
  readonly handBack: HandBackSettings
}

export function readQueue(queue: string, env: Variables): Read<QueueEnvironment> {
  const prefix = queuePrefix(queue)
  const { value, problems } = readVariables(queueFields, (key) => variable(env, `${prefix}${key}`))
  const beside = [...canaryProblems(prefix, env), ...policyProblems(prefix, env)]
  if (value === undefined) return { value, problems: [...problems, ...beside] }
  const { CONCURRENCY: concurrency, PREFETCH: prefetch = 2 * concurrency } = value
  const [handler, version] = [value.CANARY_HANDLER, value.CANARY_VERSION]
  const handBack = readHandBack(value.HAND_BACK, value.URL, `${prefix}HAND_BACK`)
  const named = readQueueUrl(value.URL.url)?.name
  const resolved = {
    name: queue,
    brokerName: named ?? value.NAME ?? queue,
    broker: value.URL,
    handler: value.HANDLER,
    canary: handler === undefined || version === undefined ? undefined : { handler, version },
    policy: value.POLICY === 'off' ? undefined : value.POLICY?.path,
    concurrency,
    prefetch,
    batch: batchOf(value),
    handlerTimeoutMs: value.HANDLER_TIMEOUT,
    maxAttempts: value.MAX_ATTEMPTS,
    retryDelayMs: value.RETRY_DELAY,
    outagePatienceMs: value.OUTAGE_PATIENCE,
    handBack: handBack.value,
  }
  const found = [
    ...beside,
    ...prefetchProblems(prefix, { concurrency, prefetch }),
    ...nameProblems(prefix, value.NAME, named),
    ...handBack.problems,
  ]
  return { value: resolved, problems: found }
}

function prefetchProblems(
  prefix: string,
  { concurrency, prefetch }: Pick<QueueEnvironment, 'concurrency' | 'prefetch'>,
): readonly string[] {
  if (prefetch >= concurrency) return []
  return [problemLine(`${prefix}PREFETCH`, `at least the concurrency (${concurrency})`, `${prefetch}`)]
}

function batchOf({ BATCH_SIZE: size, BATCH_LINGER: lingerMs }: Batching): QueueEnvironment['batch'] {
  return { ...(size !== undefined && { size }), ...(lingerMs !== undefined && { lingerMs }) }
}

interface Batching {
  readonly BATCH_SIZE: number | undefined
  readonly BATCH_LINGER: number | undefined
}

/** Where the URL names the queue, another name would be a mistake in one of the two. */
function nameProblems(prefix: string, given: string | undefined, named: string | undefined): readonly string[] {
  if (named === undefined || given === undefined || given === named) return []
  return [problemLine(`${prefix}NAME`, 'no value, as the URL names the queue', describeValue(given))]
}

function policyProblems(prefix: string, env: Variables): readonly string[] {
  const policy = variable(env, `${prefix}POLICY`)
  const auto = variable(env, `${variablePrefix}AUTO`)
  if (auto.text !== 'on' || policy.text !== undefined) return []
  return [problemLine(policy.name, `a policy file, or off, beside ${auto.name}=on`, 'nothing')]
}

/** Looks at the texts, so that it speaks even when another variable of the queue is wrong. */
function canaryProblems(prefix: string, env: Variables): readonly string[] {
  const handler = variable(env, `${prefix}CANARY_HANDLER`)
  const version = variable(env, `${prefix}CANARY_VERSION`)
  const [given, missing] = handler.text === undefined ? [version, handler] : [handler, version]
  if (given.text !== undefined && missing.text === undefined) {
    return [problemLine(missing.name, `a value beside ${given.name}`, 'nothing')]
  }
  const own = variable(env, `${variablePrefix}VERSION`).text
  if (version.text === undefined || version.text !== own) return []
  return [problemLine(version.name, `a version other than ${variablePrefix}VERSION`, describeValue(own))]
}
