import { once } from 'node:events'
import { connect as connectTo } from 'node:net'
import type { Socket } from 'node:net'
import { connect as encrypt } from 'node:tls'
import { serverName } from '../remote/address.ts'
import type { Location } from './location.ts'

/** What the server gave a connection, for this purpose. */
export interface BackendKey {
  readonly processID: number
  readonly secretKey: number
}

export interface Backend extends BackendKey {
  /** Where the connection led to: its name may lead to another server by now. */
  readonly host: string
}

/**
 * Asks the server to give up the query that it runs for a connection. Without it a query that waits, for a lock or a replica, goes on waiting in a
 * process of the server whose client has long gone. Resolves when the server has taken notice; rejects where it cannot be asked before the signal aborts.
 * https://www.postgresql.org/docs/current/protocol-flow.html#PROTOCOL-FLOW-CANCELING-REQUESTS
 */
export async function cancelQuery(location: Location, backend: Backend, signal: AbortSignal): Promise<void> {
  const plain = connectTo({ host: backend.host, port: location.address.port })
  // what is waited for rejects with it; between two waits it would end the process
  plain.on('error', () => {})
  let isAsked = false
  try {
    await once(plain, 'connect', { signal })
    const socket = await secured(plain, location, signal)
    socket.write(message(cancelRequest, backend.processID, backend.secretKey))
    isAsked = true
    // the server answers nothing, and closes
    socket.resume()
    await once(socket, 'close', { signal })
  } finally {
    // who leaves before the request was passed on ends a PgBouncer of an older release (https://github.com/pgbouncer/pgbouncer/issues/801)
    if (isAsked) plain.unref().setTimeout(passingMs, () => plain.destroy())
    else plain.destroy()
  }
}

/** Longer than PgBouncer keeps a request that it cannot pass on (`cancel_wait_timeout`). */
const passingMs = 15_000

/** Requests of this kind stand where a client's protocol version would. https://www.postgresql.org/docs/current/protocol-message-formats.html */
const cancelRequest = 80_877_102
const tlsRequest = 80_877_103

async function secured(plain: Socket, { tls, address }: Location, signal: AbortSignal): Promise<Socket> {
  if (tls === false) return plain
  plain.write(message(tlsRequest))
  const [answer] = await once(plain, 'data', { signal })
  if (String(answer) !== 'S') throw new Error('the server offers no TLS')
  const { host } = address
  const socket = encrypt({ host, ...tls, socket: plain, ...serverName(host) })
  socket.on('error', () => {})
  await once(socket, 'secureConnect', { signal })
  return socket
}

/** Numbers of 32 bits, after their length in bytes. */
function message(...numbers: readonly number[]): Buffer {
  const bytes = Buffer.alloc(4 * (numbers.length + 1))
  for (const [index, number] of [bytes.length, ...numbers].entries()) bytes.writeInt32BE(number, 4 * index)
  return bytes
}
