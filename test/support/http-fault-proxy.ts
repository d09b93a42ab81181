import { createServer, request as ask } from 'node:http'
import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as pause } from 'node:timers/promises'

/** A request of the SQS protocol, and what the server answered. */
export interface Exchange {
  /** `ReceiveMessage` and the like. */
  readonly action: string
  /** The number of this action's request, from 1. */
  readonly count: number
  readonly body: Readonly<Record<string, unknown>>
}

export type Fault =
  /** Answers in the server's place. */
  | { readonly kind: 'refuse'; readonly status: number; readonly code: string }
  /** The server never hears of it; the client waits. */
  | { readonly kind: 'hang' }
  /** The server does it, the client never hears of it: the connection is reset. */
  | { readonly kind: 'loseAnswer' }
  /** The answer ends after so many bytes of its body, with a reset. */
  | { readonly kind: 'cutAnswer'; readonly bytes: number }
  /** Passes after a while. */
  | { readonly kind: 'delay'; readonly ms: number }
  /** Changes the answer. */
  | { readonly kind: 'edit'; readonly edit: (answer: Record<string, unknown>, body: Exchange['body']) => unknown }

export interface HttpFaultProxy {
  readonly origin: string
  /** Everything that was asked. */
  readonly seen: readonly Exchange[]
  /** What befalls each request from now on; undefined: it passes. */
  inflict(fault: (exchange: Exchange) => Fault | undefined): void
  close(): Promise<void>
}

/** Stands in front of a server that speaks SQS over plain HTTP. */
export async function httpFaultProxy(target: string): Promise<HttpFaultProxy> {
  const seen: Exchange[] = []
  const counts = new Map<string, number>()
  let faultOf: (exchange: Exchange) => Fault | undefined = () => undefined

  const server = createServer(async (request, response) => {
    const bytes = await read(request)
    const action = String(request.headers['x-amz-target']).replace('AmazonSQS.', '')
    const count = (counts.get(action) ?? 0) + 1
    counts.set(action, count)
    const exchange = { action, count, body: JSON.parse(bytes.toString() || '{}') }
    seen.push(exchange)
    response.on('error', () => {})
    try {
      await answer(response, { exchange, fault: faultOf(exchange), pass: () => forward(target, request, bytes) })
    } catch {
      response.destroy()
    }
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return {
    origin: `http://127.0.0.1:${port}`,
    seen,
    inflict: (fault) => void (faultOf = fault),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

interface Passed {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly body: Buffer
}

interface Case {
  readonly exchange: Exchange
  readonly fault: Fault | undefined
  readonly pass: () => Promise<Passed>
}

async function answer(response: ServerResponse, { exchange, fault, pass }: Case): Promise<void> {
  switch (fault?.kind) {
    case 'hang':
      return
    case 'refuse':
      refuse(response, fault)
      return
    case 'loseAnswer':
      await pass()
      response.socket?.resetAndDestroy()
      return
    case 'cutAnswer':
      cut(response, await pass(), fault.bytes)
      return
    case 'delay':
      await pause(fault.ms)
      send(response, await pass())
      return
    case 'edit':
      send(response, edited(await pass(), exchange, fault))
      return
    case undefined:
      send(response, await pass())
  }
}

function refuse(response: ServerResponse, { status, code }: Extract<Fault, { kind: 'refuse' }>): void {
  response.writeHead(status, { 'content-type': 'application/x-amz-json-1.0', 'x-amzn-query-error': `${code};Sender` })
  response.end(JSON.stringify({ __type: `com.amazonaws.sqs#${code}`, message: 'the proxy of the tests says so' }))
}

function send(response: ServerResponse, { status, headers, body }: Passed): void {
  response.writeHead(status, { ...headers, 'content-length': body.length })
  response.end(body)
}

function cut(response: ServerResponse, { status, headers, body }: Passed, bytes: number): void {
  response.writeHead(status, { ...headers, 'content-length': body.length })
  response.write(body.subarray(0, bytes), () => response.socket?.resetAndDestroy())
}

function edited(passed: Passed, { body }: Exchange, { edit }: Extract<Fault, { kind: 'edit' }>): Passed {
  return { ...passed, body: Buffer.from(JSON.stringify(edit(JSON.parse(passed.body.toString()), body))) }
}

function forward(target: string, { headers, method, url }: IncomingMessage, bytes: Buffer): Promise<Passed> {
  const { hostname, port } = new URL(target)
  return new Promise((resolve, reject) => {
    const options = { host: hostname, port, method, path: url, headers: { ...headers, 'content-length': bytes.length } }
    const passing = ask(options, (answered) => {
      read(answered).then(
        (body) => resolve({ status: answered.statusCode ?? 500, headers: answered.headers, body }),
        reject,
      )
    })
    passing.on('error', reject)
    passing.end(bytes)
  })
}

async function read(stream: AsyncIterable<unknown>): Promise<Buffer> {
  const chunks: Buffer[] = []
  for await (const chunk of stream) if (Buffer.isBuffer(chunk)) chunks.push(chunk)
  return Buffer.concat(chunks)
}
