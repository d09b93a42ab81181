import { connect, createServer } from 'node:net'
import type { AddressInfo, Socket } from 'node:net'

export type Direction = 'toServer' | 'toClient'

/** A server's stand-in that breaks connections on demand. Byte-level: it knows nothing of protocols. */
export interface TcpProxy {
  readonly port: number
  /** Connections open at this moment. */
  readonly open: number
  /** Bytes that have passed so far, both ways together. */
  readonly passed: number
  /** Connections broken so far by `cutAll` or `cutAfter`. */
  readonly cuts: number
  /** Resets every open connection on both sides. */
  cutAll(): void
  /** From now on forwards exactly `bytes` more bytes in that direction, over all connections together, then resets the one that reached it. Once. */
  cutAfter(direction: Direction, bytes: number): void
  /** Where the last `cutAfter` has cut: the same once more. */
  rearm(): void
  /** While on: connections stay open and new ones are accepted, but no byte passes. What was held passes when it is off again. */
  blackHole(on: boolean): void
  /** While on: new connections are reset. */
  refuseNew(on: boolean): void
  close(): Promise<void>
}

interface Pair {
  readonly client: Socket
  readonly server: Socket
}

interface Faults {
  stalled: boolean
  refusing: boolean
  cuts: number
  passed: number
  readonly left: Record<Direction, number>
}

/** Listens on a free port of the loopback interface in front of `target`. */
export async function tcpProxy(target: { readonly host?: string; readonly port: number }): Promise<TcpProxy> {
  const pairs = new Set<Pair>()
  const faults: Faults = {
    stalled: false,
    refusing: false,
    cuts: 0,
    passed: 0,
    left: { toServer: Infinity, toClient: Infinity },
  }

  let last: { readonly direction: Direction; readonly bytes: number } | undefined

  function accept(client: Socket): void {
    if (faults.refusing) return void client.resetAndDestroy()
    const pair: Pair = {
      client,
      server: connect({ host: target.host ?? '127.0.0.1', port: target.port, noDelay: true }),
    }
    pairs.add(pair)
    const cut = (): void => breakPair(pair)
    forward(pair.client, pair.server, { faults, direction: 'toServer', cut })
    forward(pair.server, pair.client, { faults, direction: 'toClient', cut })
    for (const socket of [pair.client, pair.server]) socket.on('close', () => drop(pair))
    if (faults.stalled) stall(pair)
  }

  function drop(pair: Pair): void {
    pairs.delete(pair)
    pair.client.destroy()
    pair.server.destroy()
  }

  function breakPair(pair: Pair): void {
    if (!pairs.delete(pair)) return
    faults.cuts++
    pair.client.resetAndDestroy()
    pair.server.resetAndDestroy()
  }

  const listener = createServer({ noDelay: true }, accept)
  await new Promise<void>((resolve, reject) => {
    listener.once('error', reject)
    listener.listen(0, '127.0.0.1', resolve)
  })
  const { port } = listener.address() as AddressInfo

  return {
    port,
    get open() {
      return pairs.size
    },
    get passed() {
      return faults.passed
    },
    get cuts() {
      return faults.cuts
    },
    cutAll() {
      for (const pair of pairs) breakPair(pair)
    },
    cutAfter(direction, bytes) {
      faults.left[direction] = bytes
      last = { direction, bytes }
    },
    rearm() {
      if (last !== undefined && faults.left[last.direction] === Infinity) faults.left[last.direction] = last.bytes
    },
    blackHole(on) {
      faults.stalled = on
      for (const pair of pairs) {
        if (on) stall(pair)
        else resume(pair)
      }
    },
    refuseNew(on) {
      faults.refusing = on
    },
    close() {
      for (const pair of pairs) drop(pair)
      return new Promise((resolve) => listener.close(() => resolve()))
    },
  }
}

interface Route {
  readonly faults: Faults
  readonly direction: Direction
  readonly cut: () => void
}

function forward(from: Socket, to: Socket, { faults, direction, cut }: Route): void {
  from.on('error', () => {})
  from.on('end', () => to.end())
  from.on('data', (chunk: Buffer) => {
    const passing = Math.min(chunk.length, faults.left[direction])
    faults.left[direction] -= passing
    faults.passed += passing
    if (faults.left[direction] === 0) {
      faults.left[direction] = Infinity
      from.pause()
      to.write(chunk.subarray(0, passing), cut)
    } else if (!to.write(chunk)) from.pause()
  })
  to.on('drain', () => {
    if (!faults.stalled) from.resume()
  })
}

function stall({ client, server }: Pair): void {
  client.pause()
  server.pause()
}

function resume({ client, server }: Pair): void {
  client.resume()
  server.resume()
}
