import { connect } from 'node:net'
import type { Socket } from 'node:net'
import { describe, expect, it } from 'vitest'
import { listen } from '../../../src/status/http/listener.ts'
import type { Listener, ListenerOptions } from '../../../src/status/http/listener.ts'
import { eventually } from '../../support/eventually.ts'
import { useTeardown } from '../../support/teardown.ts'

const teardown = useTeardown()
const hello = { status: 200, headers: { 'content-type': 'text/plain' }, body: 'hällo\n' }

async function open(some: Partial<ListenerOptions> = {}) {
  const errors: unknown[] = []
  const asked: string[] = []
  const answer: ListenerOptions['answer'] = async ({ method, target }) => {
    asked.push(`${method} ${target}`)
    return hello
  }
  const options = { host: '127.0.0.1', port: 0, answer, onError: (error: unknown) => void errors.push(error), ...some }
  const listener = teardown.add(await listen(options), (opened) => opened.close())
  return { listener, errors, asked, url: listener.url, port: Number(new URL(listener.url).port) }
}

/** A client that writes what it likes. */
function raw(port: number, text = ''): { received: string; closed: boolean; socket: Socket } {
  const socket = connect({ port, host: '127.0.0.1' })
  const client = { received: '', closed: false, socket }
  socket.setEncoding('utf8').on('data', (chunk: string) => (client.received += chunk))
  socket.on('close', () => (client.closed = true)).on('error', () => {})
  socket.write(text)
  return teardown.add(client, () => socket.destroy())
}

describe('listen', () => {
  it('answers, takes a free port for 0, and says nothing about itself', async () => {
    const { url, asked } = await open()
    const response = await fetch(`${url}/metrics?a=b`)
    expect([response.status, await response.text()]).toEqual([200, 'hällo\n'])
    expect(Object.fromEntries(response.headers)).toMatchObject({
      'cache-control': 'no-store',
      'content-length': '7',
      'x-content-type-options': 'nosniff',
    })
    expect([response.headers.get('server'), response.headers.get('x-powered-by')]).toEqual([null, null])
    expect(asked).toEqual(['GET /metrics?a=b'])
  })

  it('answers HEAD with the same headers and no body', async () => {
    const { port } = await open()
    const client = raw(port, 'HEAD / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n')
    await eventually(() => client.closed, { what: 'the end of the connection' })
    expect(client.received).toMatch(/^HTTP\/1\.1 200 OK\r\n[^]*content-length: 7\r\n[^]*\r\n\r\n$/)
  })

  it('answers before a body has come, and ends the connection', async () => {
    const { port, asked } = await open()
    const client = raw(port, `POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000000\r\n\r\nfirst`)
    await eventually(() => client.received.includes('hällo') && client.closed, { what: 'an answer and the end' })
    expect(asked).toEqual(['POST /'])
  })

  it.each([['100-continue'], ['something-else']])(
    'does not ask for the body of a request that expects %s',
    async (expected) => {
      const { port } = await open()
      const client = raw(port, `PUT / HTTP/1.1\r\nHost: x\r\nExpect: ${expected}\r\nContent-Length: 9\r\n\r\n`)
      await eventually(() => client.closed, { what: 'the end of the connection' })
      expect(client.received).toMatch(/^HTTP\/1\.1 200/)
    },
  )

  it.each([
    ['no HTTP', 'hello\r\n\r\n', '400'],
    ['headers that are too long', `GET / HTTP/1.1\r\nHost: x\r\nA: ${'a'.repeat(10_000)}\r\n\r\n`, '431'],
    ['a target that is too long', `GET /${'a'.repeat(10_000)} HTTP/1.1\r\nHost: x\r\n\r\n`, '431'],
    ['no host', 'GET / HTTP/1.1\r\n\r\n', '400'],
    ['two lengths', 'GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n', '400'],
  ])('refuses %s', async (_, request, status) => {
    const { port, asked } = await open()
    const client = raw(port, request)
    await eventually(() => client.closed, { what: 'the end of the connection' })
    expect(client.received).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `))
    expect(asked).toEqual([])
  })

  it('cuts off who sends nothing and who sends a byte at a time', { timeout: 20_000 }, async () => {
    const { port } = await open()
    const [silent, slow] = [raw(port), raw(port, 'GET / HTTP/1.1\r\nHost: x\r\n')]
    const timer = teardown.add(
      setInterval(() => slow.socket.write('a'), 300),
      clearInterval,
    )
    await eventually(() => silent.closed && slow.closed, { what: 'both are cut off', deadlineMs: 12_000 })
    clearInterval(timer)
    expect((await fetch(`http://127.0.0.1:${port}/`)).status).toBe(200)
  })

  it('says no more of a defect than that it was one', async () => {
    const { url, errors } = await open({ answer: () => Promise.reject(new Error('the order of hunter2')) })
    const response = await fetch(url)
    expect([response.status, await response.text()]).toEqual([500, 'an unexpected error\n'])
    expect(errors).toHaveLength(1)
  })

  it('ends open connections when it closes, twice if need be', async () => {
    const { listener, port } = await open()
    const client = raw(port, 'GET / HTTP/1.1\r\nHost: x\r\n\r\n')
    await eventually(() => client.received.includes('hällo'), { what: 'an answer' })
    await Promise.all([listener.close(), listener.close()])
    await eventually(() => client.closed, { what: 'the end of the connection' })
    await expect(listener.close()).resolves.toBeUndefined()
  })

  it('listens on IPv6', async () => {
    const { url } = await open({ host: '::1' })
    expect(url).toMatch(/^http:\/\/\[::1\]:\d+$/)
    expect((await fetch(url)).status).toBe(200)
  })

  const nowhere: readonly [string, Partial<Listener> & { host: string; port?: number }, string][] = [
    ['an address of another machine', { host: '192.0.2.1' }, 'this machine has no such address (EADDRNOTAVAIL)'],
    ['a host that does not exist', { host: 'no-such-host.invalid' }, 'host'],
  ]
  it.each(nowhere)('refuses %s', async (_, where, why) => {
    await expect(open(where)).rejects.toMatchObject({
      code: 'HTTP_ADDRESS_REFUSED',
      message: expect.stringContaining(why),
    })
  })

  it('refuses a port that is taken', async () => {
    const { port } = await open()
    await expect(open({ port })).rejects.toMatchObject({
      code: 'HTTP_ADDRESS_REFUSED',
      message: `cannot listen on 127.0.0.1:${port}: another process listens there (EADDRINUSE)`,
    })
  })
})
