import { once } from 'node:events'
import { connect, createServer } from 'node:net'
import type { AddressInfo, Socket } from 'node:net'
import { TLSSocket } from 'node:tls'
import { testCertificate, testCertificateKey } from './test-certificate.ts'

export interface TlsFront {
  readonly port: number
  close(): Promise<void>
}

/** Speaks TLS with clients, as `localhost`, and plain text with the server at `target`. `greet` is for what comes before the handshake. */
export async function tlsFront(
  target: number,
  greet: (client: Socket) => Promise<void> = async () => {},
): Promise<TlsFront> {
  const open = new Set<Socket>()
  async function accept(client: Socket): Promise<void> {
    client.on('error', () => {})
    open.add(client)
    await greet(client)
    const secure = new TLSSocket(client, { isServer: true, cert: testCertificate, key: testCertificateKey })
    const onward = connect(target, '127.0.0.1')
    open.add(onward)
    const end = (): void => [client, onward].forEach((both) => both.destroy())
    for (const one of [secure, onward]) one.on('error', end).on('close', end)
    secure.pipe(onward).pipe(secure)
  }
  const listener = createServer((client) => void accept(client))
  await once(listener.listen(0, '127.0.0.1'), 'listening')
  const { port } = listener.address() as AddressInfo
  return {
    port,
    close() {
      for (const socket of open) socket.destroy()
      return new Promise((resolve) => listener.close(() => resolve()))
    },
  }
}

/** A client of PostgreSQL asks for TLS in eight bytes, and the answer is one. */
export async function greetAsPostgres(client: Socket): Promise<void> {
  await once(client, 'readable')
  client.read(8)
  client.write('S')
}
