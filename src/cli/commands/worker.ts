import type { Logger } from '../../contracts/logger.ts'
import { QueueCanaryError } from '../../errors.ts'
import { assembleWorkers, loadHandlers } from '../assemble-workers.ts'
import type { Assembly } from '../assemble-workers.ts'
import { automaticPolicies } from '../automatic-policies.ts'
import type { Place } from '../command.ts'
import type { Composition } from '../compose.ts'
import { parseEnvironment } from '../environment.ts'
import type { Environment } from '../environment.ts'
import { exitCodes } from '../exit-codes.ts'
import type { Endpoints } from '../http/endpoints.ts'
import type { Io } from '../io.ts'
import { listed } from '../listed.ts'
import { createProcessLog } from '../logger.ts'
import { runCrew, whenAborted } from '../run-crew.ts'

/** Runs the consumers of the environment until they are drained, retired or broken. */
export async function workerCommand(place: Place, io: Io, composition: Composition): Promise<number> {
  const environment = environmentOf(io, place)
  const policies = await automaticPolicies(environment, io.cwd)
  const { log, flush } = createProcessLog(environment.logLevel)
  try {
    const endpoints = await openEndpoints(environment.http, log)
    try {
      return await work({ environment, policies, endpoints, log, io, composition })
    } finally {
      await endpoints.close()
    }
  } finally {
    flush()
  }
}

interface Work {
  readonly environment: Environment
  readonly policies: Assembly['policies']
  readonly endpoints: Endpoints
  readonly log: Logger
  readonly io: Io
  readonly composition: Composition
}

async function work({ environment, policies, endpoints, log, io, composition }: Work): Promise<number> {
  const { clock } = composition
  const store = await composition.openStore(environment.store)
  try {
    const handlers = await unlessAborted(io.signal, loadHandlers(environment.queues, io.cwd))
    if (handlers === undefined) {
      log.info({}, 'told to end before the handlers were loaded: nothing was begun')
      return exitCodes.done
    }
    const crew = await assembleWorkers(handlers, { environment, policies, io, log, store, composition })
    endpoints.show({ crew, store, namespace: environment.namespace, clock })
    const { broken } = await runCrew(crew, io, { log, clock })
    return broken ? exitCodes.unexpected : exitCodes.done
  } finally {
    await store.close()
  }
}

/** undefined where the signal came first. */
function unlessAborted<T>(signal: AbortSignal, promise: Promise<T>): Promise<T | undefined> {
  const { promise: aborted, resolve } = Promise.withResolvers<undefined>()
  whenAborted(signal, () => resolve(undefined))
  return Promise.race([aborted, promise])
}

/** prom-client is loaded where something listens. */
async function openEndpoints(http: Environment['http'], log: Logger): Promise<Endpoints> {
  const { openEndpoints: open } = await import('../http/endpoints.ts')
  return open(http, log)
}

function environmentOf(io: Io, place: Place): Environment {
  const parsed = parseEnvironment(io.env, place)
  if (parsed.ok) return parsed.environment
  throw new QueueCanaryError('ENVIRONMENT_INVALID', listed('the environment describes no worker', parsed.problems))
}
