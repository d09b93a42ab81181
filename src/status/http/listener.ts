import { createServer } from 'node:http'
import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { QueueCanaryError } from '../../errors.ts'
import { text } from './answer.ts'
import type { Answer, Asked } from './answer.ts'

export interface ListenerOptions {
  /** An address of this machine, or a name that resolves to one. */
  readonly host: string
  /** 0 takes a free one. */
  readonly port: number
  /** Answers from now on; a rejection becomes a 500 that says nothing, and is told to `onError`. */
  readonly answer: (asked: Asked) => Promise<Answer>
  readonly onError: (error: unknown) => void
}

export interface Listener {
  /** `http://host:port`, with the port that was taken. */
  readonly url: string
  /** Ends every connection. Idempotent. */
  readonly close: () => Promise<void>
}

/** Rejects with `HTTP_ADDRESS_REFUSED` where it cannot listen. */
export async function listen({ host, port, answer, onError }: ListenerOptions): Promise<Listener> {
  const server = createServer(serverOptions, (request, response) => void respond(request, response))
  // Nobody is told to go on with a body that is not going to be read.
  server.on('checkContinue', (request, response) => void respond(request, response))
  server.on('checkExpectation', (request, response) => void respond(request, response))
  server.maxConnections = mostConnections
  server.setTimeout(silenceMs)
  await bound(server, host, port)
  server.on('error', onError)
  return { url: urlOf(server), close: () => closed(server) }

  async function respond(request: IncomingMessage, response: ServerResponse): Promise<void> {
    // A reader that takes its time must not keep the connection from others for ever.
    const timer = setTimeout(() => request.socket.destroy(), responseMs)
    response.once('close', () => clearTimeout(timer))
    try {
      write(request, response, await answer({ method: request.method ?? '', target: request.url ?? '' }))
    } catch (error) {
      onError(error)
      write(request, response, text(500, 'an unexpected error'))
    }
  }
}

/** Who sends slowly, sends too much or sends nothing is cut off: these endpoints need a few hundred bytes of request. */
const serverOptions = {
  maxHeaderSize: 8_192,
  headersTimeout: 3_000,
  requestTimeout: 3_000,
  keepAliveTimeout: 5_000,
  connectionsCheckingInterval: 500,
} as const
const mostConnections = 100
const silenceMs = 15_000
const responseMs = 10_000

function write(request: IncomingMessage, response: ServerResponse, { status, headers, body }: Answer): void {
  const bytes = Buffer.from(body)
  response.writeHead(status, {
    ...headers,
    'content-length': bytes.length,
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
    // What follows an unread body cannot be told from it.
    ...(hasBody(request) && { connection: 'close' }),
  })
  response.end(request.method === 'HEAD' ? undefined : bytes)
}

function hasBody({ headers }: IncomingMessage): boolean {
  return headers['transfer-encoding'] !== undefined || (headers['content-length'] ?? '0') !== '0'
}

async function bound(server: Server, host: string, port: number): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  server.once('error', reject)
  server.listen({ host, port, exclusive: true }, resolve)
  try {
    await promise
  } catch (error) {
    throw new QueueCanaryError('HTTP_ADDRESS_REFUSED', `cannot listen on ${shown(host)}:${port}: ${reasonOf(error)}`, {
      cause: error,
    })
  } finally {
    server.off('error', reject)
  }
}

function reasonOf(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? String(error.code) : 'an unexpected error'
  return reasons.get(code) ?? code
}

const reasons: ReadonlyMap<string, string> = new Map([
  ['EADDRINUSE', 'another process listens there (EADDRINUSE)'],
  ['EACCES', 'this user may not listen there (EACCES)'],
  ['EADDRNOTAVAIL', 'this machine has no such address (EADDRNOTAVAIL)'],
  ['ENOTFOUND', 'no such host (ENOTFOUND)'],
  ['EAI_AGAIN', 'the host name cannot be resolved now (EAI_AGAIN)'],
])

function urlOf(server: Server): string {
  const { address, port } = server.address() as AddressInfo
  return `http://${shown(address)}:${port}`
}

function shown(host: string): string {
  return host.includes(':') ? `[${host}]` : host
}

function closed(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve())
    server.closeAllConnections()
  })
}
