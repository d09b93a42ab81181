import type { ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { deflateSync, gzipSync } from 'node:zlib'
import { expect } from 'vitest'
import { ask } from './ask.ts'
import type { MetricProviderTarget, ProviderCase } from './provider-case.ts'

interface Fault {
  readonly name: string
  readonly act: (response: ServerResponse, socket: Socket, target: MetricProviderTarget) => unknown
  /** What the error says. */
  readonly says: RegExp
}

const secret = 'hunter2'
const json = { 'content-type': 'application/json' }
const late = /no whole answer within 400 ms/

/** The other side, at its worst. It ends in an error within the timeout, and nothing of what it sent is in the error. */
const faults: readonly Fault[] = [
  { name: 'accepts and is silent', act: () => {}, says: late },
  { name: 'sends headers and hangs', act: (response) => response.writeHead(200, json).flushHeaders(), says: late },
  {
    name: 'sends a byte of the body at a time',
    act: (response) => drip(response, () => response.write(' ')),
    says: late,
  },
  {
    name: 'sends a byte of the headers at a time',
    act: (response, socket) => {
      socket.write('HTTP/1.1 200 OK\r\nX-A: ')
      drip(response, () => socket.write('a'))
    },
    says: late,
  },
  {
    name: 'sends a body without end',
    act: (response) => pour(response, Buffer.alloc(16_384, ' ')),
    says: /longer than 64 KiB/,
  },
  {
    name: 'announces a body that is too long',
    act: (response) => response.writeHead(200, { 'content-length': 1e12 }).flushHeaders(),
    says: /longer than 64 KiB/,
  },
  {
    name: 'sends headers without end',
    act: (_, socket) => {
      socket.write('HTTP/1.1 200 OK\r\n')
      pour(socket, `X-A: ${'a'.repeat(1_000)}\r\n`)
    },
    says: /no HTTP/,
  },
  {
    name: 'sends a gzip bomb',
    act: (response) => response.writeHead(200, { 'content-encoding': 'gzip' }).end(bomb),
    says: /longer than 64 KiB/,
  },
  {
    name: 'sends gzip that is broken',
    act: (response) => response.writeHead(200, { 'content-encoding': 'gzip' }).end(`not packed ${secret}`),
    says: /cannot be unpacked/,
  },
  {
    name: 'sends gzip that ends too early',
    act: (response, _, target) =>
      response.writeHead(200, { 'content-encoding': 'gzip' }).end(gzipSync(target.answer('1')).subarray(0, -9)),
    says: /cannot be unpacked/,
  },
  {
    name: 'packs in a way that was not asked for',
    act: (response, _, target) =>
      response.writeHead(200, { 'content-encoding': 'deflate' }).end(deflateSync(target.answer('1'))),
    says: /packed in a way/,
  },
  {
    name: 'redirects elsewhere',
    act: (response) => response.writeHead(302, { location: `http://127.0.0.1:1/${secret}` }).end(),
    says: /redirect \(HTTP 302\)/,
  },
  {
    name: 'redirects to itself for ever',
    act: (response) => response.writeHead(307, { location: '/' }).end(),
    says: /redirect \(HTTP 307\)/,
  },
  ...[500, 404, 401, 204, 206, 503, 429, 999].map((status): Fault => ({
    name: `answers HTTP ${status}, with a good value in it`,
    act: (response, _, target) => response.writeHead(status).end(status === 204 ? undefined : target.answer('1')),
    says: new RegExp(`HTTP ${status}`),
  })),
  { name: 'sends nothing', act: (response) => response.end(), says: /no JSON/ },
  {
    name: 'sends JSON that is broken',
    act: (response, _, target) => response.end(target.answer('1').slice(0, -1)),
    says: /no JSON/,
  },
  { name: 'sends HTML', act: (response) => response.end(`<html><body>Login ${secret}</body></html>`), says: /no JSON/ },
  {
    name: 'sends bytes that are no text',
    act: (response) => response.end(Buffer.of(0x7b, 0xff, 0xfe, 0x7d)),
    says: /no UTF-8/,
  },
  {
    name: 'sends JSON that is nested without end',
    act: (response) => response.end('['.repeat(60_000)),
    says: /no JSON/,
  },
  { name: 'resets the connection at once', act: (_, socket) => socket.resetAndDestroy(), says: /ECONNRESET/ },
  {
    name: 'resets the connection in the middle of the body',
    act: (response, socket, target) => {
      response.writeHead(200, json).write(target.answer('1'))
      setTimeout(() => socket.resetAndDestroy(), 50)
    },
    says: /connection was lost/,
  },
  {
    name: 'closes before the length that it announced',
    act: (_, socket, target) => {
      const body = target.answer('1')
      socket.end(`HTTP/1.1 200 OK\r\nContent-Length: ${body.length + 10}\r\n\r\n${body}`)
    },
    says: /connection was lost/,
  },
  {
    name: 'sends more than the length that it announced',
    act: (_, socket, target) => {
      const body = target.answer('12')
      socket.end(`HTTP/1.1 200 OK\r\nContent-Length: ${body.length - 1}\r\n\r\n${body}`)
    },
    says: /no JSON|no HTTP/,
  },
  {
    name: 'sends two lengths',
    act: (_, socket) => socket.end('HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n1'),
    says: /no HTTP/,
  },
  { name: 'speaks another protocol', act: (_, socket) => socket.end(`-ERR ${secret}\r\n`), says: /no HTTP/ },
  {
    name: 'switches protocols',
    act: (_, socket) => socket.write('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n'),
    says: /could not be asked/,
  },
]

export const faultCases: readonly ProviderCase[] = [
  ...faults.map(faultCase),
  {
    name: 'fault: nobody listens',
    async run({ target, serve }) {
      const server = await serve(() => {})
      await server.close()
      expect(await ask(target.open(server.origin))).toEqual({
        kind: 'error',
        why: expect.stringContaining('nobody listens there'),
      })
    },
  },
  {
    name: 'fault: the name server does not answer',
    async run({ target }) {
      const provider = target.open('http://metrics.test', { timeoutMs: 200, resolve: () => new Promise(() => {}) })
      expect(await ask(provider)).toEqual({ kind: 'error', why: expect.stringContaining('within 200 ms') })
    },
  },
  {
    name: 'fault: a header that cannot be sent is an error without its value',
    async run({ target, serve }) {
      const server = await serve((response) => response.end(target.answer('1')))
      const result = await ask(target.open(server.origin, { headers: { Authorization: `Bearer ${secret}\nX: y` } }))
      expect(result).toEqual({ kind: 'error', why: expect.stringContaining('character') })
      expect(JSON.stringify(result)).not.toContain(secret)
    },
  },
  {
    name: 'abort: ends the question at once',
    async run({ target, serve }) {
      const server = await serve(() => {})
      const end = new AbortController()
      const result = ask(target.open(server.origin), end.signal)
      await expect.poll(() => server.seen.length).toBe(1)
      const began = performance.now()
      end.abort()
      expect((await result).kind).toBe('error')
      expect(performance.now() - began).toBeLessThan(500)
      await expect.poll(() => server.open).toBe(0)
      expect((await ask(target.open(server.origin), end.signal)).kind).toBe('error')
      expect(server.seen.length).toBe(1)
    },
  },
]

function faultCase({ name, act, says }: Fault): ProviderCase {
  return {
    name: `fault: the server ${name}`,
    async run({ target, serve }) {
      const server = await serve((response, socket) => act(response, socket, target))
      const began = performance.now()
      const provider = target.open(server.origin, { timeoutMs: 400, headers: { Authorization: `Bearer ${secret}` } })
      const result = await ask(provider)
      expect(performance.now() - began).toBeLessThan(2_000)
      expect(result).toEqual({ kind: 'error', why: expect.stringMatching(says) })
      expect(JSON.stringify(result)).not.toContain(secret)
      // Nothing goes on behind the answer, and nothing was followed.
      await expect.poll(() => server.open).toBe(0)
      expect(server.seen.length).toBeLessThanOrEqual(1)
      expect(server.sent).toBeLessThan(8 * 1_024 * 1_024)
    },
  }
}

/** 200 MB of blanks in 200 KB. */
const bomb = gzipSync(Buffer.alloc(200 * 1_024 * 1_024, ' '))

function drip(response: ServerResponse, write: () => unknown): void {
  const timer = setInterval(write, 20)
  response.on('close', () => clearInterval(timer))
}

/** As much as the other side takes. */
function pour(stream: ServerResponse | Socket, chunk: Buffer | string): void {
  const more = (): void => {
    while (!stream.destroyed && stream.write(chunk));
  }
  stream.on('drain', more)
  more()
}
