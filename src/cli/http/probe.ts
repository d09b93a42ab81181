import { peek } from '../../core/schema/reader.ts'
import { httpReader } from '../environment-readers.ts'
import { defaultHttp } from '../environment-variables.ts'

const deadlineMs = 3_000

/** What an endpoint of the worker beside us answers to `GET path`, where `address` is the value of `QUEUE_CANARY_HTTP`. */
export async function probe(address: string = defaultHttp, path = '/healthz'): Promise<Probed> {
  const http = peek(httpReader(), address)
  if (http === undefined || (http.kind === 'listen' && http.port === 0))
    return { ok: false, text: 'QUEUE_CANARY_HTTP: expected off or an address with a fixed port' }
  if (http.kind === 'off') return { ok: true, text: 'QUEUE_CANARY_HTTP is off: there is nothing to ask' }
  try {
    const signal = AbortSignal.timeout(deadlineMs)
    const answer = await fetch(`http://${reachable(http.host)}:${http.port}${path}`, { signal, redirect: 'manual' })
    return { ok: answer.ok, text: (await answer.text()).trim() }
  } catch (error) {
    return { ok: false, text: `${path} was not answered: ${error instanceof Error ? error.message : 'no error'}` }
  }
}

export interface Probed {
  readonly ok: boolean
  readonly text: string
}

/** Who listens on every address is asked on the loopback one. */
function reachable(host: string): string {
  if (host === '0.0.0.0') return '127.0.0.1'
  if (host === '::') return '[::1]'
  return host.includes(':') ? `[${host}]` : host
}
