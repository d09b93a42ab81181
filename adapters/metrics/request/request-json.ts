import { request as requestHttp } from 'node:http'
import type { IncomingMessage, RequestOptions } from 'node:http'
import { request as requestHttps } from 'node:https'
import { checkHost, guardedLookup } from './address-rules.ts'
import type { AskingOptions } from './asking-options.ts'
import { reasonOf } from './failures.ts'
import { readText } from './read-text.ts'

export interface JsonRequest {
  readonly url: URL
  /** Sent with POST as a form; undefined: GET. */
  readonly form?: URLSearchParams
}

export type JsonAnswer =
  | { readonly kind: 'document'; readonly document: unknown }
  | { readonly kind: 'noData'; readonly why: string }
  /** `document`: what came with an HTTP status other than 200, where it was JSON. */
  | { readonly kind: 'error'; readonly why: string; readonly document?: unknown }

/**
 * Asks once, over a connection of its own. Never rejects. Follows no redirect, uses no proxy, and reads no more than 64 KiB, within one
 * deadline for everything.
 */
export async function requestJson(
  { url, form }: JsonRequest,
  options: AskingOptions,
  signal: AbortSignal,
): Promise<JsonAnswer> {
  const { timeoutMs = 10_000 } = options
  const deadline = AbortSignal.timeout(timeoutMs)
  const end = AbortSignal.any([signal, deadline])
  try {
    checkHost(url, options.hosts)
    const response = await unlessAborted(send({ url, form, options, end }), end)
    try {
      return await answerIn(response, url)
    } finally {
      response.destroy()
    }
  } catch (thrown) {
    const late = `${url.origin} gave no whole answer within ${timeoutMs} ms`
    return error(deadline.aborted ? late : `${url.origin} could not be asked: ${reasonOf(thrown)}`)
  }
}

interface Sending {
  readonly url: URL
  readonly form: URLSearchParams | undefined
  readonly options: AskingOptions
  readonly end: AbortSignal
}

function send({ url, form, options, end }: Sending): Promise<IncomingMessage> {
  const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>()
  const settings: RequestOptions = {
    method: form === undefined ? 'GET' : 'POST',
    headers: {
      ...options.headers,
      accept: 'application/json',
      'accept-encoding': 'gzip, identity',
      ...(form !== undefined && { 'content-type': 'application/x-www-form-urlencoded' }),
    },
    agent: false,
    lookup: guardedLookup(options.resolve),
    maxHeaderSize: 16_384,
    signal: end,
  }
  const outgoing = (url.protocol === 'https:' ? requestHttps : requestHttp)(url, settings)
  // Whatever comes after the answer, or after the end, is nobody's business any more.
  outgoing.on('error', reject)
  outgoing.on('response', resolve)
  outgoing.on('upgrade', (_, socket) => {
    socket.destroy()
    reject(new Error('switched protocols'))
  })
  outgoing.end(form?.toString())
  return promise
}

/** A name server that does not answer is not waited for either. */
async function unlessAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  const { promise: aborted, reject } = Promise.withResolvers<never>()
  const abort = (): void => reject(new Error('aborted'))
  signal.addEventListener('abort', abort, { once: true })
  try {
    return await Promise.race([promise, aborted])
  } finally {
    signal.removeEventListener('abort', abort)
  }
}

/** An answer that a cache has kept for longer is not of now. */
const longestAgeS = 120

async function answerIn(response: IncomingMessage, { origin }: URL): Promise<JsonAnswer> {
  const { statusCode: status = 0, headers } = response
  if (status !== 200) return unanswered(response, { origin, status })
  const age = /^\d{1,9}$/.test(headers.age ?? '') ? Number(headers.age) : 0
  if (age > longestAgeS) return { kind: 'noData', why: `the answer of ${origin} is ${age} s old: a cache gave it` }
  const found = await documentIn(response)
  return found === undefined ? error(`${origin} answered something that is no JSON`) : { kind: 'document', ...found }
}

async function unanswered(
  response: IncomingMessage,
  { origin, status }: { readonly origin: string; readonly status: number },
): Promise<JsonAnswer> {
  if (status >= 300 && status < 400)
    return error(`${origin} answered with a redirect (HTTP ${status}), which is not followed`)
  const read = readsOnError.has(status) ? await documentIn(response) : undefined
  return { ...error(`${origin} answered HTTP ${status}`), document: read?.document }
}

/** Prometheus says in these answers what is wrong with a query. */
const readsOnError: ReadonlySet<number> = new Set([400, 422, 503])

async function documentIn(response: IncomingMessage): Promise<{ readonly document: unknown } | undefined> {
  const text = await readText(response)
  try {
    return { document: JSON.parse(text) }
  } catch {
    return undefined
  }
}

function error(why: string): { readonly kind: 'error'; readonly why: string } {
  return { kind: 'error', why }
}
