import { once } from 'node:events'
import { connect, createServer } from 'node:net'
import type { AddressInfo, Socket } from 'node:net'
import { expect, test } from 'vitest'
import { eventually, remains, settles } from '../support/eventually.ts'
import { manualClock } from '../support/manual-clock.ts'
import { tcpProxy } from '../support/tcp-proxy.ts'
import type { TcpProxy } from '../support/tcp-proxy.ts'
import { useTeardown } from '../support/teardown.ts'

const teardown = useTeardown()

test('eventually waits for a condition, and fails with what it waited for and why', async () => {
  let looks = 0
  await eventually(() => ++looks === 3, { what: 'a third look' })
  expect(looks).toBe(3)
  const broken = (): never => {
    throw new Error('no such thing')
  }
  await expect(eventually(broken, { what: 'the thing', deadlineMs: 30 })).rejects.toThrow(
    /30 ms: the thing: no such thing/,
  )
  const hanging = (): Promise<never> => new Promise(() => {})
  await expect(eventually(hanging, { what: 'an answer', deadlineMs: 30 })).rejects.toThrow(/an answer/)
  await expect(settles(hanging(), { what: 'an end', deadlineMs: 30 })).rejects.toThrow(/an end/)
})

test('remains fails when the claim breaks', async () => {
  const began = performance.now()
  await expect(remains(() => performance.now() < began + 20, { what: 'calm' })).rejects.toThrow(/calm/)
})

test('a manual clock wakes sleepers in order, each at its moment, also those that sleep again', async () => {
  const clock = manualClock()
  const woken: string[] = []
  const sleeper = async (name: string, ...times: number[]): Promise<void> => {
    for (const ms of times) {
      await clock.sleep(ms)
      woken.push(`${name}@${clock.now()}`)
    }
  }
  const all = Promise.all([sleeper('a', 10, 10, 30), sleeper('b', 15), sleeper('c', 51)])
  await clock.advance(50)
  expect(woken).toEqual(['a@10', 'b@15', 'a@20', 'a@50'])
  expect([clock.now(), clock.sleeping]).toEqual([50, 1])
  await clock.advance(1)
  await all
  expect(woken.at(-1)).toBe('c@51')
})

test('a manual clock ends a sleep when its signal aborts', async () => {
  const clock = manualClock()
  const controller = new AbortController()
  const sleeping = clock.sleep(1e9, controller.signal)
  controller.abort()
  await settles(Promise.all([sleeping, clock.sleep(5, controller.signal)]), { what: 'the sleep' })
  expect([clock.now(), clock.sleeping]).toEqual([0, 0])
})

/** A server that echoes, the proxy before it, and clients through the proxy. */
async function proxied(): Promise<{ proxy: TcpProxy; dial: () => Dialled }> {
  const echo = createServer((socket) => socket.on('error', () => {}).pipe(socket))
  await once(echo.listen(0, '127.0.0.1'), 'listening')
  teardown.add(echo, (server) => server.close())
  const proxy = teardown.add(await tcpProxy({ port: (echo.address() as AddressInfo).port }), (opened) => opened.close())
  return { proxy, dial: () => dial(proxy.port) }
}

interface Dialled {
  readonly socket: Socket
  received: number
  closed: boolean
}

function dial(port: number): Dialled {
  const socket = connect({ port, host: '127.0.0.1' })
  const dialled = { socket, received: 0, closed: false }
  socket.on('data', (chunk: Buffer) => (dialled.received += chunk.length))
  socket.on('close', () => (dialled.closed = true))
  socket.on('error', () => {})
  return teardown.add(dialled, () => socket.destroy())
}

const megabyte = Buffer.alloc(1_048_576, 1)

test('a proxy passes everything both ways, and cuts all of it at once', async () => {
  const { proxy, dial: open } = await proxied()
  const clients = [open(), open()]
  for (const { socket } of clients) socket.write(megabyte)
  await eventually(() => clients.every(({ received }) => received === megabyte.length), { what: 'the echo' })
  expect(proxy.open).toBe(2)
  proxy.cutAll()
  await eventually(() => clients.every(({ closed }) => closed), { what: 'broken connections' })
  expect([proxy.open, proxy.cuts]).toEqual([0, 2])
  const later = open()
  later.socket.write('again')
  await eventually(() => later.received === 5, { what: 'a new connection' })
})

test.each([['toServer', 1_000] as const, ['toClient', 70_000] as const])(
  'a proxy cuts after so many bytes %s',
  async (direction, bytes) => {
    const { proxy, dial: open } = await proxied()
    proxy.cutAfter(direction, bytes)
    const client = open()
    client.socket.write(megabyte)
    await eventually(() => client.closed, { what: 'the cut' })
    expect(client.received).toBeLessThanOrEqual(bytes)
    expect(proxy.cuts).toBe(1)
    const later = open()
    later.socket.write(megabyte)
    await eventually(() => later.received === megabyte.length, { what: 'only one cut' })
  },
)

test('a proxy holds bytes while it is a black hole, on old and new connections', async () => {
  const { proxy, dial: open } = await proxied()
  const old = open()
  old.socket.write('1')
  await eventually(() => old.received === 1, { what: 'the first echo' })
  proxy.blackHole(true)
  const fresh = open()
  for (const { socket } of [old, fresh]) socket.write('23')
  await remains(() => old.received + fresh.received === 1 && !old.closed && !fresh.closed, { what: 'silence' })
  proxy.blackHole(false)
  await eventually(() => old.received === 3 && fresh.received === 2, { what: 'what was held' })
  expect(proxy.cuts).toBe(0)
})

test('a proxy refuses new connections and keeps the old', async () => {
  const { proxy, dial: open } = await proxied()
  const old = open()
  old.socket.write('1')
  await eventually(() => old.received === 1, { what: 'the first echo' })
  proxy.refuseNew(true)
  const refused = open()
  await eventually(() => refused.closed, { what: 'a refusal' })
  old.socket.write('2')
  await eventually(() => old.received === 2, { what: 'the old connection' })
  proxy.refuseNew(false)
  const accepted = open()
  accepted.socket.write('3')
  await eventually(() => accepted.received === 1, { what: 'a new connection' })
  expect([proxy.open, proxy.cuts]).toEqual([2, 0])
})
