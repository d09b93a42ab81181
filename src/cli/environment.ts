import { peek } from '../core/schema/reader.ts'
import { sharedBrokerQueues } from './environment-claims.ts'
import { nameCollisions, unknownVariables } from './environment-names.ts'
import { readQueue } from './environment-queue.ts'
import type { QueueEnvironment } from './environment-queue.ts'
import { httpReader, queueNamesReader } from './environment-readers.ts'
import type { AllowedHost, HttpSettings, StoreSettings } from './environment-readers.ts'
import {
  defaultHttp,
  placeFields,
  processFields,
  readVariables,
  variable,
  variablePrefix,
} from './environment-variables.ts'
import type { LogLevel, Variable, Variables } from './environment-variables.ts'

/** What a worker is to run: the environment, resolved. */
export interface Environment extends RecordsPlace {
  readonly version: string
  /** undefined: the worker makes one up. */
  readonly worker: string | undefined
  /** Versions that are new to the store start rollouts by themselves. */
  readonly auto: boolean
  readonly whenRetired: 'exit' | 'idle'
  readonly logLevel: LogLevel
  /** From SIGTERM until messages in flight are given up. */
  readonly drainTimeoutMs: number
  /** `isDefault`: nobody named the address. */
  readonly http: HttpSettings & { readonly isDefault: boolean }
  /** The only hosts that external metrics may be asked of; undefined: any. */
  readonly metricsHosts: readonly AllowedHost[] | undefined
  /** At least one; their names are unique. */
  readonly queues: readonly QueueEnvironment[]
}

/** Where the records of a deployment are. */
export interface RecordsPlace {
  readonly store: StoreSettings
  readonly namespace: string
}

/** Options of the command line that win over the environment. */
export interface PlaceOverrides {
  readonly store?: string | undefined
  readonly namespace?: string | undefined
}

interface Problems {
  readonly ok: false
  /** Lines for people: `QUEUE_CANARY_STORE: expected …, found …`. Never a secret. */
  readonly problems: readonly string[]
}

/** Reads everything that a worker needs. Reports every problem at once. */
export function parseEnvironment(
  env: Variables,
  overrides: PlaceOverrides = {},
): { readonly ok: true; readonly environment: Environment } | Problems {
  const general = readVariables(processFields, finder(env, overrides))
  const names = peek(queueNamesReader(), variable(env, `${variablePrefix}QUEUES`).text) ?? []
  const queues = names.map((name) => readQueue(name, env))
  const found = queues.flatMap(({ value }) => value ?? [])
  const problems = [
    ...general.problems,
    ...nameCollisions(names),
    ...queues.flatMap((queue) => queue.problems),
    ...sharedBrokerQueues(found),
    ...unknownVariables(env, names),
  ]
  if (general.value === undefined || problems.length > 0) return { ok: false, problems: [...new Set(problems)] }
  const { VERSION, WORKER, STORE, NAMESPACE, WHEN_RETIRED, LOG_LEVEL, DRAIN_TIMEOUT } = general.value
  const { HTTP, METRICS_HOSTS, AUTO } = general.value
  const environment = {
    version: VERSION,
    worker: WORKER,
    store: STORE,
    namespace: NAMESPACE,
    auto: AUTO === 'on',
    whenRetired: WHEN_RETIRED,
    logLevel: LOG_LEVEL,
    drainTimeoutMs: DRAIN_TIMEOUT,
    http: { ...(HTTP ?? httpByDefault), isDefault: HTTP === undefined },
    metricsHosts: METRICS_HOSTS,
    queues: found,
  }
  return { ok: true, environment }
}

/** Reads what a command needs that only looks at records. Other variables do not matter to it. */
export function parseStoreSettings(
  env: Variables,
  overrides: PlaceOverrides = {},
): { readonly ok: true; readonly place: RecordsPlace } | Problems {
  const { value, problems } = readVariables(placeFields, finder(env, overrides))
  return value === undefined
    ? { ok: false, problems }
    : { ok: true, place: { store: value.STORE, namespace: value.NAMESPACE } }
}

const httpByDefault: HttpSettings = peek(httpReader(), defaultHttp) ?? { kind: 'off' }

function finder(env: Variables, overrides: PlaceOverrides) {
  return (key: string): Variable => {
    if (key === 'STORE' && overrides.store !== undefined) return { name: '--store', text: overrides.store }
    if (key === 'NAMESPACE' && overrides.namespace !== undefined)
      return { name: '--namespace', text: overrides.namespace }
    return variable(env, `${variablePrefix}${key}`)
  }
}
