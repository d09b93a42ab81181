import type { Logger } from '../../contracts/logger.ts'
import { isQueueCanaryError, QueueCanaryError } from '../../errors.ts'
import { answerTo, startingSource } from '../../status/http/answer.ts'
import type { EndpointSource } from '../../status/http/answer.ts'
import { listen } from '../../status/http/listener.ts'
import type { Listener } from '../../status/http/listener.ts'
import { describeThrown } from '../../worker/describe-thrown.ts'
import type { HttpAddress } from '../environment-readers.ts'
import type { Environment } from '../environment.ts'
import { workerSource } from './worker-source.ts'
import type { WorkerSourceOptions } from './worker-source.ts'

/** The HTTP endpoints of a worker process. Until `show` they say that it is starting. */
export interface Endpoints {
  readonly show: (options: WorkerSourceOptions) => void
  readonly close: () => Promise<void>
}

/**
 * Listens. Rejects with `HTTP_ADDRESS_REFUSED` where the address was named and cannot be used. Several workers of one machine meet at the
 * address that nobody named: the first one has it, the others go on without endpoints and say so.
 */
export async function openEndpoints(http: Environment['http'], log: Logger): Promise<Endpoints> {
  if (http.kind === 'off') return withoutEndpoints
  let source: EndpointSource = startingSource
  const listener = await listenAt(http, log, {
    answer: (asked) => answerTo(asked, source),
    onError: (error) => log.error({ error: describeThrown(error) }, 'an HTTP request could not be answered'),
  })
  if (listener === undefined) return withoutEndpoints
  log.info({ url: listener.url }, `health, metrics and status at ${listener.url}`)
  return {
    show: (options) => void (source = workerSource(options)),
    close: () => listener.close(),
  }
}

async function listenAt(
  { host, port, isDefault }: HttpAddress & { readonly isDefault: boolean },
  log: Logger,
  callbacks: Pick<Parameters<typeof listen>[0], 'answer' | 'onError'>,
): Promise<Listener | undefined> {
  try {
    return await listen({ host, port, ...callbacks })
  } catch (error) {
    if (!isQueueCanaryError(error, 'HTTP_ADDRESS_REFUSED')) throw error
    if (!isDefault)
      throw new QueueCanaryError('HTTP_ADDRESS_REFUSED', `QUEUE_CANARY_HTTP: ${error.message}`, { cause: error })
    const text = 'this worker runs without HTTP endpoints; set QUEUE_CANARY_HTTP to an address of its own, or to off'
    log.warn({ why: error.message }, text)
    return undefined
  }
}

const withoutEndpoints: Endpoints = { show: () => {}, close: () => Promise.resolve() }
