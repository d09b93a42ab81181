import { isQueueCanaryError, QueueCanaryError } from '../../errors.ts'
import type { QueueEntry } from '../queue-status.ts'
import type { Condition } from './health.ts'

/** What the endpoints tell of this process. Each method may reject; the caller is then told no more than the error's code. */
export interface EndpointSource {
  readonly health: () => Condition
  readonly readiness: () => Condition
  /** The text that Prometheus reads. Ends within a deadline, whether or not the store answers. */
  readonly metrics: () => Promise<{ readonly contentType: string; readonly text: string }>
  /** The queues of this worker, or only this one if it is one of them. Rejects with the store's error, or with `TIMED_OUT`. */
  readonly status: (queue?: string) => Promise<readonly QueueEntry[]>
}

/** The first line of a request. */
export interface Asked {
  readonly method: string
  readonly target: string
}

export interface Answer {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

/** Answers one request; rejects only with what is a defect. Nothing but GET and HEAD: these endpoints change nothing. */
export async function answerTo({ method, target }: Asked, source: EndpointSource): Promise<Answer> {
  if (method !== 'GET' && method !== 'HEAD') return { ...text(405, 'only GET and HEAD'), headers: allowed }
  if (target.length > longestTarget) return text(414, `expected at most ${longestTarget} characters`)
  const [path = '', query = ''] = target.split(/\?(.*)/s)
  const endpoint = endpoints.get(path)
  if (endpoint === undefined) return text(404, `expected one of ${[...endpoints.keys()].join(', ')}`)
  return endpoint(source, new URLSearchParams(query))
}

/** For a process that listens already and is still being put together. */
export const startingSource: EndpointSource = {
  health: () => ({ ok: true, problems: [] }),
  readiness: () => ({ ok: false, problems: ['the worker is starting'] }),
  metrics: () => Promise.reject(new QueueCanaryError('TIMED_OUT', 'the worker is starting')),
  status: () => Promise.reject(new QueueCanaryError('TIMED_OUT', 'the worker is starting')),
}

/** A line of text for people. */
export function text(status: number, body: string): Answer {
  return { status, headers: { 'content-type': 'text/plain; charset=utf-8' }, body: `${body}\n` }
}

type Endpoint = (source: EndpointSource, query: URLSearchParams) => Answer | Promise<Answer>

const longestTarget = 2_048
const allowed = { allow: 'GET, HEAD', 'content-type': 'text/plain; charset=utf-8' }

const endpoints: ReadonlyMap<string, Endpoint> = new Map<string, Endpoint>([
  ['/healthz', (source) => conditionAnswer(source.health())],
  ['/readyz', (source) => conditionAnswer(source.readiness())],
  ['/metrics', metricsAnswer],
  ['/status', statusAnswer],
])

function conditionAnswer({ ok, problems }: Condition): Answer {
  return ok ? text(200, 'ok') : text(503, problems.join('\n'))
}

async function metricsAnswer(source: EndpointSource): Promise<Answer> {
  try {
    const { contentType, text: body } = await source.metrics()
    return { status: 200, headers: { 'content-type': contentType }, body }
  } catch (error) {
    if (!isQueueCanaryError(error)) throw error
    return text(503, error.message)
  }
}

/** Every queue of the worker, or with `?queue=` that one, as `status --json` prints them. */
async function statusAnswer(source: EndpointSource, query: URLSearchParams): Promise<Answer> {
  const wanted = query.get('queue') ?? undefined
  try {
    const entries = await source.status(wanted)
    return wanted === undefined ? json(200, entries) : entryAnswer(entries[0])
  } catch (error) {
    if (!isQueueCanaryError(error)) throw error
    return problem(503, error.code, error.message)
  }
}

function entryAnswer(entry: QueueEntry | undefined): Answer {
  if (entry === undefined)
    return problem(404, 'NOT_FOUND', 'this worker has no such queue, or it is not registered yet')
  return 'error' in entry ? problem(503, entry.error.code, entry.error.message) : json(200, entry)
}

function problem(status: number, code: string, message: string): Answer {
  return json(status, { error: { code, message } })
}

function json(status: number, value: unknown): Answer {
  return {
    status,
    headers: { 'content-type': 'application/json; charset=utf-8' },
    body: `${JSON.stringify(value)}\n`,
  }
}
